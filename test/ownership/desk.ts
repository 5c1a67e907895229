/**
 * One node's {@link Ownership} among others of whom only their words are heard, and what it does as short texts: `claim`, `release`,
 * `reclaim`, `ask`, `take>n2` for a word to n2, `split n2` for a split view that n2 wins.
 */
import { type Ballot, ballotOf } from '../../src/layer2/ballot.js';
import { addressKey, ipv4 } from '../../src/net/address.js';
import type { OwnershipEffect } from '../../src/ownership/effects.js';
import { Ownership } from '../../src/ownership/ownership.js';
import { ABSENT, type Standing } from '../../src/ownership/preference.js';
import type { Word, WordKind } from '../../src/ownership/word.js';

const KEY = addressKey(ipv4(0xc0000201));
const BOOT = '00000000000000aa';
const LIVE: Standing = { ...ABSENT, live: true, reachable: true };

/** `n2` lives; `-` is not heard, `*` came back, `~` knows that its view is old, `.` is heard and may own nothing, `$` is a stock speaker. */
function standingOf(text: string): readonly [string, Standing] {
  const name = text.replace(/[-*~.$]/g, '');
  const isHeard = !text.includes('-');
  const live = isHeard && !text.includes('.');
  const [returning, stale, stock] = [text.includes('*'), text.includes('~'), text.includes('$')];
  return [name, { ...LIVE, live, reachable: isHeard, returning, stale, stock }];
}

function tableOf(ranking: string): Ballot {
  return ballotOf([{ address: '192.0.2.1', services: [], pool: 'p', interfaces: 'all', ranking: ranking.split(' ') }]);
}

export class Desk {
  readonly ownership: Ownership;
  now = 1000;
  canAnswer = true;
  /** Whether what it says is received. */
  isHeard = true;
  #number = 0;

  constructor(ranking: string, nodes: string, failbackMs = 30_000) {
    this.ownership = new Ownership({
      self: 'n1',
      bootId: BOOT,
      onConflict: 'defend',
      failbackMs,
      canAnswer: () => this.canAnswer,
    });
    this.live(nodes);
    this.rank(ranking);
  }

  get owns(): boolean {
    return this.ownership.claims.has(KEY);
  }

  start(how: { isDoubtful?: boolean; isReturn?: boolean } = {}): string {
    return this.#take(this.ownership.started({ isDoubtful: false, isReturn: false, ...how }, this.now));
  }

  live(nodes: string): string {
    return this.#take(this.ownership.setStandings(new Map(['n1', ...nodes.split(' ')].map(standingOf)), this.now));
  }

  rank(ranking: string, stale = false): string {
    return this.#take(this.ownership.setTable(tableOf(ranking), stale, this.now));
  }

  withdraw(): string {
    return this.#take(this.ownership.setTable(ballotOf([]), false, this.now));
  }

  hear(kind: WordKind, node: string): string {
    const word: Word = { kind, node, bootId: BOOT, number: ++this.#number, keys: [KEY] };
    return this.#take(this.ownership.hearWord(word, this.now));
  }

  hearClaim(node: string | undefined, isLower = false): string {
    return this.#take(this.ownership.hearClaim(KEY, { node, isLower }, this.now));
  }

  stand(): string {
    return this.#take(this.ownership.stalled(this.now));
  }

  leave(): string {
    return this.#take(this.ownership.leave(this.now));
  }

  review(canAnswer: boolean): string {
    this.canAnswer = canAnswer;
    return this.#take(this.ownership.review(this.now));
  }

  /** Everything that it does by itself within so long. */
  pass(ms: number): string {
    const until = this.now + ms;
    const done: string[] = [];
    while (this.ownership.wakeAt <= until) {
      this.now = Math.max(this.now, this.ownership.wakeAt);
      done.push(this.#take(this.ownership.tick(this.now)));
    }
    this.now = until;
    return done.filter((text) => text !== '').join(' ');
  }

  #take(effects: readonly OwnershipEffect[]): string {
    return effects.flatMap((effect) => this.#textOf(effect)).join(' ');
  }

  #textOf(effect: OwnershipEffect): readonly string[] {
    if (effect.kind === 'moved' || effect.kind === 'returning') return [];
    if (effect.kind === 'split-view') return [`split ${effect.winner}`];
    if (effect.kind !== 'send') return [effect.kind];
    const { to, word } = effect.sent;
    if (word.kind === 'received') return [];
    if (!this.isHeard) return [`${word.kind}>${to}`];
    const answer: Word = { kind: 'received', node: to, bootId: BOOT, number: word.number, keys: [] };
    return [`${word.kind}>${to}`, this.#take(this.ownership.hearWord(answer, this.now))].filter((text) => text !== '');
  }
}
