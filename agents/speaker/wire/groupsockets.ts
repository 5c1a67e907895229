/**
 * Sockets that hold multicast memberships on one life of one interface, and receive nothing: that an interface is in a group
 * makes the kernel pass on the group's frames, which the capture sees.
 *
 * A socket holds few groups, because the kernel walks its list for each, because closing it leaves them all at once, and because
 * its memory is limited (net.core.optmem_max: 365 groups with the default of before Linux 6.8, 2,340 since).
 */
import { createSocket, type Socket } from 'node:dgram';

/** Closing a socket of so many blocks the loop for some 3 ms, where the interface is in thousands of groups. */
const GROUPS_PER_SOCKET = 32;

/** A solicited-node group: the low 24 bits that it shares with its addresses (RFC 4291 §2.7.1). */
export type Group = number;

interface Shard {
  readonly socket: Socket;
  readonly groups: Set<Group>;
  /** The kernel refused one more. */
  full: boolean;
}

/** The kernel's code: `ENOMEM`. */
export type Refusal = string;

/** What the kernel says when a socket has no room for another group. */
const NO_ROOM: ReadonlySet<Refusal> = new Set(['ENOMEM', 'ENOBUFS']);

export class GroupSockets {
  readonly #interfaceName: string;
  readonly #shards = new Set<Shard>();
  readonly #where = new Map<Group, Shard>();

  constructor(interfaceName: string) {
    this.#interfaceName = interfaceName;
  }

  /** Blocks for some 0.07 ms. Joining a group twice is joining it once. */
  join(group: Group): Refusal | undefined {
    if (this.#where.has(group)) return undefined;
    for (const shard of this.#shards) {
      if (shard.full || shard.groups.size >= GROUPS_PER_SOCKET) continue;
      const refusal = this.#joinOn(shard, group);
      if (refusal === undefined || !NO_ROOM.has(refusal)) return refusal;
      shard.full = true;
    }
    const socket = openSocket();
    if (typeof socket === 'string') return socket;
    const shard: Shard = { socket, groups: new Set(), full: false };
    this.#shards.add(shard);
    const refusal = this.#joinOn(shard, group);
    if (refusal !== undefined) this.#close(shard);
    return refusal;
  }

  /** Blocks for some 0.11 ms. */
  leave(group: Group): void {
    const shard = this.#where.get(group);
    if (shard === undefined) return;
    this.#where.delete(group);
    shard.groups.delete(group);
    shard.full = false;
    if (shard.groups.size === 0) {
      this.#close(shard);
      return;
    }
    try {
      shard.socket.dropMembership(groupAddress(group), `::%${this.#interfaceName}`);
    } catch {
      // It is gone already, with the interface or its IPv6.
    }
  }

  /** Leaves some groups, those of one socket. Whether that was the last of them. */
  closeOne(): boolean {
    const [shard] = this.#shards;
    if (shard !== undefined) this.#close(shard);
    return this.#shards.size === 0;
  }

  #joinOn(shard: Shard, group: Group): Refusal | undefined {
    try {
      shard.socket.addMembership(groupAddress(group), `::%${this.#interfaceName}`);
    } catch (error) {
      return codeOf(error);
    }
    shard.groups.add(group);
    this.#where.set(group, shard);
    return undefined;
  }

  #close(shard: Shard): void {
    this.#shards.delete(shard);
    for (const group of shard.groups) this.#where.delete(group);
    shard.socket.close();
  }
}

/**
 * A socket of IPv6 on a free port of its own: bound, since an unbound one would share its port with others that allow it, and to
 * loopback, since nobody shall send to it. Where loopback has no IPv6, to any address.
 */
function openSocket(): Socket | Refusal {
  const refusals: Refusal[] = [];
  for (const address of ['::1', '::']) {
    // With a lookup that answers at once, so does `bind`.
    const lookup = (host: string, _: unknown, answer: (error: null, address: string, family: number) => void): void =>
      answer(null, host, 6);
    const socket = createSocket({ type: 'udp6', ipv6Only: true, reuseAddr: false, lookup });
    let refusal: Refusal | undefined;
    socket.on('error', (error) => {
      refusal = codeOf(error);
    });
    socket.bind({ port: 0, address, exclusive: true });
    if (refusal === undefined) return socket.unref();
    refusals.push(refusal);
    socket.close();
  }
  return refusals[0] ?? '';
}

const codeOf = (error: unknown): Refusal => (error as NodeJS.ErrnoException).code ?? String(error);

const groupAddress = (group: Group): string =>
  `ff02::1:ff${(group >>> 16).toString(16).padStart(2, '0')}:${(group & 0xffff).toString(16)}`;
