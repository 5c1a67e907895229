/**
 * The addresses of one set of interfaces that have gratuitous frames to come, by the stage they are in. They share their
 * interfaces, so when the most urgent of them has to wait, all have.
 */
import { DueQueue, isBefore, type Queued, UNQUEUED } from './duequeue.js';

/** `first` and `reply` are due whenever they are there, the others from `at` on. */
export type Stage = 'first' | 'reply' | 'round' | 'refresh';

/** In the order of their urgency. */
const STAGES: readonly Stage[] = ['first', 'reply', 'round', 'refresh'];

export interface Staged extends Queued {
  /** Must not change while the item is queued. Undefined: nothing is to come, so it is never queued. */
  stage: Stage | undefined;
}

export class Lane<T extends Staged> {
  readonly #queues: Readonly<Record<Stage, DueQueue<T>>> = {
    first: new DueQueue<T>(),
    reply: new DueQueue<T>(),
    round: new DueQueue<T>(),
    refresh: new DueQueue<T>(),
  };

  get isEmpty(): boolean {
    return STAGES.every((stage) => this.#queues[stage].size === 0);
  }

  size(stage: Stage): number {
    return this.#queues[stage].size;
  }

  put(item: T): void {
    if (item.stage !== undefined) this.#queues[item.stage].push(item);
  }

  /** Takes out `item` if it is queued, which it may be in this lane only. */
  take(item: T): void {
    if (item.stage !== undefined && item.slot !== UNQUEUED) this.#queues[item.stage].remove(item);
  }

  /** The most urgent item of those that are due. */
  due(now: number): T | undefined {
    for (const stage of STAGES) {
      const item = this.#queues[stage].peek();
      if (item !== undefined && (stage === 'first' || stage === 'reply' || item.at <= now)) return item;
    }
    return undefined;
  }

  /** When the next item is due, while none is. */
  nextAt(): number {
    const { round, refresh } = this.#queues;
    return Math.min(round.peek()?.at ?? Number.POSITIVE_INFINITY, refresh.peek()?.at ?? Number.POSITIVE_INFINITY);
  }
}

/** Whether `a`, which is due, goes before `b`, which is due too, be they of two lanes. */
export function isMoreUrgent(a: Staged, b: Staged): boolean {
  const [x, y] = [rank(a), rank(b)];
  return x < y || (x === y && isBefore(a, b));
}

const rank = ({ stage }: Staged): number => (stage === undefined ? STAGES.length : STAGES.indexOf(stage));
