/**
 * A speaker restarts while its link comes back, again and again, in several clusters side by side: from when on exactly one node answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { generator } from '../../support/random.js';
import { type Figures, figure, median } from '../figures.js';
import { failovers } from '../support/failovers.js';
import { OWNED_MS, type Relink, type Relinked, relink } from '../support/relink.js';

const RUNS = 200;
/** Most of a run is waiting. What these take of each other's time is a busy machine, where more can go wrong. */
const CLUSTERS = 3;
/** All agents start at once, and take each other's time. */
const SETTLE_MS = 2000;
const SEED = 1;
const LIMIT_MS = 2000;
const WATCH_MS = LIMIT_MS + OWNED_MS;
/** Who is back takes its address back when nobody looks any more: that is another, planned move. */
const FAILBACK_S = '6';

export async function run(): Promise<Figures> {
  const random = generator(SEED);
  const plans = Array.from({ length: RUNS }, () => planned(random));
  const results: Relinked[] = [];
  const next = plans.values();
  const work = async (): Promise<void> => {
    await using cluster = await failovers({ nodes: 3, failbackDelay: FAILBACK_S });
    await cluster.owner();
    await sleep(SETTLE_MS);
    for (const plan of next) {
      const result = await relink(cluster, plan, WATCH_MS);
      results.push(result);
      if (wrong(result)) console.error('not one owner in time:', plan, result);
      if (results.length % 20 === 0) console.error(`${results.length} of ${RUNS}`);
    }
  };
  await Promise.all(Array.from({ length: CLUSTERS }, work));
  const [two, none] = [results.map(({ twoUntilMs }) => twoUntilMs), results.map(({ noneUntilMs }) => noneUntilMs)];
  const note = (times: readonly number[]): string =>
    `in ${times.filter((ms) => ms > 0).length} of ${RUNS}, median ${Math.round(median(times))} ms`;
  return [
    figure(
      'failover.relink.wrong',
      results.filter(wrong).length,
      '',
      `of ${RUNS}: not exactly one owner ${LIMIT_MS} ms after; none`,
    ),
    figure(
      'failover.relink.twoUntilMs',
      Math.max(...two),
      'ms',
      `after the link is up: the last moment when two answered, ${note(two)}`,
    ),
    figure(
      'failover.relink.noneUntilMs',
      Math.max(...none),
      'ms',
      `when a request went unanswered, ${note(none)}; each at most ${LIMIT_MS} on a machine that is idle`,
    ),
  ];
}

/**
 * The start before or after the others take over; the link from half a second before it to when an agent that hears nobody has long
 * begun to answer.
 */
function planned(random: () => number): Relink {
  const startMs = Math.round(random() * 1000);
  return { startMs, linkMs: Math.max(0, Math.round(startMs - 500 + random() * 3500)) };
}

const wrong = ({ owners }: Relinked): boolean => owners !== 1;
