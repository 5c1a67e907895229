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
/** Words that wait for one peer, at most: 100,000 addresses. More means that it does not listen. */
const MOST_WAITING = 1024;
/** Peers remembered, at most. */
const MOST_PEERS = 512;

type Outgoing = Pick<Word, 'kind' | 'keys'>;

interface Line {
  readonly waiting: Outgoing[];
  /** Of the word under way; the first of `waiting`. */
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
    for (const line of this.#lines.values()) if (line.waiting.length > 0) at = Math.min(at, againAt(line));
    return at;
  }

  say(to: string, kind: WordKind, keys: readonly AddressKey[]): void {
    const line = this.#lines.get(to) ?? { waiting: [], number: 1, sentAt: Number.NEGATIVE_INFINITY, sendings: 0 };
    this.#lines.set(to, line);
    for (const part of inParts(keys)) if (line.waiting.length < MOST_WAITING) line.waiting.push({ kind, keys: part });
  }

  /** That holds no more: words to whomever that still wait say it no more. */
  unsay(kind: WordKind, key: AddressKey): void {
    for (const line of this.#lines.values()) {
      const [first] = line.waiting;
      if (first === undefined || !line.waiting.some((word) => word.kind === kind && word.keys.includes(key))) continue;
      const rest = line.waiting.flatMap((word): Outgoing[] => {
        if (word.kind !== kind) return [word];
        const keys = word.keys.filter((one) => one !== key);
        return keys.length === 0 ? [] : [{ kind, keys }];
      });
      line.waiting.splice(0, line.waiting.length, ...rest);
      // The word under way is another now, or was heard already: what comes next is newer than it.
      if (rest[0] !== first) next(line);
    }
  }

  /** Words to send now: new ones, and those that were not received in time. */
  due(now: number): readonly Sent[] {
    const sent: Sent[] = [];
    for (const [to, line] of this.#lines) {
      const [first] = line.waiting;
      // A tenth of a millisecond keeps the rounding of clocks with fractions from putting it off.
      if (first === undefined || againAt(line) > now + 0.1) continue;
      line.sentAt = now;
      line.sendings++;
      sent.push({ to, word: { ...first, node: this.#self, bootId: this.#bootId, number: line.number } });
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
    next(line);
  }

  #received({ node, bootId, number }: Word): void {
    const line = this.#lines.get(node);
    if (line === undefined || bootId !== this.#bootId || number !== line.number || line.waiting.length === 0) return;
    line.waiting.shift();
    next(line);
  }
}

const againAt = ({ sentAt, sendings }: Line): number => sentAt + (sendings < OFTEN ? AGAIN_MS : SELDOM_MS);

function next(line: Line): void {
  line.number++;
  line.sentAt = Number.NEGATIVE_INFINITY;
  line.sendings = 0;
}

function inParts(keys: readonly AddressKey[]): AddressKey[][] {
  const four = keys.filter((key) => typeof key === 'number');
  const six = keys.filter((key) => typeof key === 'string');
  return [...chunks(four, MOST_KEYS4), ...chunks(six, MOST_KEYS6)];
}

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
