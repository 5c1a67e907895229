/**
 * Where this node is in its present life: it starts, it may be one that came back to a cluster that others serve, it leaves.
 */

/** How long after its start whoever is next in line may still stand in for it, and a member may not be known yet. */
const START_MS = 10_000;
/** How long a leaving node waits for others to take over. Pods get 30 s before they are killed. */
const LEAVE_MS = 3000;

export class Life {
  #startedAt: number | undefined;
  #isDoubtful = false;
  #returningUntil: number | undefined;
  #leaveBy: number | undefined;

  /** `isDoubtful`: some peer of the list was not heard yet. */
  start(now: number, isDoubtful: boolean): void {
    this.#startedAt = now;
    this.#isDoubtful = isDoubtful;
  }

  /** Every peer of the list was heard. */
  endDoubt(): void {
    this.#isDoubtful = false;
  }

  /** What nobody is known to own may be owned all the same. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  get isStarted(): boolean {
    return this.#startedAt !== undefined;
  }

  isYoung(now: number): boolean {
    return this.#startedAt === undefined || now - this.#startedAt < START_MS;
  }

  /** It owns only what nobody else may, until `until`. */
  beginReturn(until: number): void {
    this.#returningUntil = until;
  }

  endReturn(): void {
    this.#returningUntil = undefined;
  }

  get isReturning(): boolean {
    return this.#returningUntil !== undefined;
  }

  isReturnOver(now: number): boolean {
    return this.#returningUntil !== undefined && this.#returningUntil <= now;
  }

  leave(now: number): void {
    this.#leaveBy ??= now + LEAVE_MS;
  }

  get isLeaving(): boolean {
    return this.#leaveBy !== undefined;
  }

  /** Whether it leaves, and waits for nobody any more. */
  isOver(now: number): boolean {
    return this.#leaveBy !== undefined && now >= this.#leaveBy;
  }

  /** When one of these ends. */
  get wakeAt(): number {
    return Math.min(this.#returningUntil ?? Number.POSITIVE_INFINITY, this.#leaveBy ?? Number.POSITIVE_INFINITY);
  }
}
