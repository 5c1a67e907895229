/**
 * Which events are worth a request (client-go's event correlator, with its numbers): one that was told before is counted, and of one
 * object no more than 25 are told at once, then one in five minutes.
 */

export type Told =
  | { readonly tell: 'new'; readonly id: number }
  /** It is the `count`-th of the series that began with `id`. */
  | { readonly tell: 'again'; readonly id: number; readonly count: number; readonly firstAtMs: number }
  | { readonly tell: 'nothing' };

const BURST = 25;
const REFILL_MS = 300_000;
/** An API server forgets an event after an hour: a series that was silent for so long begins anew. */
const SERIES_MS = 600_000;
/** Series and objects that are remembered at most; the oldest are forgotten first. */
const REMEMBERED = 4096;

interface Series {
  readonly id: number;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** Tokens of one object, as of a time. */
interface Budget {
  readonly tokens: number;
  readonly atMs: number;
}

export class EventSeries {
  readonly #series = new Map<string, Series>();
  readonly #budgets = new Map<string, Budget>();
  #last = 0;

  /** What is remembered: no more than the last ten minutes need, and budgets that are not full again. */
  get size(): number {
    return this.#series.size + this.#budgets.size;
  }

  /** `event` is equal for equal events; `about` is the object. */
  tell(event: string, about: string, nowMs: number): Told {
    if (!this.#spend(about, nowMs)) return { tell: 'nothing' };
    const before = this.#series.get(event);
    const goesOn = before !== undefined && nowMs - before.lastAtMs < SERIES_MS;
    const series: Series = goesOn
      ? { ...before, count: before.count + 1, lastAtMs: nowMs }
      : { id: ++this.#last, count: 1, firstAtMs: nowMs, lastAtMs: nowMs };
    remember(this.#series, event, series, ({ lastAtMs }) => nowMs - lastAtMs >= SERIES_MS);
    const { id, count, firstAtMs } = series;
    return goesOn ? { tell: 'again', id, count, firstAtMs } : { tell: 'new', id };
  }

  #spend(about: string, nowMs: number): boolean {
    const present = tokensAt(this.#budgets.get(about) ?? { tokens: BURST, atMs: nowMs }, nowMs);
    const isThere = present >= 1;
    const budget = { tokens: isThere ? present - 1 : present, atMs: nowMs };
    remember(this.#budgets, about, budget, (one) => tokensAt(one, nowMs) === BURST);
    return isThere;
  }
}

const tokensAt = ({ tokens, atMs }: Budget, nowMs: number): number => Math.min(BURST, tokens + (nowMs - atMs) / REFILL_MS);

/** As the newest. Of the oldest those go that say nothing any more, and one of too many. */
function remember<T>(among: Map<string, T>, key: string, value: T, isOver: (value: T) => boolean): void {
  among.delete(key);
  among.set(key, value);
  for (const [oldest, one] of among) {
    if (among.size <= REMEMBERED && !isOver(one)) return;
    among.delete(oldest);
  }
}
