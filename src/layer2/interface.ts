/**
 * A network interface of this node, and whether addresses can be answered on it (metallb-behaviour §4.6).
 */
export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Absent on interfaces without Ethernet addresses, such as tunnels. */
  readonly mac?: string;
  readonly up: boolean;
  /** A cable is plugged in, or what stands for one. */
  readonly carrier: boolean;
  readonly broadcast: boolean;
  readonly noArp: boolean;
  /**
   * How often its carrier came or went. A capture that was opened before the last time may be dead without a sign: libpcap's
   * handle does not survive its interface going down.
   */
  readonly carrierChanges: number;
  /** The bond, bridge or VRF it is a member of. */
  readonly master?: string;
}

/** Why no ARP can be answered on an interface, as a sentence about it; undefined when it can. */
export function unusableFor(one: NetworkInterface): string | undefined {
  if (!one.up) return 'it is down';
  if (!one.carrier) return 'it has no carrier';
  if (one.master !== undefined) return `it is a member of ${one.master}, which is the interface to name instead`;
  if (one.noArp) return 'it does no ARP (NOARP)';
  if (!one.broadcast) return 'it has no broadcast';
  if (one.mac === undefined) return 'it has no Ethernet address';
  return undefined;
}
