/**
 * How long an address is without an owner when the owner's agent is killed: SIGKILL to the successor's first gratuitous frame,
 * by the kernel's timestamps at a client.
 */
import { capture } from '../lab/capture.js';
import { type AgentProcess, Cluster, leaderOf } from '../lab/cluster.js';
import { type Figures, median } from './figures.js';

const ROUNDS = 20;
const ADDRESS = '192.168.1.240';
const STATE = [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'bench', namespace: 'metallb-system' },
    spec: { addresses: [`${ADDRESS}/32`] },
  },
  { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'bench', namespace: 'metallb-system' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bench' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
];

export async function run(): Promise<Figures> {
  await using lab = await Cluster.create();
  await lab.write('state.yaml', STATE.map((object) => JSON.stringify(object)).join('\n---\n'));
  const agents = new Map(lab.nodes.map((node) => [node, lab.start(node)]));
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) gaps.push(await killOwner(lab, agents));
  const sorted = gaps.toSorted((a, b) => a - b);
  const note = `SIGKILL to first gratuitous frame, 3 nodes, ${ROUNDS} kills, ${Math.round(sorted[0] ?? 0)} to ${Math.round(sorted.at(-1) ?? 0)} ms; at most 15, p99 50`;
  return [
    { key: 'failover.sigkill.3.medianMs', value: median(gaps), unit: 'ms', note },
    {
      key: 'failover.sigkill.3.p99Ms',
      value: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0,
      unit: 'ms',
      note: 'the worst of them',
    },
  ];
}

/** Kills the owner once everybody agrees who that is, and starts it again. */
async function killOwner(lab: Cluster, agents: Map<string, AgentProcess>): Promise<number> {
  const { node } = await leaderOf(agents, ADDRESS);
  await using watch = await capture(lab.client);
  const agent = agents.get(node);
  const killedAtMs = performance.timeOrigin + performance.now();
  const ended = agent?.end('SIGKILL');
  const mac = lab.network.host(node).mac;
  const first = await watch.next(
    ({ senderAddress, targetAddress, senderMac }) => senderAddress === ADDRESS && targetAddress === ADDRESS && senderMac !== mac,
  );
  await ended;
  agents.set(node, lab.start(node));
  return Number(first.atNs / 1000n) / 1000 - killedAtMs;
}
