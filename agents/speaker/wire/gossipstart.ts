/**
 * When this node begins with memberlist, and whom it joins. Memberlist needs an address of this node's own to tell: a host that boots may
 * have none yet, and one that joins nobody learns it from who joins it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { endpointAt, formatEndpoint, parseEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Endpoint } from '../../../src/membership/memberlist/message.js';
import type { Gossip } from './gossip.js';
import { ownAddress } from './ownaddress.js';

/** Between two looks for an address of this node's own. */
const ADDRESS_MS = 1000;

export interface GossipStartOptions {
  readonly gossip: Gossip;
  readonly port: number;
  /** This node's own, as others reach it. @default the one from which it reaches the first that it joins, or who speaks first to it */
  readonly address?: string | undefined;
  /** Memberlist has started. */
  readonly onStart: () => void;
}

export class GossipStart {
  readonly #options: GossipStartOptions;
  /** Resolved addresses of `--join`. */
  #join: readonly string[] = [];
  #starting: Promise<void> | undefined;

  constructor(options: GossipStartOptions) {
    this.#options = options;
  }

  /** Joins these as well, when it starts. */
  add(...addresses: readonly string[]): void {
    this.#join = [...this.#join, ...addresses];
  }

  has(address: string): boolean {
    return this.#join.includes(address);
  }

  get endpoints(): readonly Endpoint[] {
    return this.#join.flatMap((address) => parseEndpoint(address) ?? []);
  }

  /** Tries until there is a way to one of those that it joins. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#options.gossip.isStarted) {
      await this.#startAs(this.#join);
      if (!this.#options.gossip.isStarted) await delay(ADDRESS_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Somebody speaks to this node: if it spoke to nobody yet, the way to him tells its own address. */
  towards(from: Endpoint): Promise<void> {
    this.#starting ??= this.#startAs([formatEndpoint(from)]).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Starts memberlist, if there is a way to one of these. */
  async #startAs(towards: readonly string[]): Promise<void> {
    const { gossip, port, address = await ownAddress(towards) } = this.#options;
    const endpoint = address === undefined ? undefined : endpointAt(address, port);
    if (endpoint === undefined || gossip.isStarted) return;
    gossip.start(endpoint, this.endpoints);
    this.#options.onStart();
  }
}
