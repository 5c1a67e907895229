/**
 * The full list of this host's interfaces, as `ip` prints it: links and IPv6 link-local addresses, by one process.
 *
 * Other addresses are not asked for: a node may have thousands of them on `lo` or `kube-ipvs0`, and printing those takes longer
 * than everything else.
 */
import { execFile } from 'node:child_process';
import type { NetworkInterface } from '../../../src/layer2/interface.js';

/** Room for what `ip` prints of some ten thousand interfaces. */
const MAX_OUTPUT = 64 << 20;
/** A process that hangs must not be the last list of this agent. */
const TIMEOUT_MS = 10_000;
/** For `ip -batch`. The option -6 concerns addresses only: links have no family. */
const COMMANDS = 'link show\naddress show scope link\n';

/** Lists all interfaces. Their `generation` is 0. Rejects when `ip` cannot be run or prints something else. */
export async function listInterfaces([program = 'ip', ...args]: readonly string[]): Promise<readonly NetworkInterface[]> {
  const options = { maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS };
  const text = await new Promise<string>((resolve, reject) => {
    const child = execFile(program, [...args, '-6', '-json', '-batch', '-'], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(isMissing(error) ? `there is no program ${program} (of iproute2)` : stderr.trim() || error.message));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(COMMANDS);
  });
  return readInterfaces(text);
}

const isMissing = (error: Error): boolean => 'code' in error && error.code === 'ENOENT';

/** What `ip -json` prints of a link; flags are the kernel's IFF_ names. */
interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly master?: string;
  readonly link_type?: string;
  readonly address?: string;
}
interface IpAddresses {
  readonly ifindex: number;
  readonly addr_info: readonly IpAddress[];
}
interface IpAddress {
  readonly family?: string;
  readonly scope?: string;
  readonly local?: string;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
}

/** Reads the two lines of JSON: links, addresses. Throws when they are something else. */
export function readInterfaces(text: string): readonly NetworkInterface[] {
  const [links, addresses, ...rest] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
  if (!isList(links) || !isList(addresses) || rest.length > 0 || !links.every(isLink)) {
    throw new Error('it printed something else than links and addresses');
  }
  const linkLocal = new Map((addresses as readonly IpAddresses[]).map((one) => [one.ifindex, usableLinkLocal(one)]));
  return links.map((link) => fromIpLink(link, linkLocal.get(link.ifindex)));
}

const isList = (json: unknown): json is readonly unknown[] => Array.isArray(json);
const isLink = (json: unknown): json is IpLink => {
  const { ifindex, ifname, flags } = json as Partial<IpLink>;
  return typeof ifindex === 'number' && typeof ifname === 'string' && Array.isArray(flags);
};

const usableLinkLocal = ({ addr_info = [] }: Partial<IpAddresses>): string | undefined =>
  addr_info.find(
    ({ family, scope, tentative, dadfailed }) =>
      family === 'inet6' && scope === 'link' && tentative !== true && dadfailed !== true,
  )?.local;

function fromIpLink(link: IpLink, linkLocal: string | undefined): NetworkInterface {
  const flags = new Set(link.flags);
  return {
    name: link.ifname,
    index: link.ifindex,
    up: flags.has('UP'),
    carrier: flags.has('LOWER_UP'),
    broadcast: flags.has('BROADCAST'),
    noArp: flags.has('NOARP'),
    generation: 0,
    ...(link.link_type === 'ether' && link.address !== undefined ? { mac: link.address } : {}),
    ...(linkLocal === undefined ? {} : { linkLocal }),
    ...(link.master === undefined ? {} : { master: link.master }),
  };
}
