/**
 * Requests of a client that nobody answers while addresses move as planned: one address asked for each millisecond, and a hundred four
 * thousand times a second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { type Figures, figure } from '../figures.js';
import { type Failovers, failovers } from '../support/failovers.js';
import { load } from '../support/load.js';

const ROUNDS = 7;
const ADDRESSES = 100;
const SECONDS = 3;

const nodes = (cordoned?: string): string =>
  ['n1', 'n2', 'n3']
    .map((name) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { unschedulable: name === cordoned } }),
    )
    .join('\n---\n');

export async function run(): Promise<Figures> {
  const lost = { sigterm: 0, failback: 0, cordon: 0 };
  let asked = 0;
  const count = async (kind: keyof typeof lost, cluster: Failovers, move: () => Promise<void>): Promise<void> => {
    const result = await whileAsked(cluster, move);
    lost[kind] += result.lost;
    asked += result.sent;
  };
  await using cluster = await failovers({ nodes: 3, addresses: ADDRESSES, failbackDelay: '1' });
  await cluster.lab.write('nodes.yaml', nodes());
  for (let round = 0; round < ROUNDS; round++) {
    const { node } = await cluster.owner();
    // Nobody counts as new to the others any more.
    await sleep(1500);
    await count('sigterm', cluster, async () => void (await cluster.agents.get(node)?.end('SIGTERM')));
    await count('failback', cluster, async () => {
      await cluster.start(node).logged((line) => line.event === 'serviceAnnounced', 20_000);
    });
    await cluster.owner();
    await count('cordon', cluster, async () => {
      await cluster.lab.write('nodes.yaml', nodes(node));
      await until('it moves', () => last(cluster, node)?.event === 'serviceWithdrawn');
      await cluster.lab.write('nodes.yaml', nodes());
      await until('it moves back', () => last(cluster, node)?.event === 'serviceAnnounced');
    });
  }
  const note = `of ${ADDRESSES} addresses, ${ROUNDS} times: requests without an answer; none`;
  return [
    figure('failover.planned.unanswered', lost.sigterm + lost.failback + lost.cordon, '', `of ${asked} in all; none`),
    figure('failover.planned.sigtermUnanswered', lost.sigterm, '', `SIGTERM of the owner ${note}`),
    figure('failover.planned.failbackUnanswered', lost.failback, '', `its return ${note}`),
    figure('failover.planned.cordonUnanswered', lost.cordon, '', `cordon and uncordon ${note}`),
  ];
}

const last = ({ agents, addresses }: Failovers, node: string) =>
  agents.get(node)?.log.findLast((line) => line['ip'] === addresses[0] && /^service/.test(line.event));

async function whileAsked({ lab, addresses }: Failovers, move: () => Promise<void>): Promise<{ sent: number; lost: number }> {
  const [first = ''] = addresses;
  const all = `${first}-${addresses.at(-1)}`;
  const loads = [
    load(lab.client, { targets: first, seconds: SECONDS, inFlight: 512, ratePerS: 1000, senders: '10.9.2.0' }),
    load(lab.client, { targets: all, seconds: SECONDS, inFlight: 4096, ratePerS: 4000, senders: '10.9.16.0' }),
  ];
  await sleep(300);
  await move();
  const results = await Promise.all(loads);
  return { sent: results.reduce((sum, { sent }) => sum + sent, 0), lost: results.reduce((sum, one) => sum + one.lost, 0) };
}
