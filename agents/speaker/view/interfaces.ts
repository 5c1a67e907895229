/**
 * This node's network interfaces as the kernel lists them now, read with `ip -json link`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NetworkInterface } from '../../../src/layer2/interface.js';

const run = promisify(execFile);

/** Rejects when `ip` cannot be run. */
export async function listInterfaces(): Promise<readonly NetworkInterface[]> {
  const { stdout } = await run('ip', ['-json', 'link', 'show']);
  return (JSON.parse(stdout) as readonly IpLink[]).map(fromIpLink);
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

function fromIpLink(link: IpLink): NetworkInterface {
  const flags = new Set(link.flags);
  return {
    name: link.ifname,
    index: link.ifindex,
    up: flags.has('UP'),
    broadcast: flags.has('BROADCAST'),
    noArp: flags.has('NOARP'),
    ...(link.link_type === 'ether' && link.address !== undefined ? { mac: link.address } : {}),
    ...(link.master === undefined ? {} : { master: link.master }),
  };
}
