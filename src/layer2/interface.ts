/**
 * A network interface of this node, and whether addresses can be answered on it (metallb-behaviour §4.6).
 */
export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Absent on interfaces without Ethernet addresses, such as tunnels. */
  readonly mac?: string;
  /** The first IPv6 link-local address that may be used: its uniqueness is proven (not tentative, not dadfailed). */
  readonly linkLocal?: string;
  readonly up: boolean;
  /** A cable is plugged in, or what stands for one. */
  readonly carrier: boolean;
  readonly broadcast: boolean;
  readonly noArp: boolean;
  /**
   * Another number than in an earlier list when what was opened on it then may be dead without a sign: it went down, lost its
   * carrier or its link-local address in between, even if it looks the same again. libpcap's handle does not survive its
   * interface going down.
   */
  readonly generation: number;
  /** The bond, bridge or VRF it is a member of. */
  readonly master?: string;
}

/** Why no ARP can be answered on an interface, as a sentence about it; undefined when it can. */
export function unusableFor(one: NetworkInterface): string | undefined {
  return unusable(one) ?? (one.broadcast ? undefined : 'it has no broadcast') ?? withoutMac(one);
}

/** Why no neighbour solicitation can be answered on an interface, as a sentence about it; undefined when it can. */
export function unusableForNdp(one: NetworkInterface): string | undefined {
  return unusable(one) ?? withoutMac(one) ?? (one.linkLocal === undefined ? 'it has no IPv6 link-local address' : undefined);
}

/** What both protocols need. Any master counts, a VRF too, as in MetalLB. */
function unusable({ up, carrier, master, noArp }: NetworkInterface): string | undefined {
  if (!up) return 'it is down';
  if (!carrier) return 'it has no carrier';
  if (master !== undefined) return `it is a member of ${master}, which is the interface to name instead`;
  if (noArp) return 'it does no ARP (NOARP)';
  return undefined;
}

const withoutMac = ({ mac }: NetworkInterface): string | undefined =>
  mac === undefined ? 'it has no Ethernet address' : undefined;
