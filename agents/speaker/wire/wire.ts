/**
 * The wire thread's whole state and its one rule: the owner of an address is the first live node of its ranking. Whoever is
 * told something new (a table, an interface, a peer) calls `#elect`; what changed is claimed or released at once, and told to
 * the view thread afterwards.
 *
 * It runs on the process's main thread and waits for nobody: no file, no API, no log.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import {
  type Ballot,
  ballotOf,
  diffElections,
  type Election,
  elect,
  NO_BALLOT,
  NO_ELECTION,
} from '../../../src/layer2/claims.js';
import { type Gratuitous, type GratuitousInput, QUIET, type Round, stepGratuitous } from '../../../src/layer2/gratuitous.js';
import { type NetworkInterface, unusableFor } from '../../../src/layer2/interface.js';
import { liveNodes } from '../../../src/membership/membership.js';
import { formatIpv4, type Ipv4 } from '../../../src/net/address.js';
import { parseMac } from '../../../src/net/mac.js';
import { type Prefix, parsePrefix } from '../../../src/net/prefix.js';
import { captureFilter } from '../../../src/packet/filter.js';
import type { WireSample } from '../../runtime/metrics.js';
import type { OwnerChange, ToView, ToWire } from '../messages.js';
import { Counters } from './counters.js';
import { Liveness } from './liveness.js';
import { ownerChange } from './ownerchange.js';
import type { PeerName } from './peers.js';
import { Port } from './port.js';

export interface WireOptions {
  readonly node: string;
  readonly interfaces: readonly string[];
  readonly port: number;
  readonly peers: readonly PeerName[];
  readonly post: (message: ToView) => void;
}

/** How long a leaving node goes on answering, so that the next owner's claim has arrived before it stops. */
const LEAVE_MS = 300;
/** Between two reports of the same interface's send errors. */
const REPORT_EVERY_MS = 10_000;

