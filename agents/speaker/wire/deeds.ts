/**
 * What the wire thread does of what was decided about addresses: frames, words to others, and what it answers from now on.
 */
import type { On } from '../../../src/layer2/ballot.js';
import type { Claims } from '../../../src/layer2/claims.js';
import type { AddressKey } from '../../../src/net/address.js';
import type { Authority, AuthorityEffect } from '../../../src/ownership/authority.js';
import type { ToView } from '../messages.js';
import type { Announcer } from './announcer.js';
import type { Liveness } from './liveness.js';
import { newsOf } from './news.js';
import type { Ports } from './ports.js';
import type { Strangers } from './strangers.js';
import type { WantedGroups } from './wantedgroups.js';

export interface DeedsOptions {
  readonly authority: Authority;
  readonly liveness: Liveness;
  readonly announcer: Announcer;
  readonly ports: Ports;
  readonly strangers: Strangers;
  readonly groups: WantedGroups;
  /** Joins the groups that claims want now. */
  readonly joinGroups: () => void;
  /** Whether the view of this node knows itself to be old. */
  readonly isStale: () => boolean;
}

export class Deeds {
  readonly #options: DeedsOptions;

  constructor(options: DeedsOptions) {
    this.#options = options;
  }

  /** Does what the wire and other nodes wait for, and gives what people are to be told of it. */
  perform(effects: readonly AuthorityEffect[]): readonly ToView[] {
    return effects.flatMap((effect) => this.#perform(effect) ?? []);
  }

  #perform(effect: AuthorityEffect): ToView | undefined {
    const { authority, liveness, announcer, ports, strangers, groups } = this.#options;
    switch (effect.kind) {
      case 'claim':
        announcer.announce(this.#claimsOf(effect.keys));
        ports.own(effect.keys);
        if (effect.keys.some((key) => groups.isMissing(key))) this.#options.joinGroups();
        return;
      case 'reclaim':
        announcer.announce(this.#claimsOf(effect.keys));
        return;
      case 'hush':
        announcer.release(effect.keys);
        return;
      case 'release':
        announcer.release(effect.keys);
        ports.disown(effect.keys);
        strangers.review();
        return;
      case 'ask':
        for (const key of effect.keys) this.#ask(key, authority.onOf(key) ?? 'all');
        return;
      case 'question':
        this.#ask(effect.question.key, effect.question.on);
        return;
      case 'send':
        liveness.say(effect.sent.to, effect.sent.word);
        return;
      case 'returning':
        liveness.setStanding(effect.returning, this.#options.isStale());
        return;
      case 'answered':
        liveness.answered(effect.peer);
        return;
      case 'crashed':
        liveness.crashed(effect.peer, effect.sinceMs);
        return;
      case 'issue':
      case 'split-view':
      case 'moved':
        return newsOf(effect, liveness.membership, authority.unanswerable);
    }
  }

  #ask(key: AddressKey, on: On): void {
    for (const port of this.#options.ports.list()) if (on === 'all' || on.has(port.name)) port.sendUnasked(key, 'question');
  }

  #claimsOf(keys: readonly AddressKey[]): Claims {
    const { claims } = this.#options.authority;
    return new Map(keys.flatMap((key) => entryOf(claims, key)));
  }
}

function entryOf(claims: Claims, key: AddressKey): readonly (readonly [AddressKey, On])[] {
  const on = claims.get(key);
  return on === undefined ? [] : [[key, on]];
}
