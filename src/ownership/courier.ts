/**
 * Carries words to other nodes in order, each until it was received: one at a time to each, sent again when nothing comes back.
 *
 * What a word says is about the present, so a peer that is gone, or lives another life, has no use for the words of before: whoever
 * tells of that calls `forget`, and says again what still holds.
 */
import type { BootId } from '../membership/beat.js';
import type { AddressKey } from '../net/address.js';
import { MOST_KEYS4, MOST_KEYS6, type Word, type WordKind } from './word.js';

/** Between two sendings of one word. The way takes a millisecond or less; a busy loop some more. */
const AGAIN_MS = 25;
/** Between two sendings to one that does not listen: it may have left, and stays listed. */
const SELDOM_MS = 250;
const OFTEN = 40;
/** Groups of addresses that wait for one peer, and addresses of one group, at most. More means that it does not listen. */
const MOST_WAITING = 1024;
const MOST_OF_GROUP = 1 << 17;
/** Peers remembered, at most. */
const MOST_PEERS = 512;

type Outgoing = Pick<Word, 'kind' | 'keys'>;

interface Line {
  /** In order, and what is said of many addresses in one; none is empty. There may be thousands, of which any may have to be unsaid. */
  readonly waiting: { readonly kind: WordKind; readonly keys: Set<AddressKey> }[];
  /** The word under way, whose addresses wait no more. */
  flight: Outgoing | undefined;
  /** Of the word under way, or of the next. */
  number: number;
  sentAt: number;
  /** Of the word under way. */
  sendings: number;
}

export interface Sent {
  readonly to: string;
  readonly word: Word;
}

export class Courier {
  readonly #self: string;
  readonly #bootId: BootId;
  readonly #lines = new Map<string, Line>();
  /** By sender: which life of it spoke last, and the number of the last word taken. */
  readonly #taken = new Map<string, { readonly bootId: BootId; readonly number: number }>();

  constructor(self: string, bootId: BootId) {
    this.#self = self;
    this.#bootId = bootId;
  }

  /** When to call `due`. */
  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const line of this.#lines.values()) if (isBusy(line)) at = Math.min(at, againAt(line));
    return at;
  }

  say(to: string, kind: WordKind, keys: Iterable<AddressKey>): void {
    const line = this.#lines.get(to) ?? newLine();
    this.#lines.set(to, line);
    const last = line.waiting.at(-1);
    const group = last?.kind === kind ? last : { kind, keys: new Set<AddressKey>() };
    for (const key of keys) if (group.keys.size < MOST_OF_GROUP) group.keys.add(key);
    if (group !== last && group.keys.size > 0 && line.waiting.length < MOST_WAITING) line.waiting.push(group);
  }

  /** That holds no more: words to whomever that still wait say it no more. */
  unsay(kind: WordKind, key: AddressKey): void {
    for (const line of this.#lines.values()) {
      for (let i = line.waiting.length - 1; i >= 0; i--) {
        const group = line.waiting[i];
        if (group?.kind === kind && group.keys.delete(key) && group.keys.size === 0) line.waiting.splice(i, 1);
      }
      const { flight } = line;
      if (flight?.kind !== kind || !flight.keys.includes(key)) continue;
      // It is another word now, or was heard already: what comes next is newer than it.
      const keys = flight.keys.filter((one) => one !== key);
      next(line, keys.length === 0 ? undefined : { kind, keys });
    }
  }

  /** Whether something said to it was not received yet. What was forgotten does not count. */
  isWaitingFor(to: string): boolean {
    const line = this.#lines.get(to);
    return line !== undefined && isBusy(line);
  }

  /** Words to send now: new ones, and those that were not received in time. */
  due(now: number): readonly Sent[] {
    const sent: Sent[] = [];
    for (const [to, line] of this.#lines) {
      // A tenth of a millisecond keeps the rounding of clocks with fractions from putting it off.
      if (againAt(line) > now + 0.1) continue;
      line.flight ??= cutFrom(line);
      if (line.flight === undefined) continue;
      line.sentAt = now;
      line.sendings++;
      sent.push({ to, word: { ...line.flight, node: this.#self, bootId: this.#bootId, number: line.number } });
    }
    return sent;
  }

  /** A word came: what it says, if it says anything new; and what to answer. */
  receive(word: Word): { readonly news: boolean; readonly answer: Sent | undefined } {
    if (word.kind === 'received') {
      this.#received(word);
      return { news: false, answer: undefined };
    }
    const before = this.#taken.get(word.node);
    const news = before?.bootId !== word.bootId || word.number > before.number;
    if (news) {
      // Who begins to talk most likely listens again.
      const line = this.#lines.get(word.node);
      if (line !== undefined) line.sendings = 0;
      if (before === undefined && this.#taken.size >= MOST_PEERS) this.#taken.delete(this.#taken.keys().next().value ?? '');
      this.#taken.set(word.node, { bootId: word.bootId, number: word.number });
    }
    const { bootId, number } = word;
    return { news, answer: { to: word.node, word: { kind: 'received', node: this.#self, bootId, number, keys: [] } } };
  }

  /** The peer is gone, or has begun another life. */
  forget(peer: string): void {
    const line = this.#lines.get(peer);
    // The number goes on: if it is the same life after all, the next word is newer than all it took.
    if (line === undefined) return;
    line.waiting.length = 0;
    next(line, undefined);
  }

  #received({ node, bootId, number }: Word): void {
    const line = this.#lines.get(node);
    if (line === undefined || bootId !== this.#bootId || number !== line.number || line.flight === undefined) return;
    next(line, undefined);
  }
}

const isBusy = ({ flight, waiting }: Line): boolean => flight !== undefined || waiting.length > 0;

const againAt = ({ sentAt, sendings }: Line): number => sentAt + (sendings < OFTEN ? AGAIN_MS : SELDOM_MS);

const newLine = (): Line => ({
  waiting: [],
  flight: undefined,
  number: 1,
  sentAt: Number.NEGATIVE_INFINITY,
  sendings: 0,
});

function next(line: Line, flight: Outgoing | undefined): void {
  line.flight = flight;
  line.number++;
  line.sentAt = Number.NEGATIVE_INFINITY;
  line.sendings = 0;
}

/** As much of what waits first as one word holds. */
function cutFrom({ waiting }: Line): Outgoing | undefined {
  const [group] = waiting;
  if (group === undefined) return undefined;
  const keys: AddressKey[] = [];
  let [room4, room6] = [MOST_KEYS4, MOST_KEYS6];
  for (const key of group.keys) {
    if ((typeof key === 'number' ? room4-- : room6--) === 0) break;
    keys.push(key);
  }
  for (const key of keys) group.keys.delete(key);
  if (group.keys.size === 0) waiting.shift();
  return { kind: group.kind, keys };
}