export class Wire {
  readonly #options: WireOptions;
  readonly #counters: Counters = new Counters();
  readonly #liveness: Liveness;
  readonly #ports = new Map<string, Port>();
  /** What was last said about each interface, so that it is said once. */
  readonly #said = new Map<string, string>();
  readonly #sendErrorAt = new Map<string, number>();
  #interfaces: readonly NetworkInterface[] = [];
  #prefixes: readonly Prefix[] | undefined;
  #ballot: Ballot = NO_BALLOT;
  #election: Election = NO_ELECTION;
  #gratuitous: Gratuitous = QUIET;
  #gratuitousWakeAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leaving = false;
  #stopped = false;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#liveness = new Liveness({
      self: options.node,
      port: options.port,
      peers: options.peers,
      onChange: () => this.#onMembership(),
      onReunion: () => {
        this.#reannounce();
        this.#schedule();
      },
      log: (record) => options.post({ type: 'log', record }),
      report: (issues) => options.post({ type: 'issues', issues }),
    });
  }

  /** Takes the port of the heartbeats. The issue ends the process: without them nobody may own anything. */
  async bind(): Promise<Issue | undefined> {
    return this.#liveness.bind();
  }

  /** Begins to send and hear heartbeats, until `signal` aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#liveness.start(signal);
    this.#onMembership();
  }

  /** Tells the peers, goes on answering until they have taken over, and closes everything. */
  async stop(): Promise<void> {
    const membership = this.#liveness.membership;
    const owned = [...this.#election.claims.keys()].map(formatIpv4);
    // From here on the claims are frozen, and nothing more is announced: the next owners' announcements must stand.
    this.#leaving = true;
    this.#gratuitous = QUIET;
    this.#gratuitousWakeAt = undefined;
    this.#liveness.leave();
    const hasSuccessor = membership.members.some(({ state, ready }) => state === 'alive' && ready);
    if (owned.length > 0 && hasSuccessor) await new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
    const changes = owned.map(
      (address): OwnerChange => ({ address, from: this.#options.node, kind: 'left', evidence: 'this node leaves' }),
    );
    if (changes.length > 0) this.#options.post({ type: 'ownership', changes });
  }

  receive(message: ToWire): void {
    switch (message.type) {
      case 'announcements':
        this.#ballot = ballotOf(message.announcements);
        this.#prefixes = message.prefixes.flatMap((text) => {
          const prefix = parsePrefix(text);
          return prefix.ok ? [prefix.value] : [];
        });
        this.#openPorts();
        this.#elect();
        break;
      case 'interfaces':
        this.#interfaces = message.interfaces;
        this.#openPorts();
        break;
      case 'sample':
        this.#options.post({ type: 'sample', id: message.id, sample: this.sample() });
        break;
      case 'fatal':
      case 'stopped':
        break;
    }
    this.#schedule();
  }

  sample(): WireSample {
    return {
      requestsReceived: this.#counters.byText('requests'),
      responsesSent: this.#counters.byText('responses'),
      gratuitousSent: this.#counters.byText('gratuitous'),
      framesDropped: this.#counters.drops,
      beats: this.#liveness.counters,
    };
  }

  #onMembership(): void {
    this.#elect();
    this.#options.post({ type: 'membership', membership: this.#liveness.membership });
    this.#schedule();
  }

  /** Who owns what now; claims and releases on the wire first, tells afterwards. */
  #elect(): void {
    if (this.#leaving) return;
    const membership = this.#liveness.membership;
    const before = this.#election;
    this.#election = elect(this.#ballot, liveNodes(membership), this.#options.node);
    const moves = diffElections(before, this.#election, this.#options.node);
    // IPv6 is ranked and not answered by this version: nobody may be told that it is announced.
    const isAnswered = ({ ipv4 }: { readonly ipv4: Ipv4 | undefined }): boolean => ipv4 !== undefined;
    const [claimed, released] = [moves.claimed.filter(isAnswered), moves.released.filter(isAnswered)];
    if (released.length > 0) {
      this.#stepGratuitous({ kind: 'release', addresses: released.flatMap(({ ipv4 }) => ipv4 ?? []) });
    }
    if (claimed.length > 0) {
      const { claims } = this.#election;
      this.#stepGratuitous({
        kind: 'announce',
        claims: claimed.flatMap(({ ipv4 }) => {
          const on = ipv4 === undefined ? undefined : claims.get(ipv4);
          return ipv4 === undefined || on === undefined ? [] : [[ipv4, on] as const];
        }),
      });
    }
    const changes: OwnerChange[] = [...released, ...claimed].map((move) => ownerChange(move, membership));
    if (changes.length > 0) this.#options.post({ type: 'ownership', changes });
  }

  /** Opens, closes and reopens captures so that each usable interface has one with the present filter. */
  #openPorts(): void {
    if (this.#prefixes === undefined || this.#interfaces.length === 0 || this.#leaving) return;
    for (const name of this.#options.interfaces) this.#openPort(name, this.#prefixes);
    this.#liveness.setReady(this.#ports.size > 0);
  }

  #openPort(name: string, prefixes: readonly Prefix[]): void {
    const one = this.#interfaces.find((each) => each.name === name);
    const mac = one?.mac === undefined ? undefined : parseMac(one.mac);
    const problem = one === undefined ? this.#missing(name) : unusableIssue(one);
    const open = this.#ports.get(name);
    if (problem !== undefined || mac === undefined) {
      open?.close();
      this.#ports.delete(name);
      if (problem !== undefined) this.#say(name, problem);
      return;
    }
    const wanted = {
      filter: captureFilter({ mac, prefixes }),
      mac,
      index: one?.index ?? 0,
      carrierChanges: one?.carrierChanges ?? 0,
    };
    if (open?.serves(wanted) === true) return;
    // The new capture is open before the old one closes, and the old one stops answering first: nothing is answered twice.
    const port = Port.open({
      ...wanted,
      name,
      counters: this.#counters,
      claims: () => this.#election.claims,
      onBusy: () => this.#tickIfDue(),
      onSendError: (text) => this.#sendError(name, text),
    });
    if (!(port instanceof Port)) {
      open?.close();
      this.#ports.delete(name);
      this.#say(name, port);
      return;
    }
    this.#ports.set(name, port);
    open?.close();
    this.#said.delete(name);
    const fields = { interface: name, mac: one?.mac };
    this.#options.post({
      type: 'log',
      record: { level: 'info', event: 'createARPResponder', msg: `answering ARP on ${name}`, fields },
    });
    this.#reannounce();
  }

  /**
   * Tells everybody again what this node answers for: on an interface that came late, and when this node was cut off or
   * stalled, since another may have claimed its addresses meanwhile, and the caches still point there.
   */
  #reannounce(): void {
    if (!this.#leaving && this.#election.claims.size > 0)
      this.#stepGratuitous({ kind: 'announce', claims: this.#election.claims });
  }

  #missing(name: string): Issue {
    const others = this.#interfaces.map((one) => one.name).join(', ');
    return issue('INTERFACE_MISSING', '--interface', `this node has no interface ${name}; it has ${others}`);
  }

  #say(name: string, problem: Issue): void {
    if (this.#said.get(name) === problem.message) return;
    this.#said.set(name, problem.message);
    this.#options.post({ type: 'issues', issues: [problem] });
  }

  #sendError(name: string, text: string): void {
    const now = performance.now();
    if (now - (this.#sendErrorAt.get(name) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) return;
    this.#sendErrorAt.set(name, now);
    this.#options.post({ type: 'issues', issues: [issue('CAPTURE_FAILED', name, `frames cannot be sent on ${name}: ${text}`)] });
  }

  #stepGratuitous(input: GratuitousInput): void {
    const { state, due, wakeAt } = stepGratuitous(this.#gratuitous, input, performance.now());
    this.#gratuitous = state;
    this.#gratuitousWakeAt = wakeAt;
    for (const round of due) this.#sendRound(round);
  }

  #sendRound({ address, on }: Round): void {
    for (const port of this.#ports.values()) if (on === 'all' || on.has(port.name)) port.announce(address);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const wakeAt = Math.min(this.#liveness.wakeAt, this.#gratuitousWakeAt ?? Number.POSITIVE_INFINITY);
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, wakeAt - performance.now()));
  }

  #tick(): void {
    const now = performance.now();
    if (this.#liveness.wakeAt <= now) this.#liveness.tick();
    if (this.#gratuitousWakeAt !== undefined && this.#gratuitousWakeAt <= now) this.#stepGratuitous({ kind: 'time' });
    this.#schedule();
  }

  /** Frames may keep the loop from its timers; what they delay is done between two batches. */
  #tickIfDue(): void {
    const now = performance.now();
    if (this.#liveness.wakeAt <= now || (this.#gratuitousWakeAt ?? now + 1) <= now) this.#tick();
  }
}

function unusableIssue(one: NetworkInterface): Issue | undefined {
  const why = unusableFor(one);
  return why === undefined ? undefined : issue('INTERFACE_UNUSABLE', '--interface', `${one.name} cannot answer ARP: ${why}`);
}
