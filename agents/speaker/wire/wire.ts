/**
 * The wire thread's whole state and its one rule: the owner of an address is the first live node of its ranking. Whoever is
 * told something new (a table, an interface, a peer) calls `#elect`; what changed is claimed or released at once, and told to
 * the view thread afterwards.
 *
 * It runs on the process's main thread and waits for nobody: no file, no API, no log.
 */
import type { Issue } from '../../../src/issue/issue.js';
import { type Ballot, isEntryNear, NO_BALLOT, type On } from '../../../src/layer2/ballot.js';
import { type Claims, diffElections, type Election, elect, NO_ELECTION } from '../../../src/layer2/claims.js';
import { type Question, questionsTo } from '../../../src/layer2/inquiry.js';
import { liveNodes } from '../../../src/membership/membership.js';
import { type AddressKey, addressOfKey, formatAddress } from '../../../src/net/address.js';
import type { Mac } from '../../../src/net/mac.js';
import type { OwnerChange, ToView, ToWire } from '../messages.js';
import type { WireCounts } from '../sample.js';
import { Announcer } from './announcer.js';
import { Counters } from './counters.js';
import { SolicitedNodeGroups } from './groups.js';
import { Lifelines } from './lifelines.js';
import { Liveness } from './liveness.js';
import { ownerChange } from './ownerchange.js';
import type { PeerName } from './peers.js';
import type { Port } from './port.js';
import { Ports } from './ports.js';
import { Questions } from './questions.js';
import { Strangers } from './strangers.js';

export interface WireOptions {
  readonly node: string;
  readonly port: number;
  readonly peers: readonly PeerName[];
  /** Gratuitous frames a second on each interface. */
  readonly announceRate: number;
  /** Between two refreshes of one address; 0: none. */
  readonly refreshMs: number;
  /** Gateways that answer for others (proxy ARP): their claims are no conflict. */
  readonly proxies: readonly Mac[];
  readonly post: (message: ToView) => void;
}

/** How long a leaving node goes on answering, so that the next owner's claim has arrived before it stops. */
const LEAVE_MS = 300;

export class Wire {
  readonly #options: WireOptions;
  readonly #counters: Counters = new Counters();
  readonly #liveness: Liveness;
  readonly #lifelines: Lifelines;
  readonly #ports: Ports;
  readonly #announcer: Announcer;
  readonly #strangers: Strangers;
  readonly #questions: Questions;
  readonly #groups: SolicitedNodeGroups;
  /** By interface: the addresses whose groups were asked for. */
  #joined: Map<string, ReadonlySet<AddressKey>> = new Map();
  #ballot: Ballot = NO_BALLOT;
  #election: Election = NO_ELECTION;
  #timer: NodeJS.Timeout | undefined;
  #leaving = false;
  #stopped = false;

