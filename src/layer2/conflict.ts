/**
 * Addresses of ours that somebody else claims (RFC 5227 §2.4, RFC 4862 §5.4): who, where, since when. What is done about it is
 * decided elsewhere; here it is only noticed, told once, and forgotten when it is over.
 *
 * On the frame path, and fed by strangers: each sighting costs the same however many there were, and memory is bounded.
 * A state belongs to one caller and changes in place.
 */
import type { AddressKey } from '../net/address.js';
import type { Mac } from '../net/mac.js';

/** A frame in which somebody who is neither this node nor a peer says that he holds an address of ours. */
export interface Sighting {
  readonly key: AddressKey;
  readonly mac: Mac;
  /** The interface it came in on. */
  readonly interface: string;
}

export interface Conflict extends Sighting {
  /** In milliseconds of the injected clock, as `lastAt`. */
  readonly since: number;
  lastAt: number;
  /** Frames in which he claimed it. */
  claims: number;
  /** It is sure that he is no peer. */
  confirmed: boolean;
}

/** By address, then by {@link offender}. */
export type Conflicts = Map<AddressKey, Map<string, Conflict>>;

/**
 * A conflict is over when the offender was not heard for so long. Each refresh of an address asks for whoever else holds it,
 * once a minute unless that is turned off, so one who stays is heard twice in this time.
 */
export const OVER_AFTER_MS = 150_000;

/** A peer that has just started claims addresses before anybody has read from which MAC it does. Two beats are enough. */
export const CONFIRM_AFTER_MS = 200;

/** Between two looks at them all: strangers may begin thousands, each at a moment of its own. */
const REVIEW_EVERY_MS = 100;

/** Offenders told of for one address: with more than that, the names of the first are as good as any. */
const MOST_OFFENDERS = 4;

/** Remembers a sighting. Undefined: there are too many offenders already. */
export function sight(conflicts: Conflicts, sighting: Sighting, now: number): Conflict | undefined {
  const offenders = conflicts.get(sighting.key) ?? new Map<string, Conflict>();
  const known = offenders.get(offender(sighting));
  if (known !== undefined) {
    known.lastAt = now;
    known.claims++;
    return known;
  }
  if (offenders.size === MOST_OFFENDERS) return undefined;
  const conflict = { ...sighting, since: now, lastAt: now, claims: 1, confirmed: false };
  offenders.set(offender(sighting), conflict);
  conflicts.set(sighting.key, offenders);
  return conflict;
}

const offender = ({ mac, interface: on }: Sighting): string => `${mac.high} ${mac.low} ${on}`;

export interface Reviewed {
  /** To be told: it is sure now that each is by a stranger. */
  readonly begun: readonly Conflict[];
  /** Told of before: the offender was silent for long, turned out to be a peer, or the address is not ours any more. */
  readonly over: readonly Conflict[];
  /** When to look again; undefined: there is none. */
  readonly wakeAt: number | undefined;
}

export interface ReviewRules {
  readonly isOurs: (key: AddressKey) => boolean;
  readonly isStranger: (mac: Mac) => boolean;
  /** Of silence. More than two of the times between which an address is asked for. @default OVER_AFTER_MS */
  readonly overAfterMs?: number;
}

/** Confirms conflicts, and forgets those that are over or none. */
export function reviewConflicts(
  conflicts: Conflicts,
  { isOurs, isStranger, overAfterMs = OVER_AFTER_MS }: ReviewRules,
  now: number,
): Reviewed {
  const [begun, over]: [Conflict[], Conflict[]] = [[], []];
  let wakeAt: number | undefined;
  for (const [key, offenders] of conflicts) {
    for (const [name, one] of offenders) {
      const endsAt = one.lastAt + overAfterMs;
      if (!isOurs(key) || !isStranger(one.mac) || endsAt <= now) {
        offenders.delete(name);
        if (one.confirmed) over.push(one);
        continue;
      }
      if (!one.confirmed && one.since + CONFIRM_AFTER_MS <= now) {
        one.confirmed = true;
        begun.push(one);
      }
      wakeAt = Math.min(wakeAt ?? endsAt, one.confirmed ? endsAt : one.since + CONFIRM_AFTER_MS);
    }
    if (offenders.size === 0) conflicts.delete(key);
  }
  return { begun, over, wakeAt: wakeAt === undefined ? undefined : Math.max(wakeAt, now + REVIEW_EVERY_MS) };
}
