/**
 * What the members of a large cluster cost one of them while nothing happens: the real agent among 9 and among 99 others, which
 * join it all at once, with 1,000 addresses.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../../lab/cluster.js';
import { manifest, pool, service } from '../../lab/manifests.js';
import { type Figures, figure, median } from '../figures.js';
import { cpuShare } from '../support/process.js';

const ADDRESSES = 1000;
const OTHERS = 99;
const FEW = 9;
/** The last byte of the first one's address. */
const FIRST = 101;
const ROUNDS = 3;
const JOINING_MS = 10_000;
/** Until an agent has compiled what it runs again and again, and told of each address several times. */
const STARTED_MS = 25_000;
/** Whoever joined exchanges all it knows with others half a minute later, and again and again, more and more seldom. */
const CALM_MS = 80_000;
const MEASURED_MS = 20_000;

interface Cost {
  /** Of a core. */
  readonly alone: number;
  /** Of several times. */
  readonly among: readonly number[];
  /** While they joined, and until that was over for sure. */
  readonly joining: number;
  readonly beatsPerS: number;
  /** Addresses that it gave up. */
  readonly moved: number;
}

export async function run(): Promise<Figures> {
  const few = await costAmong(FEW);
  const many = await costAmong(OTHERS);
  const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
  const extra = ({ alone, among }: Cost): number => median(among) - alone;
  const note = `${percent(median(many.among))} less ${percent(many.alone)} alone; among ${FEW} ${percent(extra(few))}`;
  return [
    figure('failover.cost.coreAt100', extra(many), 'of a core', `gossip and beats among ${OTHERS} others, ${note}: at most 0.03`),
    figure('failover.cost.beatsAt100', many.beatsPerS, 'a second', 'sent and received; at most 2000'),
    figure(
      'failover.cost.joining',
      many.joining,
      'of a core',
      `while ${OTHERS} others join at once, over ${JOINING_MS / 1000} s`,
    ),
    figure('failover.cost.moved', many.moved, '', 'addresses that the agent gave up meanwhile; none'),
  ];
}

async function costAmong(others: number): Promise<Cost> {
  await using lab = await Cluster.create({ nodes: ['n1'], others: { crowd: `192.168.1.${FIRST}` } });
  const addresses = Array.from({ length: ADDRESSES }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
  await lab.write(
    'state.yaml',
    manifest([...pool('pool', ['10.9.0.0/22']), ...addresses.map((address, i) => service(`s${i}`, { address }))]),
  );
  const agent = lab.start('n1');
  await agent.logged(({ event }) => event === 'serviceAnnounced', 10_000);
  await delay(STARTED_MS);
  const { pid } = agent.child;
  const [alone] = await cpuShare(pid, () => delay(MEASURED_MS));

  const crowd = lab.network.host('crowd');
  for (let i = 1; i < others; i++) await crowd.run('ip', ['address', 'add', `192.168.1.${FIRST + i}/24`, 'dev', 'eth0']);
  const program = new URL('crowd.js', import.meta.url).pathname;
  const child = crowd.spawn(process.execPath, [program, String(FIRST), String(others), '192.168.1.11'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const [joining] = await cpuShare(pid, () => Promise.all([once(lines, 'line'), delay(JOINING_MS)]));
  await delay(CALM_MS);
  const before = await beatsOf(lab);
  const among: number[] = [];
  for (let round = 0; round < ROUNDS; round++) among.push((await cpuShare(pid, () => delay(MEASURED_MS)))[0]);
  const beatsPerS = ((await beatsOf(lab)) - before) / ((ROUNDS * MEASURED_MS) / 1000);
  const moved = agent.log.filter(({ event }) => event === 'serviceWithdrawn').length;
  return { alone, among, joining, beatsPerS, moved };
}

async function beatsOf(lab: Cluster): Promise<number> {
  const { stdout } = await lab.network.host('n1').run('curl', ['-s', 'http://127.0.0.1:7472/metrics']);
  const values = [...stdout.matchAll(/^arpeggio_memberlist_beats_total\{direction="(?:sent|received)"\} (\d+)$/gm)].map(
    ([, value]) => Number(value),
  );
  if (values.length === 0) throw new Error('the agent has no metric of its beats');
  return values.reduce((sum, value) => sum + value, 0);
}
