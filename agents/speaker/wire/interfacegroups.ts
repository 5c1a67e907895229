/**
 * The solicited-node groups of one interface: what is wanted there, and, step by step, what is joined.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { NetworkInterface } from '../../../src/layer2/interface.js';
import { type Group, GroupSockets, type Refusal } from './groupsockets.js';

/** An IPv6 address by its key in src/net: eight groups of 16 bits as the code units of a text. */
export type Ipv6Key = string;

export class InterfaceGroups {
  readonly #name: string;
  /** Counted once each, however often they are wanted: a count that is wrong once stays wrong (metallb-behaviour, Q-25). */
  readonly #addresses = new Set<Ipv6Key>();
  /** How many of the addresses share a group. Never 0. */
  readonly #counts = new Map<Group, number>();
  /** Groups that may be joined and not wanted, or the other way round, or joined on a former life of the interface. */
  readonly #dirty = new Set<Group>();
  readonly #failed = new Map<Group, Refusal>();
  #said: Refusal | undefined;
  /** Index and generation of the interface that was joined on last; undefined while nothing can be joined. */
  #life: string | undefined;
  /** The device the sockets are of. */
  #index: number | undefined;
  #sockets: GroupSockets;
  /** Of devices that are gone. */
  #retired: GroupSockets[] = [];

  constructor(name: string) {
    this.#name = name;
    this.#sockets = new GroupSockets(name);
  }

  join(address: Ipv6Key): void {
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    const group = groupOf(address);
    const count = this.#counts.get(group) ?? 0;
    this.#counts.set(group, count + 1);
    if (count === 0) this.#dirty.add(group);
  }

  leave(address: Ipv6Key): void {
    if (!this.#addresses.delete(address)) return;
    const group = groupOf(address);
    const count = this.#counts.get(group) ?? 0;
    if (count > 1) {
      this.#counts.set(group, count - 1);
    } else {
      this.#counts.delete(group);
      this.#dirty.add(group);
    }
  }

  /** Takes the interface as it is in the newest list; undefined when it is not there. */
  resync(one: NetworkInterface | undefined): void {
    if (one?.index !== this.#index) {
      this.#index = one?.index;
      this.#retired.push(this.#sockets);
      this.#sockets = new GroupSockets(this.#name);
    }
    const life = one?.up === true && one.linkLocal !== undefined ? `${one.index} ${one.generation}` : undefined;
    if (life !== undefined && life !== this.#life) for (const group of this.#counts.keys()) this.#dirty.add(group);
    for (const group of this.#failed.keys()) this.#dirty.add(group);
    this.#life = life;
  }

  /** Steps that are to be done and can be. */
  get pending(): number {
    return this.#life === undefined ? 0 : this.#dirty.size;
  }

  /** Joins or leaves one group. False when there is nothing to do. */
  step(): boolean {
    const [group] = this.#dirty;
    if (group === undefined || this.#life === undefined) return false;
    this.#dirty.delete(group);
    this.#failed.delete(group);
    // What may be joined already is left first, and only then joined again: the kernel counts a membership that it lost with the
    // interface's IPv6 as one all the same, and takes it off the new one when the old is left later.
    this.#sockets.leave(group);
    const refusal = this.#counts.has(group) ? this.#sockets.join(group) : undefined;
    if (refusal !== undefined) this.#failed.set(group, refusal);
    return true;
  }

  /** Nothing is wanted, and nothing is left to be done. */
  get isUnwanted(): boolean {
    return this.#counts.size === 0 && this.pending === 0;
  }

  /** Sockets that are no longer needed. The caller closes them. */
  takeRetired(): readonly GroupSockets[] {
    const retired = this.isUnwanted ? [...this.#retired, this.#sockets] : this.#retired;
    this.#retired = [];
    return retired;
  }

  /** All sockets. The caller closes them, and this is at its end. */
  takeSockets(): readonly GroupSockets[] {
    return [...this.#retired, this.#sockets];
  }

  /** What could not be joined, unless that was told before. */
  failureToTell(): Issue | undefined {
    // The interface is just gone: the list that says so is on its way.
    const refused = [...this.#failed.values()].filter((refusal) => refusal !== 'ENODEV');
    const [why] = refused;
    const isTold = why === this.#said;
    this.#said = why;
    if (why === undefined || isTold) return undefined;
    const what = `${refused.length} of ${this.#counts.size} solicited-node groups cannot be joined on ${this.#name} (${why})`;
    return issue('GROUP_JOIN_FAILED', this.#name, `${what}: nobody is answered who asks for their addresses`);
  }
}

/** The low 24 bits of an address. */
const groupOf = (address: Ipv6Key): Group => ((address.charCodeAt(6) & 0xff) << 16) | address.charCodeAt(7);
