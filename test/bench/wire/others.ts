/** What it costs a node that requests arrive for addresses which another node owns: everybody hears a broadcast. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type LogLine, leaderOf } from '../../lab/cluster.js';
import { manifest, pool } from '../../lab/manifests.js';
import { type Figures, figure, median } from '../figures.js';
import { load } from '../support/load.js';
import { serviceObjects } from '../support/pair.js';
import { cpuSeconds } from '../support/process.js';
import { repeatedly } from '../support/turns.js';

const ROUNDS = 5;
const SECONDS = 3;
const RATE_PER_S = 5000;
const NODES = ['n1', 'n2', 'n3', 'n4'];
/** Enough that some of them have one and the same ranking. */
const SERVICES = 64;

export async function run(): Promise<Figures> {
  await using lab = await Cluster.create({ nodes: NODES });
  const objects = [...pool('bench', ['192.168.1.128-192.168.1.191']), ...serviceObjects(SERVICES)];
  await lab.write('state.yaml', manifest(objects));
  const agents = new Map(NODES.map((node) => [node, lab.start(node)]));
  await leaderOf(agents, '192.168.1.128');
  // Until the gratuitous rounds are over and every filter lets through no more than it must (agents/speaker/wire/ports.ts).
  await sleep(15_000);
  const { ranking, addresses } = commonRanking([...agents.values()].flatMap(({ log }) => log));
  const [owner = ''] = ranking;
  const pids = ranking.map((node) => agents.get(node)?.child.pid);

  const idle = await shares(pids, () => sleep(SECONDS * 1000));
  const rounds = await repeatedly(ROUNDS, () =>
    shares(pids, async () => {
      const asked = { targets: addresses.join(','), node: lab.network.host(owner) };
      const { replies, lost } = await load(lab.client, { ...asked, seconds: SECONDS, inFlight: 2048, ratePerS: RATE_PER_S });
      if (replies < lost) throw new Error(`${owner} answered ${replies} requests and left ${lost} unanswered`);
    }),
  );
  const share = (place: number): number => median(rounds.map((round) => round[place] ?? Number.NaN));
  const note = (who: string, place: number, limit = ''): string =>
    `${who}, 5,000 broadcast requests/s; idle ${idle[place]?.toFixed(3)}${limit}`;
  return [
    figure('wire.standby5k.ownerCores', share(0), 'cores', note('the owner', 0)),
    figure('wire.standby5k.cores', share(1), 'cores', note('the first successor', 1, '; at most 0.10')),
    figure('wire.standby5k.thirdCores', share(2), 'cores', note('the second successor', 2)),
    figure('wire.standby5k.bystanderCores', share(3), 'cores', note('a node not among the first three', 3, '; at most 0.03')),
  ];
}

/** Addresses that the same nodes would own in the same order, as many as there are. */
function commonRanking(log: readonly LogLine[]): { readonly ranking: readonly string[]; readonly addresses: readonly string[] } {
  const byRanking = new Map<string, Set<string>>();
  for (const line of log) {
    if (line.event !== 'serviceAnnounced') continue;
    const key = (line['ranking'] as readonly string[]).join(' ');
    if (key.split(' ').length === NODES.length) byRanking.set(key, (byRanking.get(key) ?? new Set()).add(line['ip'] as string));
  }
  const [most] = [...byRanking].sort(([, a], [, b]) => b.size - a.size);
  if (most === undefined) throw new Error('no address is announced by an agent that knows all nodes');
  return { ranking: most[0].split(' '), addresses: [...most[1]] };
}

/** Of one core, of each process, while `work` runs. */
async function shares(pids: readonly (number | undefined)[], work: () => Promise<void>): Promise<readonly number[]> {
  const [before, startMs] = [pids.map(cpuSeconds), performance.now()];
  await work();
  const tookS = (performance.now() - startMs) / 1000;
  return pids.map((pid, i) => (cpuSeconds(pid) - (before[i] ?? 0)) / tookS);
}
