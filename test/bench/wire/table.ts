/** Whether an answer costs more when there are many addresses to choose from. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, figure, median } from '../figures.js';
import { Pair, serviceAddresses } from '../support/pair.js';
import { cpuSeconds } from '../support/process.js';
import { inTurns } from '../support/turns.js';

const ROUNDS = 7;
const SECONDS = 0.8;
const ADDRESSES = 5000;

export async function run(): Promise<Figures> {
  await using few = await Pair.create();
  await using many = await Pair.create();
  const { pid: fewPid } = await few.startAgent();
  const { pid: manyPid } = await many.startAgent({ services: ADDRESSES });
  // Until the gratuitous rounds of 5 s are over.
  await sleep(4000);
  // Of both the code is optimised before it counts.
  await costUs(few, fewPid, 1);
  await costUs(many, manyPid, ADDRESSES);
  const turns = await inTurns(
    ROUNDS,
    () => costUs(few, fewPid, 1),
    () => costUs(many, manyPid, ADDRESSES),
  );
  const [a, b] = [median(turns.ours), median(turns.kernel)];
  const note = `processor time per answer with 5,000 addresses ${a.toFixed(2)} ÷ with one ${b.toFixed(2)} µs, 256 in flight; about 1`;
  return [figure('wire.manyRatio', a / b, '', note)];
}

/** Each address is asked for in turn. */
async function costUs(pair: Pair, pid: number | undefined, addresses: number): Promise<number> {
  const before = cpuSeconds(pid);
  const { replies } = await pair.load({ targets: serviceAddresses(addresses), seconds: SECONDS, inFlight: 256, unicast: true });
  return ((cpuSeconds(pid) - before) * 1e6) / replies;
}
