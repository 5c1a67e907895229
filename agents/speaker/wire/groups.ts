/**
 * In which solicited-node multicast groups (RFC 4291 §2.7.1) this node's interfaces are: those of the addresses it may be asked
 * for there. Without its group an address is not asked for here at all.
 *
 * What is wanted is kept per interface name, whether the interface exists or not, and is brought about in small steps between
 * other work of the loop: a membership costs a system call, and there may be thousands. Memberships survive their interface
 * going down, but not its end, nor IPv6 being taken from it: {@link SolicitedNodeGroups.resync} makes them anew.
 */
import type { Issue } from '../../../src/issue/issue.js';
import type { NetworkInterface } from '../../../src/layer2/interface.js';
import type { AddressKey } from '../../../src/net/address.js';
import type { GroupSockets } from './groupsockets.js';
import { InterfaceGroups } from './interfacegroups.js';

/** The steps of one turn of the loop take so long, and at most one step more. */
const TURN_MS = 2;

export class SolicitedNodeGroups {
  readonly #report: (one: Issue) => void;
  readonly #byName = new Map<string, InterfaceGroups>();
  /** Of interfaces that are gone or were left. */
  readonly #closing = new Set<GroupSockets>();
  #present: ReadonlyMap<string, NetworkInterface> = new Map();
  #turn: NodeJS.Immediate | undefined;

  constructor(report: (one: Issue) => void) {
    this.#report = report;
  }

  /** Wants an address's group on an interface. IPv4 has no such groups. */
  join(interfaceName: string, address: AddressKey): void {
    if (typeof address === 'number') return;
    const known = this.#byName.get(interfaceName);
    const groups = known ?? new InterfaceGroups(interfaceName);
    if (known === undefined) {
      this.#byName.set(interfaceName, groups);
      groups.resync(this.#present.get(interfaceName));
    }
    groups.join(address);
    this.#schedule();
  }

  /** No longer wants it. The group is left with its last address. */
  leave(interfaceName: string, address: AddressKey): void {
    if (typeof address === 'number') return;
    this.#byName.get(interfaceName)?.leave(address);
    this.#schedule();
  }

  /** Takes a new list of interfaces: joins on those that came or were interrupted, and tries again what failed. */
  resync(interfaces: readonly NetworkInterface[]): void {
    this.#present = new Map(interfaces.map((one) => [one.name, one]));
    for (const [name, groups] of this.#byName) groups.resync(this.#present.get(name));
    this.#schedule();
  }

  /** Steps that are still to be done. */
  get pending(): number {
    return [...this.#byName.values()].reduce((sum, groups) => sum + groups.pending, this.#closing.size);
  }

  /** Leaves everything at once. */
  close(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    for (const groups of this.#byName.values()) for (const sockets of groups.takeSockets()) this.#closing.add(sockets);
    this.#byName.clear();
    for (const sockets of this.#closing) while (!sockets.closeOne());
    this.#closing.clear();
  }

  #schedule(): void {
    if (this.#turn !== undefined) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      const until = performance.now() + TURN_MS;
      let isMore = this.#step();
      while (isMore && performance.now() < until) isMore = this.#step();
      if (isMore) this.#schedule();
    });
  }

  /** One system call or the closing of one socket. False when there is nothing to do. */
  #step(): boolean {
    for (const [name, groups] of this.#byName) {
      if (groups.step()) {
        if (groups.pending === 0) this.#tell(groups);
        return true;
      }
      for (const sockets of groups.takeRetired()) this.#closing.add(sockets);
      if (groups.isUnwanted) this.#byName.delete(name);
    }
    for (const sockets of this.#closing) {
      if (sockets.closeOne()) this.#closing.delete(sockets);
      return true;
    }
    return false;
  }

  #tell(groups: InterfaceGroups): void {
    const told = groups.failureToTell();
    if (told !== undefined) this.#report(told);
  }
}
