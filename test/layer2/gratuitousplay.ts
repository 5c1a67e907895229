/**
 * Plays what happens to a {@link Gratuitous} on a clock of its own, coming when it asks to be woken or somewhat late, and keeps
 * what it sent. And a model of it without lanes, heaps or cleverness: one list, looked through from the beginning each time.
 */
import type { On } from '../../src/layer2/ballot.js';
import {
  GRATUITOUS_TIMING,
  Gratuitous,
  type GratuitousFrame,
  type GratuitousInput,
  type GratuitousStep,
  type GratuitousTiming,
} from '../../src/layer2/gratuitous.js';
import { refreshAt } from '../../src/layer2/refresh.js';
import type { AddressKey } from '../../src/net/address.js';

export interface Event {
  readonly at: number;
  readonly input: GratuitousInput;
  /** The interfaces that are open from here on. At first, eth0 is. */
  readonly open?: ReadonlySet<string>;
}

export interface Sent extends GratuitousFrame {
  readonly at: number;
  /** Where it went. */
  readonly interfaces: readonly string[];
}

export interface Stepper {
  step(input: GratuitousInput, now: number, open: ReadonlySet<string>): GratuitousStep;
}

export interface PlayOptions {
  readonly untilMs?: number;
  readonly timing?: GratuitousTiming;
  readonly stepper?: Stepper;
  /** How late the caller comes the n-th time it is woken. */
  readonly lateMs?: (n: number) => number;
  readonly onStep?: (step: GratuitousStep, now: number) => void;
}

/** Without refreshes: the rounds are all there is. */
export const ROUNDS_ONLY: GratuitousTiming = { ...GRATUITOUS_TIMING, refreshMs: undefined };

export const announce = (keys: Iterable<AddressKey>, on: On = 'all'): GratuitousInput => ({
  kind: 'announce',
  claims: [...keys].map((key) => [key, on] as const),
});
export const release = (...keys: AddressKey[]): GratuitousInput => ({ kind: 'release', keys });

export function play(events: readonly Event[], options: PlayOptions = {}): Sent[] {
  const { untilMs = 60_000, timing = ROUNDS_ONLY, stepper = new Gratuitous(timing), lateMs = () => 0, onStep } = options;
  const sent: Sent[] = [];
  const left = [...events];
  let open: ReadonlySet<string> = new Set(['eth0']);
  let wakeAt = Number.POSITIVE_INFINITY;
  for (let n = 0; ; n++) {
    const event = left[0];
    const now = Math.min(wakeAt + lateMs(n), event?.at ?? Number.POSITIVE_INFINITY);
    if (now > untilMs) return sent;
    if (now === event?.at) {
      left.shift();
      open = event.open ?? open;
    }
    const step = stepper.step(now === event?.at ? event.input : { kind: 'time' }, now, open);
    for (const frame of step.due) sent.push({ ...frame, at: now, interfaces: whereTo(frame.on, open) });
    if (step.wakeAt !== undefined && step.wakeAt <= now) throw new Error(`asked at ${now} to be woken at ${step.wakeAt}`);
    wakeAt = step.wakeAt ?? Number.POSITIVE_INFINITY;
    onStep?.(step, now);
  }
}

export const whereTo = (on: On, open: ReadonlySet<string>): string[] =>
  on === 'all' ? [...open] : [...on].filter((name) => open.has(name));

