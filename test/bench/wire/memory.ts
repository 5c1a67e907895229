/** What an agent takes of memory that has nothing to do, with few addresses and with many. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure } from '../figures.js';
import { Pair } from '../support/pair.js';
import { residentMb } from '../support/process.js';

/** Until the gratuitous rounds of 5 s are over, and what the agent gave back then and needs all the same is there again. */
const QUIET_MS = 30_000;

export async function run(): Promise<Figures> {
  await using one = await Pair.create();
  await using thousand = await Pair.create();
  await using many = await Pair.create();
  const pids = [
    (await one.startAgent({ settle: false })).pid,
    (await thousand.startAgent({ services: 1000, settle: false })).pid,
    (await many.startAgent({ services: 5000, settle: false })).pid,
  ];
  await sleep(QUIET_MS);
  const [idle, with1k, with5k] = pids.map(residentMb);
  return [
    figure('wire.rssMb', idle, 'MB', 'resident memory of the idle agent, one address; at most 65'),
    figure('wire.rss1kMb', with1k, 'MB', 'the same with 1,000 addresses; at most 65'),
    figure('wire.rss5kMb', with5k, 'MB', 'the same with 5,000 addresses; at most 65'),
  ];
}
