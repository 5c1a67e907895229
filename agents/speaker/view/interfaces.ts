/**
 * This node's network interfaces: a full list from `ip -json link`, made anew when a cheap look at sysfs shows a change.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NetworkInterface } from '../../../src/layer2/interface.js';

const run = promisify(execFile);

/** Room for what `ip` prints of some ten thousand interfaces. */
const MAX_OUTPUT = 64 << 20;

/** Between two looks at the interfaces that are answered on. */
const LOOK_MS = 1000;
/** Between two full lists, changed or not, as MetalLB's scan. */
const SCAN_MS = 10_000;
/** What of an interface changes when it goes, comes back, goes down or gets another address. */
const WATCHED = ['ifindex', 'flags', 'address', 'operstate', 'carrier_changes'];

/** Lists the interfaces at once, after each change of one in `names`, and now and then; until `signal` aborts. */
export async function followInterfaces(
  names: readonly string[],
  signal: AbortSignal,
  onList: (interfaces: readonly NetworkInterface[]) => void,
  onError: (why: string) => void,
): Promise<void> {
  let [seen, listedAt] = ['', Number.NEGATIVE_INFINITY];
  while (!signal.aborted) {
    const now = (await Promise.all(names.map(look))).join('\n');
    if (now !== seen || performance.now() - listedAt >= SCAN_MS) {
      [seen, listedAt] = [now, performance.now()];
      await listInterfaces().then(onList, (error: Error) => onError(error.message));
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
  }
}

/** Empty for an interface that is not there. */
const look = async (name: string): Promise<string> =>
  (await Promise.all(WATCHED.map((file) => readSetting(name, file)))).join(' ');

const readSetting = async (name: string, file: string): Promise<string> =>
  readFile(`/sys/class/net/${name}/${file}`, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );

/** Rejects when `ip` cannot be run. */
async function listInterfaces(): Promise<readonly NetworkInterface[]> {
  const { stdout } = await run('ip', ['-json', 'link', 'show'], { maxBuffer: MAX_OUTPUT });
  return Promise.all((JSON.parse(stdout) as readonly IpLink[]).map(fromIpLink));
}

/** What `ip -json link show` prints of one interface; flags are the kernel's IFF_ names. */
interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly master?: string;
  readonly link_type?: string;
  readonly address?: string;
}

async function fromIpLink(link: IpLink): Promise<NetworkInterface> {
  const flags = new Set(link.flags);
  return {
    name: link.ifname,
    index: link.ifindex,
    up: flags.has('UP'),
    carrier: flags.has('LOWER_UP'),
    broadcast: flags.has('BROADCAST'),
    noArp: flags.has('NOARP'),
    carrierChanges: Number(await readSetting(link.ifname, 'carrier_changes')),
    ...(link.link_type === 'ether' && link.address !== undefined ? { mac: link.address } : {}),
    ...(link.master === undefined ? {} : { master: link.master }),
  };
}