/** The most frames in any second, both its ends counted. `times` ascend. */
export function mostInASecond(times: readonly number[]): number {
  let [most, from] = [0, 0];
  for (const [to, time] of times.entries()) {
    while ((times[from] ?? time) < time - 1000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

type Operations = readonly GratuitousFrame['operation'][];

interface Job {
  readonly key: AddressKey;
  on: On;
  /** Owed to an address that was not told of yet: minus the number of the announcement, then the place in it. */
  first: { readonly rank: readonly [number, number]; operations: Operations } | undefined;
  rounds: number;
  place: number;
  lastRoundAt: number;
  refreshAt: number;
}

export class NaiveGratuitous implements Stepper {
  readonly #timing: GratuitousTiming;
  readonly #batch: number;
  readonly #frameMs: number;
  /** Milliseconds that each interface has saved up to pay for frames: whole ones in the tests, so that nothing is rounded. */
  readonly #credit = new Map<string, number>();
  #jobs: Job[] = [];
  #now = 0;
  #announcements = 0;
  #places = 0;

  constructor(timing: GratuitousTiming) {
    this.#timing = timing;
    this.#batch = Math.max(2, Math.floor(timing.framesPerSecond / 100));
    this.#frameMs = 1000 / (timing.framesPerSecond - this.#batch);
  }

  step(input: GratuitousInput, now: number, open: ReadonlySet<string>): GratuitousStep {
    for (const [name, credit] of this.#credit) {
      this.#credit.set(name, Math.min(this.#batch * this.#frameMs, credit + now - this.#now));
    }
    this.#now = now;
    if (input.kind === 'release') this.#jobs = this.#jobs.filter(({ key }) => ![...input.keys].includes(key));
    if (input.kind === 'announce') this.#announce([...input.claims]);
    return { due: this.#send(open), wakeAt: undefined };
  }

  #announce(claims: readonly (readonly [AddressKey, On])[]): void {
    const { intervalMs, durationMs } = this.#timing;
    this.#announcements++;
    const begun: Job[] = [];
    for (const [key, on] of claims) {
      let job = this.#jobs.find((one) => one.key === key);
      if (job === undefined) {
        job = { key, on, first: undefined, rounds: 0, place: 0, lastRoundAt: -1e9, refreshAt: 1e9 };
        this.#jobs.push(job);
      }
      job.on = on;
      const next = Math.max(this.#now, job.lastRoundAt + intervalMs);
      if (job.first === undefined && job.rounds === 0 && next === this.#now) {
        job.place = this.#places++;
        job.first = { rank: [-this.#announcements, job.place], operations: [] };
        begun.push(job);
      }
      let fitting = 0;
      for (let at = next; at <= this.#now + durationMs; at += intervalMs) fitting++;
      job.rounds = Math.max(job.rounds, fitting);
    }
    const isFew = this.#jobs.filter(({ first }) => first !== undefined && !isHalf(first.operations)).length * 2 <= this.#batch;
    for (const { key, first } of begun) {
      if (first !== undefined) first.operations = operationsOf(key, isFew ? ['request', 'reply'] : ['request']);
    }
  }

  #send(open: ReadonlySet<string>): GratuitousFrame[] {
    const due: GratuitousFrame[] = [];
    for (;;) {
      const next = this.#sendable(open);
      if (next === undefined) return due;
      const { job, operations, kind } = next;
      for (const name of whereTo(job.on, open)) this.#credit.set(name, this.#saved(name) - operations.length * this.#frameMs);
      for (const operation of operations) due.push({ key: job.key, operation, on: job.on, kind });
      if (operations[0] === 'request' && operations.length === 1 && job.first !== undefined) {
        job.first = { ...job.first, operations: ['reply'] };
        continue;
      }
      job.first = undefined;
      job.rounds = Math.max(0, job.rounds - 1);
      job.lastRoundAt = this.#now;
      const { refreshMs, intervalMs } = this.#timing;
      job.refreshAt = refreshMs ? refreshAt(job.key, refreshMs, this.#now + intervalMs) : 1e9;
    }
  }

  /** The most urgent job that nobody more urgent keeps from its interfaces. */
  #sendable(open: ReadonlySet<string>): Due | undefined {
    const all = this.#jobs.flatMap((job): Due[] => {
      const due = this.#dueOf(job);
      return due === undefined || whereTo(job.on, open).length === 0 ? [] : [due];
    });
    all.sort((a, b) => compareRanks(a.rank, b.rank));
    const held = new Set<string>();
    return all.find(({ job, operations }) => {
      const names = whereTo(job.on, open);
      const canGo = names.every((name) => !held.has(name) && this.#saved(name) >= operations.length * this.#frameMs);
      for (const name of names) held.add(name);
      return canGo;
    });
  }

  #saved(name: string): number {
    return this.#credit.get(name) ?? this.#batch * this.#frameMs;
  }

  #dueOf(job: Job): Due | undefined {
    const { key, first, rounds, lastRoundAt, place } = job;
    const whole = operationsOf(key, ['request', 'reply']);
    const nextAt = lastRoundAt + this.#timing.intervalMs;
    if (first !== undefined) {
      return { job, operations: first.operations, kind: 'first', rank: [isHalf(first.operations) ? 1 : 0, ...first.rank] };
    }
    if (rounds > 0) return nextAt > this.#now ? undefined : { job, operations: whole, kind: 'round', rank: [2, nextAt, place] };
    if (job.refreshAt > this.#now) return undefined;
    return { job, operations: whole, kind: 'refresh', rank: [3, job.refreshAt, place] };
  }
}

interface Due {
  readonly job: Job;
  readonly operations: Operations;
  readonly kind: GratuitousFrame['kind'];
  readonly rank: readonly number[];
}

const isHalf = (operations: Operations): boolean => operations[0] === 'reply';
const operationsOf = (key: AddressKey, ipv4: Operations): Operations => (typeof key === 'string' ? ['advertisement'] : ipv4);
const compareRanks = (a: readonly number[], b: readonly number[]): number =>
  (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0);
