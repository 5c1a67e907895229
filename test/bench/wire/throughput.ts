/** Whether an agent's capture slows down the traffic of its node: TCP to a service address, with iperf3, with and without. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { Pair, serviceAddress } from '../support/pair.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 25;
const SECONDS = 1;
const ADDRESS = serviceAddress(0);

export async function run(): Promise<Figures> {
  await using without = await Pair.create();
  await using having = await Pair.create();
  if ((await without.client.run('iperf3', ['--version'])).code !== 0) {
    console.error('wire.dataPathRatio is not measured: iperf3 is missing');
    return [];
  }
  await without.node.run('ip', ['address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
  await having.startAgent({ flags: ['--deliver', 'lo'] });
  for (const { node } of [without, having]) node.spawn('iperf3', ['--server'], { stdio: 'ignore' });
  await sleep(300);
  const turns = await inTurns(
    ROUNDS,
    () => gigabitsPerS(without),
    () => gigabitsPerS(having),
  );
  // Of each two turns side by side, because a machine that others use too is not equally fast all the time.
  const ratios = turns.ours.map((ours, round) => ours / (turns.kernel[round] ?? Number.NaN));
  const [ours, kernel] = [median(turns.ours), median(turns.kernel)].map((value) => value.toFixed(1));
  const note = `TCP with the agent ${ours} ÷ without ${kernel} Gbit/s, ${ROUNDS} turns each; at least 0.97`;
  return [figure('wire.dataPathRatio', median(ratios), '', note)];
}

async function gigabitsPerS({ client }: Pair): Promise<number> {
  const args = ['--client', ADDRESS, '--time', String(SECONDS), '--json'];
  const { code, stdout, stderr } = await client.run('iperf3', args, { timeoutMs: 15_000 });
  if (code !== 0) throw new Error(`iperf3: ${stdout}${stderr}`);
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}
