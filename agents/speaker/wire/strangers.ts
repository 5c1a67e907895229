/**
 * Who else claims addresses of this node, told of once it is sure that he is neither this node nor a peer (conflict.ts).
 */
import type { On } from '../../../src/layer2/ballot.js';
import {
  CONFIRM_AFTER_MS,
  type Conflict,
  type Conflicts,
  OVER_AFTER_MS,
  reviewConflicts,
  sight,
} from '../../../src/layer2/conflict.js';
import { type AddressKey, addressOfKey, formatAddress } from '../../../src/net/address.js';
import { formatMac, type Mac, macNumber, sameMac } from '../../../src/net/mac.js';
import type { AddressConflict } from '../../runtime/metrics.js';
import type { Counters } from './counters.js';
import type { Ports } from './ports.js';

/** A stranger who only answers questions is heard with each refresh; one answer may be lost. */
const REFRESHES_OF_SILENCE = 2.5;

export interface StrangersOptions {
  /** Where this node answers for the address, or would if nobody else did; undefined: others' claims of it are no concern of ours. */
  readonly concernOf: (key: AddressKey) => On | undefined;
  readonly ports: Ports;
  readonly counters: Counters;
  /** Gateways that answer for others (proxy ARP): their claims are no conflict. */
  readonly proxies: readonly Mac[];
  readonly refreshMs: number;
  /** A stranger claims an address of ours: for every frame that says so, once it is sure. */
  readonly onStranger: (key: AddressKey) => void;
  /** What is to be told: strangers that are new, and such as are none any more. */
  readonly onChange: (begun: readonly AddressConflict[], over: readonly AddressConflict[]) => void;
  /** `wakeAt` is earlier than it was. */
  readonly onSchedule: () => void;
}

export class Strangers {
  readonly #options: StrangersOptions;
  readonly #conflicts: Conflicts = new Map();
  readonly #overAfterMs: number;
  /** As numbers. */
  #peers: ReadonlySet<number> = new Set();
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#overAfterMs = Math.max(OVER_AFTER_MS, REFRESHES_OF_SILENCE * options.refreshMs);
  }

  /** When to call `review`, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return this.#wakeAt;
  }

  setPeers(macs: readonly Mac[]): void {
    this.#peers = new Set(macs.map(macNumber));
  }

  /** Called for each frame by which somebody says that he holds an address of ours. */
  claim(key: AddressKey, mac: Mac, on: string): void {
    const claimed = this.#options.concernOf(key);
    if (claimed === undefined || (claimed !== 'all' && !claimed.has(on)) || !this.#isStranger(mac)) return;
    const conflict = sight(this.#conflicts, { key, mac, interface: on }, performance.now());
    if (conflict?.confirmed !== false) {
      this.#options.counters.of(key).conflicts++;
      this.#options.onStranger(key);
      return;
    }
    // The frame path is no place for more: it is looked at later, together with others.
    const reviewAt = conflict.since + CONFIRM_AFTER_MS;
    if (reviewAt >= this.#wakeAt) return;
    this.#wakeAt = reviewAt;
    this.#options.onSchedule();
  }

  /** Tells what has become sure, and what is over. */
  review(): void {
    const { concernOf, counters, onChange, onStranger } = this.#options;
    const isOurs = (key: AddressKey): boolean => concernOf(key) !== undefined;
    const isStranger = (mac: Mac): boolean => this.#isStranger(mac);
    const rules = { isOurs, isStranger, overAfterMs: this.#overAfterMs };
    const { begun, over, wakeAt } = reviewConflicts(this.#conflicts, rules, performance.now());
    this.#wakeAt = wakeAt ?? Number.POSITIVE_INFINITY;
    for (const { key, claims } of begun) counters.of(key).conflicts += claims;
    if (begun.length + over.length > 0) onChange(begun.map(changeOf), over.map(changeOf));
    for (const { key } of begun) onStranger(key);
  }

  /** Whether it is a gateway that may answer for others, whoever owns what. */
  isProxy(mac: Mac): boolean {
    return this.#options.proxies.some((proxy) => sameMac(proxy, mac));
  }

  /** Whether a MAC is neither ours nor a peer's, nor that of a gateway that may answer for others. */
  #isStranger(mac: Mac): boolean {
    const { ports } = this.#options;
    if (this.#peers.has(macNumber(mac)) || this.isProxy(mac)) return false;
    return !ports.list().some(({ identity }) => sameMac(identity.mac, mac));
  }
}

const changeOf = ({ key, mac, interface: on }: Conflict): AddressConflict => ({
  address: formatAddress(addressOfKey(key)),
  mac: formatMac(mac),
  interface: on,
});
