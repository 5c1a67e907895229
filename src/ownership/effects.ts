/**
 * What follows from one input, in the order in which it was decided: claims and releases of many addresses are one effect each, and
 * what changed hands is told last.
 */
import type { AddressKey } from '../net/address.js';
import type { Sent } from './courier.js';

/** Why an address changed hands beyond what the election and the members tell. */
export type MoveCause = 'conflict' | 'handover' | 'no-answer' | 'orphan' | 'claimed' | 'split-view' | 'stall';

/** One address that changes hands, with this node on one side. An absent end is nobody. */
export interface OwnerMove {
  readonly key: AddressKey;
  readonly from?: string;
  readonly to?: string;
  readonly cause?: MoveCause;
  /** Of a planned move: from the first request to the claim. */
  readonly tookMs?: number;
}

export type OwnershipEffect =
  /** Answers for these from now on, and tells everybody. */
  | { readonly kind: 'claim'; readonly keys: readonly AddressKey[] }
  /** Tells everybody again. */
  | { readonly kind: 'reclaim'; readonly keys: readonly AddressKey[] }
  /** Announces these no more, and goes on answering for them. */
  | { readonly kind: 'hush'; readonly keys: readonly AddressKey[] }
  /** Answers for these no more. */
  | { readonly kind: 'release'; readonly keys: readonly AddressKey[] }
  /** Asks on the wire who answers for these. */
  | { readonly kind: 'ask'; readonly keys: readonly AddressKey[] }
  | { readonly kind: 'send'; readonly sent: Sent }
  | { readonly kind: 'moved'; readonly moves: readonly OwnerMove[] }
  | { readonly kind: 'split-view'; readonly key: AddressKey; readonly with: string; readonly winner: string }
  /** Peers are to be told that this node is, or is no more, one that just came back. */
  | { readonly kind: 'returning'; readonly returning: boolean };

export class Effects {
  #effects: OwnershipEffect[] = [];
  #moves: OwnerMove[] = [];

  add(...effects: readonly OwnershipEffect[]): void {
    this.#effects.push(...effects);
  }

  move(move: OwnerMove): void {
    this.#moves.push(move);
  }

  /** Everything since the last time. */
  take(): readonly OwnershipEffect[] {
    if (this.#moves.length > 0) this.#effects.push({ kind: 'moved', moves: this.#moves });
    const effects = joined(this.#effects);
    this.#effects = [];
    this.#moves = [];
    return effects;
  }
}

type Joint = 'claim' | 'reclaim' | 'hush' | 'release';
const isJoint = (effect: OwnershipEffect): effect is Extract<OwnershipEffect, { readonly kind: Joint }> =>
  effect.kind === 'claim' || effect.kind === 'reclaim' || effect.kind === 'hush' || effect.kind === 'release';

function joined(effects: readonly OwnershipEffect[]): readonly OwnershipEffect[] {
  const result: OwnershipEffect[] = [];
  let [open, keys]: [Joint | undefined, AddressKey[]] = [undefined, []];
  const close = (): void => {
    if (open !== undefined) result.push({ kind: open, keys });
    [open, keys] = [undefined, []];
  };
  for (const effect of effects) {
    if (isJoint(effect)) {
      if (open !== effect.kind) close();
      open = effect.kind;
      keys.push(...effect.keys);
    } else {
      close();
      result.push(effect);
    }
  }
  close();
  return result;
}
