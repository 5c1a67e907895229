/**
 * Makes up stories: a cluster of a few nodes starts, some things befall it, close together or far apart, and at last it is left alone.
 */
import { generator } from '../support/random.js';
import type { Configuration } from './configuration.js';
import type { Story, StoryEvent } from './story.js';
import type { Layer, Weather } from './ways.js';

const QUIET_MS = 6000;

export function storyOf(seed: number): Story {
  return new Author(seed).story();
}

const GOSSIP: readonly (readonly Layer[])[] = [['udp', 'tcp'], ['udp'], ['tcp'], ['reset'], ['udp', 'reset']];
const HOLES: readonly (readonly Layer[])[] = [['wire'], ['udp', 'tcp', 'wire'], ['udp', 'tcp', 'wire']];

class Author {
  readonly #seed: number;
  readonly #random: () => number;
  readonly #names: readonly string[];
  readonly #addresses: readonly string[];
  readonly #events: StoryEvent[] = [];
  /** Until when the last event lasts. */
  #busyUntil = 0;
  #now = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = generator(seed ^ 0x5eed);
    for (let i = 0; i < 3; i++) this.#random();
    this.#names = Array.from({ length: 2 + this.#below(4) }, (_, i) => `n${i + 1}`);
    this.#addresses = Array.from({ length: 1 + this.#below(4) }, (_, i) => `192.0.2.${i + 1}`);
  }

  story(): Story {
    const isCold = this.#random() < 0.7;
    const late = this.#random() < 0.2 ? this.#pick(this.#names) : undefined;
    for (const node of this.#names)
      if (node !== late) this.#add({ kind: 'start', node }, isCold ? this.#below(30) : this.#below(1500));
    this.#now = this.#busyUntil = this.#random() < 0.9 ? 5000 : this.#below(3000);
    for (let chapters = 2 + this.#below(5); chapters > 0; chapters--) {
      this.#chapter();
      this.#pass();
    }
    const failbackMs = this.#pick([0, 1500, 1500, 6000]);
    this.#heal();
    const isDescribed = this.#random() < 0.7;
    const configuration: Configuration = {
      version: 1,
      nodes: isDescribed ? this.#names : [],
      addresses: this.#addresses,
      cordoned: [],
      deselected: [],
      barred: [],
      // Not drawn: the stories of a seed stay what they are.
      isSpread: isDescribed && this.#seed % 2 === 0,
    };
    return {
      seed: this.#seed,
      names: this.#names,
      configuration,
      failbackMs,
      timersLateMs: this.#pick([0.1, 1, 3]),
      weather: this.#weather(),
      events: this.#events.sort((a, b) => a.at - b.at),
      endMs: Math.round(this.#now + failbackMs + 18_000),
    };
  }

  #weather(): Weather {
    return {
      gossipLoss: this.#pick([0, 0, 0, 0.01, 0.02]),
      wireLoss: this.#pick([0, 0, 0.01]),
      duplication: this.#pick([0, 0, 0.02]),
      jitterMs: this.#pick([0.3, 0.3, 2, 8]),
    };
  }

  #chapter(): void {
    const node = this.#pick(this.#names);
    const lot = this.#random();
    if (lot < 0.14) this.#add({ kind: this.#random() < 0.7 ? 'crash' : 'power', node });
    else if (lot < 0.28) this.#add({ kind: 'start', node });
    else if (lot < 0.36) this.#add({ kind: 'leave', node });
    else if (lot < 0.46) this.#add({ kind: 'stall', node, forMs: this.#pick([80, 200, 260, 320, 500, 1500, 4000]) });
    else if (lot < 0.49) this.#add({ kind: 'suspend', node, forMs: this.#pick([200, 500, 3000]) });
    else if (lot < 0.53) this.#add({ kind: 'unplug', node, forMs: this.#lasting() });
    else if (lot < 0.58) this.#add({ kind: this.#random() < 0.5 ? 'lag' : 'stale', node, forMs: this.#lasting() });
    else if (lot < 0.7) this.#add({ kind: this.#pick(['cordon', 'uncordon', 'deselect', 'bar', 'admit']), node });
    else if (lot < 0.74) this.#add({ kind: this.#pick(['add', 'remove']), address: this.#pick(this.#addresses) });
    else if (lot < 0.88) this.#cut(this.#pick(GOSSIP));
    else if (lot < 0.96) this.#cut(this.#pick(HOLES));
    else {
      const weather = { gossipLoss: 0.3, wireLoss: this.#pick([0, 0.1]), duplication: 0.1, jitterMs: this.#pick([1, 30]) };
      this.#add({ kind: 'weather', weather, forMs: this.#lasting() });
    }
  }

  #cut(layers: readonly Layer[]): void {
    const side = this.#names.filter(() => this.#random() < 0.4);
    const from = side.length === 0 || side.length === this.#names.length ? [this.#pick(this.#names)] : side;
    const to = this.#names.filter((name) => !from.includes(name));
    this.#add({ kind: 'cut', layers, from, to, bothWays: this.#random() < 0.6, forMs: this.#lasting() });
  }

  /** Sometimes at once, sometimes before what happened is over, sometimes when all is quiet. */
  #pass(): void {
    const lot = this.#random();
    if (lot < 0.25) this.#now += this.#below(400);
    else if (lot < 0.55) this.#now += this.#below(3000);
    else this.#now = Math.max(this.#now, this.#busyUntil) + QUIET_MS + this.#below(1000);
  }

  #heal(): void {
    this.#now = Math.max(this.#now, this.#busyUntil) + this.#below(2000);
    for (const node of this.#names) if (this.#random() < 0.8) this.#add({ kind: 'start', node }, this.#now + this.#below(1000));
    this.#now += 1000;
  }

  #lasting(): number {
    return this.#pick([300, 900, 2500, 5000, 9000]);
  }

  #add(what: DistributiveOmit<StoryEvent, 'at'>, at: number = this.#now): void {
    this.#events.push({ at, ...what });
    this.#busyUntil = Math.max(this.#busyUntil, at + ('forMs' in what ? what.forMs : 0));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#below(choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
