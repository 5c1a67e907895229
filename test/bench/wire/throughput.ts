/** Whether an agent's capture slows down the traffic of its node: TCP to a service address, with iperf3, with and without. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { Pair, serviceAddress } from '../support/pair.js';
import { inTurns } from '../support/turns.js';

/** Two networks that should be equally fast differ by two in a hundred as long as they live: so several of each kind. */
const NETWORKS = 6;
const ROUNDS = 6;
const SECONDS = 1;
const ADDRESS = serviceAddress(0);

export async function run(): Promise<Figures> {
  const networks: Turns[] = [];
  for (let i = 0; i < NETWORKS; i++) {
    const turns = await inNewNetworks();
    if (turns === undefined) {
      console.error('wire.dataPathRatio is not measured: iperf3 is missing');
      return [];
    }
    networks.push(turns);
  }
  // Of each two turns side by side, because a machine that others use too is not equally fast all the time.
  const ratios = networks.map(({ ours, kernel }) => median(ours.map((rate, round) => rate / (kernel[round] ?? Number.NaN))));
  const [ours, kernel] = [
    median(networks.flatMap((one) => one.ours)).toFixed(1),
    median(networks.flatMap((one) => one.kernel)).toFixed(1),
  ];
  const each = ratios.map((ratio) => ratio.toFixed(3)).join(', ');
  const note = `TCP with the agent ${ours} ÷ without ${kernel} Gbit/s, ${ROUNDS} turns in ${NETWORKS} networks (${each}); at least 0.97`;
  return [figure('wire.dataPathRatio', median(ratios), '', note)];
}

type Turns = Awaited<ReturnType<typeof inTurns<number, number>>>;

/** Undefined without iperf3. */
async function inNewNetworks(): Promise<Turns | undefined> {
  await using without = await Pair.create();
  await using having = await Pair.create();
  if ((await without.client.run('iperf3', ['--version'])).code !== 0) return undefined;
  await without.node.run('ip', ['address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
  await having.startAgent({ flags: ['--deliver', 'lo'] });
  for (const { node } of [without, having]) node.spawn('iperf3', ['--server'], { stdio: 'ignore' });
  await sleep(300);
  return await inTurns(
    ROUNDS,
    () => gigabitsPerS(without),
    () => gigabitsPerS(having),
  );
}

async function gigabitsPerS({ client }: Pair): Promise<number> {
  const args = ['--client', ADDRESS, '--time', String(SECONDS), '--json'];
  const { code, stdout, stderr } = await client.run('iperf3', args, { timeoutMs: 15_000 });
  const { end } = JSON.parse(stdout) as { end?: { sum_received?: { bits_per_second: number } } };
  if (code !== 0 || end?.sum_received === undefined) throw new Error(`iperf3: ${stdout}${stderr}`);
  return end.sum_received.bits_per_second / 1e9;
}
