/**
 * The interfaces in service. Opens, reopens and closes captures as interfaces come, go and change, and as other addresses
 * have to be heard.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { On } from '../../../src/layer2/ballot.js';
import type { Claims } from '../../../src/layer2/claims.js';
import { type NetworkInterface, unusableFor, unusableForNdp } from '../../../src/layer2/interface.js';
import { type AddressKey, parseAddress, type Words } from '../../../src/net/address.js';
import { type Mac, parseMac } from '../../../src/net/mac.js';
import { type Prefix, prefixContains } from '../../../src/net/prefix.js';
import { captureFilter } from '../../../src/packet/filter.js';
import type { ToView } from '../messages.js';
import type { Counters } from './counters.js';
import { Gathering } from './gathering.js';
import { Heard } from './heard.js';
import { Port, type PortIdentity } from './port.js';
import { Problems } from './problems.js';

export interface PortsOptions {
  readonly counters: Counters;
  readonly claims: () => Claims;
  /** Whether this node asks about the address. */
  readonly isAsked: (key: AddressKey) => boolean;
  /** Somebody else claims an address of ours, or one that is asked about, on this interface. */
  readonly onClaim: (key: AddressKey, mac: Mac, on: Port) => void;
  /** Called before each frame is looked at: whoever stood still may have to forget what it owns. */
  readonly onFrame: () => void;
  readonly onBusy: () => void;
  /** The ports are others than before, with `opened` among them. */
  readonly onChange: (opened: Port | undefined) => void;
  /** `wakeAt` is another than it was. */
  readonly onSchedule: () => void;
  readonly post: (message: ToView) => void;
}

/** Between two changes of the filters: each blocks the loop for up to 2 ms an interface. */
const CHANGE_EVERY_MS = 50;
/** After one that failed. */
const RETRY_MS = 1000;
/** How long a filter may let through more than it must. */
const WIDE_FOR_MS = 10_000;

export class Ports {
  readonly #options: PortsOptions;
  readonly #gathering: Gathering = new Gathering();
  readonly #ports = new Map<string, Port>();
  readonly #problems: Problems;
  #interfaces: readonly NetworkInterface[] = [];
  readonly #heard = new Heard();
  /** What the filters that are in use let through. */
  #filtered: readonly Prefix[] = [];
  #changedAt = Number.NEGATIVE_INFINITY;
  /** When the filters are to change; infinity: they are right. */
  #changeAt = Number.POSITIVE_INFINITY;
  /** When to try again what failed of the last change; infinity: nothing did. */
  #retryAt = Number.POSITIVE_INFINITY;
  #names: ReadonlySet<string> = new Set();
  /** What of the last list is still to be opened and closed. */
  #opening: NodeJS.Immediate | undefined;

  constructor(options: PortsOptions) {
    this.#options = options;
    this.#problems = new Problems(options.post);
  }