  constructor(options: WireOptions) {
    this.#options = options;
    const { announceRate: framesPerSecond, refreshMs, proxies } = options;
    const counters = this.#counters;
    this.#groups = new SolicitedNodeGroups((one) => options.post({ type: 'issues', issues: [one] }));
    this.#ports = new Ports({
      counters,
      claims: () => this.#election.claims,
      asked: () => this.#questions.keys,
      onClaim: (key, mac, on) => {
        this.#questions.claim(key, mac);
        this.#strangers.claim(key, mac, on);
      },
      onBusy: () => this.#tickIfDue(),
      onChange: (opened) => this.#onPorts(opened),
      onSchedule: () => this.#schedule(),
      post: options.post,
    });
    const ports = this.#ports;
    this.#announcer = new Announcer({ framesPerSecond, refreshMs, ports, counters });
    this.#strangers = new Strangers({
      claims: () => this.#election.claims,
      ports,
      counters,
      proxies,
      refreshMs,
      onChange: (begun, over) => options.post({ type: 'conflicts', begun, over }),
      onSchedule: () => this.#schedule(),
    });
    this.#questions = new Questions({
      ports,
      onVerdict: () => {
        this.#elect();
        this.#schedule();
      },
      onAnswer: (peer) => this.#liveness.answered(peer),
      onCrash: (peer, sinceMs) => this.#liveness.crashed(peer, sinceMs),
      report: (issues) => options.post({ type: 'issues', issues }),
    });
    this.#lifelines = new Lifelines({
      port: options.port,
      onCrash: (peer, sinceMs) => {
        if (this.#leaving) return;
        this.#questions.beginBriefly(peer, this.#questionsTo(peer), sinceMs);
        this.#schedule();
      },
    });
    this.#liveness = new Liveness({
      self: options.node,
      port: options.port,
      peers: options.peers,
      onChange: () => this.#onMembership(),
      onReunion: () => {
        // Another may have claimed its addresses while this node was cut off or stalled, and the caches still point there.
        this.#announcer.announce(this.#election.claims);
        this.#schedule();
      },
      onFaltering: (peer) => this.#onFaltering(peer),
      onSteady: (peer) => this.#questions.end(peer),
      log: (record) => options.post({ type: 'log', record }),
      report: (issues) => options.post({ type: 'issues', issues }),
    });
  }

  /** Takes the port of the heartbeats. The issue ends the process: without them nobody may own anything. */
  async bind(): Promise<Issue | undefined> {
    return (await this.#liveness.bind()) ?? (await this.#lifelines.bind());
  }

  /** Begins to send and hear heartbeats, until `signal` aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#liveness.start(signal);
    this.#onMembership();
  }

  /** Tells the peers, goes on answering until they have taken over, and closes everything. */
  async stop(): Promise<void> {
    const membership = this.#liveness.membership;
    const owned = [...this.#election.claims.keys()];
    // From here on the claims are frozen, and nothing more is announced: the next owners' announcements must stand.
    this.#leaving = true;
    this.#announcer.silence();
    this.#liveness.leave();
    const hasSuccessor = membership.members.some(({ state, ready }) => state === 'alive' && ready);
    if (owned.length > 0 && hasSuccessor) await new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#lifelines.close();
    this.#ports.close();
    this.#groups.close();
    const changes = owned.map(
      (key): OwnerChange => ({ address: textOf(key), from: this.#options.node, kind: 'left', evidence: 'this node leaves' }),
    );
    if (changes.length > 0) this.#options.post({ type: 'ownership', changes });
  }

  receive(message: ToWire): void {
    // The view thread ends later, and may have news until then; a capture that it opened would answer beside the successors.
    if (this.#stopped) return;
    switch (message.type) {
      case 'announcements':
        this.#ballot = message.ballot;
        this.#ports.setPrefixes(message.prefixes);
        this.#elect();
        // The new prefixes are those of configuration alone; what is owned beyond them must go on being heard.
        this.#ports.own(this.#election.claims.keys());
        this.#joinGroups();
        break;
      case 'interfaces':
        this.#groups.resync(message.interfaces);
        this.#ports.setInterfaces(message.interfaces);
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

  sample(): WireCounts {
    return {
      ...this.#counters.byAddress(),
      refreshesSent: this.#counters.refreshes,
      framesDropped: this.#counters.drops,
      beats: this.#liveness.counters,
      takeoversRefused: this.#questions.refused,
      interfaces: this.#ports.list().map(({ name, identity }) => ({
        name,
        protocols: [...(identity.arp ? ['arp'] : []), ...(identity.linkLocal === undefined ? [] : ['ndp'])],
      })),
    };
  }

  #onMembership(): void {
    const { membership } = this.#liveness;
    this.#strangers.setPeers(membership.members.flatMap(({ macs }) => macs));
    this.#questions.setMembers(membership.members);
    this.#lifelines.setMembers(membership.members);
    this.#elect();
    this.#options.post({ type: 'membership', membership });
    this.#schedule();
  }

  /** It may be dead, or only unheard: the wire knows, by the time at which its silence is sure. */
  #onFaltering(peer: string): void {
    if (!this.#leaving) this.#questions.begin(peer, this.#questionsTo(peer));
    this.#schedule();
  }

  #questionsTo(peer: string): readonly Question[] {
    return questionsTo(peer, this.#ballot, this.#election, (key, on) => this.#ports.canAnswer(key, on));
  }

  /** The nodes that may own addresses now; with them those that are not heard, and that the wire speaks for. */
  #live(): ReadonlySet<string> {
    const { membership } = this.#liveness;
    const held = membership.members.filter(
      ({ name, state, ready }) => state === 'silent' && ready && this.#questions.holds(name),
    );
    return new Set([...liveNodes(membership), ...held.map(({ name }) => name)]);
  }

  /** Interfaces can be answered on that could not be, or cannot any more. */
  #onPorts(opened: Port | undefined): void {
    if (this.#leaving) return;
    const ports = this.#ports.list();
    this.#liveness.setMacs(ports.map(({ identity }) => identity.mac));
    this.#liveness.setReady(ports.length > 0);
    this.#elect();
    this.#joinGroups();
    // Tells everybody on an interface that came late what this node answers for.
    if (opened !== undefined) this.#announcer.announce(claimsOn(this.#election.claims, opened));
    this.#schedule();
  }

  /** Who owns what now; claims and releases on the wire first, tells afterwards. */
  #elect(): void {
    if (this.#leaving) return;
    const { node } = this.#options;
    const membership = this.#liveness.membership;
    const before = this.#election;
    const canAnswer = (key: AddressKey, on: On): boolean => this.#ports.canAnswer(key, on);
    this.#election = elect(this.#ballot, this.#live(), { name: node, canAnswer });
    this.#questions.review((peer) => this.#questionsTo(peer));
    const { claims, unanswerable } = this.#election;
    const { claimed, released } = diffElections(before, this.#election, node);
    if (released.length > 0) {
      const keys = released.map(({ key }) => key);
      this.#announcer.release(keys);
      this.#ports.disown(keys);
      this.#strangers.review();
    }
    if (claimed.length > 0) {
      this.#announcer.announce(new Map(claimed.flatMap(({ key }) => entryOf(claims, key))));
      this.#ports.own(claimed.map(({ key }) => key));
      if (claimed.some(({ key }) => this.#isUnjoined(key))) this.#joinGroups();
    }
    const changes = [...released, ...claimed].map((move) => ownerChange(move, membership, unanswerable));
    if (changes.length > 0) this.#options.post({ type: 'ownership', changes });
    if (!sameKeys(before.unanswerable, unanswerable)) {
      this.#options.post({ type: 'unanswerable', addresses: [...unanswerable].map(textOf) });
    }
  }

  /** Is in the groups in which the addresses are asked for that this node may have to answer for; where they are answered. */
  #joinGroups(): void {
    const { keys, on, nodes } = this.#ballot;
    const place = nodes.indexOf(this.#options.node);
    const isWanted = (key: AddressKey, i: number): boolean =>
      typeof key === 'string' && (isEntryNear(this.#ballot, i, place) || this.#election.claims.has(key));
    const wanted = keys.flatMap((key, i) => (isWanted(key, i) ? [{ key, on: on[i] ?? 'all' }] : []));
    const before = this.#joined;
    this.#joined = new Map();
    for (const { name } of this.#ports.list().filter(({ identity }) => identity.linkLocal !== undefined)) {
      const here = wanted.filter(({ on }) => on === 'all' || on.has(name)).map(({ key }) => key);
      this.#joined.set(name, new Set(here));
      for (const key of here) if (before.get(name)?.has(key) !== true) this.#groups.join(name, key);
    }
    for (const [name, keys] of before) {
      for (const key of keys) if (this.#joined.get(name)?.has(key) !== true) this.#groups.leave(name, key);
    }
  }

  /** Whether its group was not asked for on every interface; an address of IPv4 has none. */
  #isUnjoined(key: AddressKey): boolean {
    return typeof key === 'string' && [...this.#joined.values()].some((here) => !here.has(key));
  }

  #wakeAt(): number {
    const ours = Math.min(this.#announcer.wakeAt, this.#strangers.wakeAt);
    const questionsAt = this.#leaving ? Number.POSITIVE_INFINITY : this.#questions.wakeAt;
    // Nothing is reopened any more by one that leaves.
    return Math.min(this.#liveness.wakeAt, ours, questionsAt, this.#leaving ? Number.POSITIVE_INFINITY : this.#ports.wakeAt);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const wakeAt = this.#wakeAt();
    if (this.#stopped || wakeAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, wakeAt - performance.now()));
  }

  #tick(): void {
    const now = performance.now();
    if (this.#liveness.wakeAt <= now) this.#liveness.tick();
    this.#announcer.tick(now);
    if (this.#strangers.wakeAt <= now) this.#strangers.review();
    if (!this.#leaving) this.#questions.tick(now);
    if (this.#ports.wakeAt <= now && !this.#leaving) this.#ports.tick();
    this.#schedule();
  }

  /** Frames may keep the loop from its timers; what they delay is done between two batches. */
  #tickIfDue(): void {
    if (this.#wakeAt() <= performance.now()) this.#tick();
  }
}

const textOf = (key: AddressKey): string => formatAddress(addressOfKey(key));

function entryOf(claims: Claims, key: AddressKey): readonly (readonly [AddressKey, On])[] {
  const on = claims.get(key);
  return on === undefined ? [] : [[key, on]];
}

const claimsOn = (claims: Claims, port: Port): Claims =>
  new Map([...claims].filter(([key, on]) => port.canAnswer(key) && (on === 'all' || on.has(port.name))));

const sameKeys = (a: ReadonlySet<AddressKey>, b: ReadonlySet<AddressKey>): boolean =>
  a.size === b.size && [...a].every((key) => b.has(key));
