/**
 * Something between the nodes drops, rejects or resets what they say to each other on port 7946, in every way there is here: how many
 * nodes answer for one address afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../../lab/capture.js';
import { type Figures, figure } from '../figures.js';
import { type Failovers, failovers } from '../support/failovers.js';
import { load } from '../support/load.js';

const ADDRESSES = 12;
/** Long enough for each detector, and for what it would have others do. */
const BLOCKED_MS = 3000;

/** Rules of routing, which are a firewall for what is sent and for what comes. */
type Way = 'out' | 'in';
type Verdict = 'blackhole' | 'prohibit' | 'unreachable';
interface Block {
  readonly name: string;
  readonly protocols: readonly ('udp' | 'tcp')[];
  readonly ways: readonly Way[];
  readonly verdict: Verdict;
  readonly nodes: 'all' | 'one';
  /** Open connections are reset, as a firewall does that rejects with tcp-reset. */
  readonly resets?: true;
}

const BLOCKS: readonly Block[] = [
  { name: 'both dropped', protocols: ['udp', 'tcp'], ways: ['out'], verdict: 'blackhole', nodes: 'all' },
  { name: 'both dropped on arrival', protocols: ['udp', 'tcp'], ways: ['in'], verdict: 'blackhole', nodes: 'all' },
  { name: 'both rejected', protocols: ['udp', 'tcp'], ways: ['in'], verdict: 'prohibit', nodes: 'all' },
  {
    name: 'both rejected and reset',
    protocols: ['udp', 'tcp'],
    ways: ['in'],
    verdict: 'unreachable',
    nodes: 'all',
    resets: true,
  },
  { name: 'UDP only', protocols: ['udp'], ways: ['out'], verdict: 'blackhole', nodes: 'all' },
  { name: 'TCP only, reset', protocols: ['tcp'], ways: ['out'], verdict: 'prohibit', nodes: 'all', resets: true },
  { name: 'one node does not hear', protocols: ['udp', 'tcp'], ways: ['in'], verdict: 'blackhole', nodes: 'one' },
  { name: 'one node is not heard', protocols: ['udp', 'tcp'], ways: ['out'], verdict: 'blackhole', nodes: 'one' },
];

export async function run(): Promise<Figures> {
  await using cluster = await failovers({ nodes: 4, addresses: ADDRESSES });
  let [most, least, moved] = [0, Number.POSITIVE_INFINITY, 0];
  for (const block of BLOCKS) {
    const { node } = await cluster.owner();
    const before = await answering(cluster);
    await set(cluster, node, block, 'add');
    await sleep(BLOCKED_MS);
    const after = await answering(cluster);
    await set(cluster, node, block, 'del');
    await sleep(1500);
    for (const [address, macs] of after) {
      most = Math.max(most, macs.size);
      if ([...macs].join() !== [...(before.get(address) ?? [])].join()) moved++;
    }
    least = Math.min(least, ...cluster.addresses.map((address) => after.get(address)?.size ?? 0));
  }
  const note = `${BLOCKS.length} ways to block port 7946 between 4 nodes, ${ADDRESSES} addresses`;
  return [
    figure('failover.gossipBlocked.owners', most, '', `${note}: nodes that answer for one, the most of all; 1`),
    figure('failover.gossipBlocked.fewest', least, '', `${note}: the fewest; 1`),
    figure('failover.gossipBlocked.moved', moved, '', `${note}: addresses with another owner than before; none`),
  ];
}

async function set({ lab }: Failovers, one: string, block: Block, what: 'add' | 'del'): Promise<void> {
  for (const name of block.nodes === 'all' ? lab.nodes : [one]) {
    const host = lab.network.host(name);
    for (const protocol of block.protocols) {
      for (const way of block.ways) {
        const port =
          way === 'in' ? ['iif', 'eth0', 'ipproto', protocol, 'dport', '7946'] : ['ipproto', protocol, 'dport', '7946'];
        const { code, stderr } = await host.run('ip', ['rule', what, 'pref', '1', ...port, block.verdict]);
        if (code !== 0) throw new Error(stderr);
      }
    }
    if (what === 'add' && block.resets === true) await host.run('ss', ['-K', 'dport', '=', '7946']);
  }
}

/** Who answers for each address, asked often for a second. */
async function answering({ lab, addresses }: Failovers): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  await using heard = await capture(lab.client);
  await load(lab.client, { targets: `${addresses[0]}-${addresses.at(-1)}`, seconds: 1, inFlight: 512, ratePerS: 200 });
  const macs = new Map<string, Set<string>>();
  for (const { operation, outgoing, senderAddress, targetAddress, senderMac } of heard.events) {
    if (operation !== 2 || outgoing || senderAddress === targetAddress) continue;
    macs.set(senderAddress, (macs.get(senderAddress) ?? new Set()).add(senderMac));
  }
  return macs;
}