  list(): readonly Port[] {
    return [...this.#ports.values()];
  }

  names(): ReadonlySet<string> {
    return this.#names;
  }

  canAnswer(key: AddressKey, on: On): boolean {
    for (const port of this.#ports.values()) if ((on === 'all' || on.has(port.name)) && port.canAnswer(key)) return true;
    return false;
  }

  /** When to call `tick`, in milliseconds of performance.now(). */
  get wakeAt(): number {
    return this.#changeAt;
  }

  /** This node's interfaces that may be answered on, as they are now. */
  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.#interfaces = interfaces;
    this.#open();
  }

  /** Where the addresses lie that configuration may make this node answer for. What it owns beyond them is told by `own` again. */
  setPrefixes(texts: readonly string[]): void {
    const isFirst = this.#heard.prefixes === undefined;
    this.#heard.configure(texts);
    if (isFirst) this.#open();
    else this.#planChange();
  }

  /** Hears these addresses, wherever they lie. */
  own(keys: Iterable<AddressKey>): void {
    if (this.#heard.add(keys)) this.#planChange();
  }

  disown(keys: Iterable<AddressKey>): void {
    if (this.#heard.remove(keys)) this.#planChange();
  }

  /** Changes the filters if that is due. */
  tick(): void {
    if (performance.now() < this.#changeAt) return;
    this.#changeAt = Number.POSITIVE_INFINITY;
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.#changedAt = performance.now();
    this.#filtered = this.#heard.prefixes ?? [];
    this.#changeNext([...this.#ports.keys()]);
  }

  close(): void {
    clearImmediate(this.#opening);
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
    this.#names = new Set();
  }

  /** What has to be heard and is not is urgent; what need not be heard costs a little. */
  #planChange(): void {
    const wanted = this.#heard.prefixes ?? [];
    if (formatOf(wanted) === formatOf(this.#filtered)) {
      this.#changeAt = this.#retryAt;
      return;
    }
    const isLacking = wanted.some(
      (one) => !this.#filtered.some((other) => other.length <= one.length && prefixContains(other, one.address)),
    );
    const at = Math.max(performance.now() + (isLacking ? 0 : WIDE_FOR_MS), this.#changedAt + CHANGE_EVERY_MS);
    this.#changeAt = Math.min(this.#changeAt, at);
  }

  /** One interface after another, each in a turn of the loop of its own. */
  #changeNext([name, ...others]: readonly string[]): void {
    const port = name === undefined ? undefined : this.#ports.get(name);
    if (port !== undefined) {
      const filter = captureFilter({ mac: port.identity.mac, prefixes: this.#filtered });
      const failed = port.filter === filter ? undefined : port.setFilter(filter);
      if (failed === undefined) this.#problems.settle(port.name);
      else {
        this.#problems.say(port.name, failed);
        this.#retryAt = performance.now() + RETRY_MS;
        this.#changeAt = Math.min(this.#changeAt, this.#retryAt);
        this.#options.onSchedule();
      }
    }
    if (others.length > 0) setImmediate(() => this.#changeNext(others));
  }

  /** Opens, closes and reopens captures so that each usable interface has one. */
  #open(): void {
    if (this.#heard.prefixes === undefined) return;
    if (this.#ports.size === 0) this.#filtered = this.#heard.prefixes;
    const present = new Map(this.#interfaces.map((one) => [one.name, one]));
    this.#problems.keepOnly(present);
    clearImmediate(this.#opening);
    this.#openNext([...new Set([...this.#ports.keys(), ...present.keys()])], present);
    this.#planChange();
  }

  /** Until one was opened or closed: the others come in turns of their own, since heartbeats have to go out between. */
  #openNext(names: readonly string[], present: ReadonlyMap<string, NetworkInterface>): void {
    for (const [i, name] of names.entries()) {
      const one = present.get(name);
      const isDone = one === undefined ? this.#closeOne(name) : this.#openOne(one);
      if (!isDone) continue;
      this.#opening = setImmediate(() => this.#openNext(names.slice(i + 1), present));
      return;
    }
  }

  /** Whether it was open. */
  #closeOne(name: string): boolean {
    const open = this.#ports.get(name);
    if (open === undefined) return false;
    open.close();
    this.#remove(name);
    return true;
  }

  /** Whether anything was opened or closed, or could not be. */
  #openOne(one: NetworkInterface): boolean {
    const identity = identityOf(one);
    const open = this.#ports.get(one.name);
    if ('code' in identity) {
      const isClosed = this.#closeOne(one.name);
      this.#problems.say(one.name, identity);
      return isClosed;
    }
    if (open?.serves(identity) === true) return false;
    if (open?.adopt(identity) === true) {
      this.#tellNdp(one);
      this.#options.onChange(open);
      return false;
    }
    // What it captured from an interface that was down since is dead; and it may answer with another MAC.
    open?.close();
    const port = Port.open({
      name: one.name,
      identity,
      filter: captureFilter({ mac: identity.mac, prefixes: this.#filtered }),
      counters: this.#options.counters,
      gathering: this.#gathering,
      claims: this.#options.claims,
      isAsked: this.#options.isAsked,
      onClaim: this.#options.onClaim,
      onFrame: this.#options.onFrame,
      onBusy: this.#options.onBusy,
      onSendError: (text) => this.#problems.sendError(one.name, text),
    });
    if (!(port instanceof Port)) {
      if (open !== undefined) this.#remove(one.name);
      this.#problems.say(one.name, port);
      return true;
    }
    this.#ports.set(one.name, port);
    this.#names = new Set(this.#ports.keys());
    this.#problems.settle(one.name);
    this.#tellArp(one);
    this.#tellNdp(one);
    this.#options.onChange(port);
    return true;
  }

  #remove(name: string): void {
    this.#ports.delete(name);
    this.#names = new Set(this.#ports.keys());
    const record = {
      level: 'info',
      event: 'deleteARPResponder',
      msg: `answering no more on ${name}`,
      fields: { interface: name },
    } as const;
    this.#options.post({ type: 'log', record });
    this.#options.onChange(undefined);
  }

  #tellArp({ name, mac }: NetworkInterface): void {
    if (this.#ports.get(name)?.identity.arp !== true) return;
    const fields = { interface: name, mac };
    const record = { level: 'info', event: 'createARPResponder', msg: `answering ARP on ${name}`, fields } as const;
    this.#options.post({ type: 'log', record });
  }

  #tellNdp({ name, mac, linkLocal }: NetworkInterface): void {
    if (this.#ports.get(name)?.identity.linkLocal === undefined) return;
    const msg = `answering neighbour solicitations on ${name} as ${linkLocal}`;
    const fields = { interface: name, mac };
    this.#options.post({ type: 'log', record: { level: 'info', event: 'createNDPResponder', msg, fields } });
  }
}

/** What a capture on `one` depends on; or why nothing can be answered there. */
function identityOf(one: NetworkInterface): PortIdentity | Issue {
  const [noArp, noNdp] = [unusableFor(one), unusableForNdp(one)];
  const mac = one.mac === undefined ? undefined : parseMac(one.mac);
  if (mac === undefined || (noArp !== undefined && noNdp !== undefined)) {
    return issue(
      'INTERFACE_UNUSABLE',
      '--interface',
      `${one.name} cannot be answered on: ${noArp ?? 'it has no Ethernet address'}`,
    );
  }
  const linkLocal = noNdp === undefined ? wordsOf(one.linkLocal) : undefined;
  return { mac, arp: noArp === undefined, linkLocal, index: one.index, generation: one.generation };
}

function wordsOf(text: string | undefined): Words | undefined {
  const read = text === undefined ? undefined : parseAddress(text);
  return read?.ok === true && read.value.family === 'IPv6' ? read.value.words : undefined;
}

const formatOf = (prefixes: readonly Prefix[]): string => JSON.stringify(prefixes);
