/**
 * The wire thread: hears what is new (a table, an interface, a peer, a frame), has it decided what this node answers for
 * (src/ownership), and does what follows at once; the view thread is told afterwards.
 *
 * It runs on the process's main thread and waits for nobody: no file, no API, no log.
 */
import { randomBytes } from 'node:crypto';
import type { Issue } from '../../../src/issue/issue.js';
import { type Ballot, NO_BALLOT } from '../../../src/layer2/ballot.js';
import type { Claims } from '../../../src/layer2/claims.js';
import { isLoss } from '../../../src/membership/loss.js';
import type { Key } from '../../../src/membership/memberlist/seal.js';
import { LAN, type Tuning } from '../../../src/membership/memberlist/settings.js';
import type { Membership } from '../../../src/membership/membership.js';
import { type AddressKey, addressOfKey, type Family, formatAddress } from '../../../src/net/address.js';
import type { Mac } from '../../../src/net/mac.js';
import { Authority, type AuthorityEffect } from '../../../src/ownership/authority.js';
import { hasStoodStill } from '../../../src/ownership/standstill.js';
import type { ConflictPolicy } from '../../../src/ownership/strangerclaims.js';
import { Pace } from '../../runtime/pace.js';
import type { OwnerChange, ToView, ToWire } from '../messages.js';
import type { WireCounts } from '../sample.js';
import { Alarm } from './alarm.js';
import { Announcer } from './announcer.js';
import { Counters } from './counters.js';
import { Deeds } from './deeds.js';
import { GossipPort } from './gossipport.js';
import { SolicitedNodeGroups } from './groups.js';
import { Lifelines } from './lifelines.js';
import { Liveness } from './liveness.js';
import type { PeerName } from './peers.js';
import type { Port } from './port.js';
import { Ports } from './ports.js';
import { Strangers } from './strangers.js';
import { WantedGroups } from './wantedgroups.js';

export interface WireOptions {
  readonly node: string;
  readonly port: number;
  readonly peers: readonly PeerName[];
  readonly gossip: GossipSettings;
  /** Addresses are spread over the nodes; the view does that, here it is told to others. */
  readonly spread: boolean;
  /** Gratuitous frames a second on each interface. */
  readonly announceRate: number;
  /** Between two refreshes of one address; 0: none. */
  readonly refreshMs: number;
  /** Gateways that answer for others (proxy ARP): their claims are no conflict. */
  readonly proxies: readonly Mac[];
  /** How long a node that came back waits before it takes its addresses back; infinity: until the others are gone. */
  readonly failbackMs: number;
  /** What becomes of an address that somebody claims who is no member. */
  readonly onConflict: ConflictPolicy;
  readonly post: (message: ToView) => void;
}

/** Between two looks whether all that this node owned has found another owner. */
const GONE_EVERY_MS = 5;

/** How this node takes part in gossip. What is absent is as with MetalLB when nothing is said. */
export interface GossipSettings {
  /** That it goes over. @default IPv4 */
  readonly family?: Family | undefined;
  /** Of that family: to bind to and to tell others. @default every address, and the one from which peers are reached */
  readonly address?: string | undefined;
  /** @default no encryption */
  readonly key?: Key | undefined;
  /** @default LAN */
  readonly tuning?: Tuning | undefined;
}

export class Wire {
  readonly #options: WireOptions;
  readonly #bootId: string = randomBytes(8).toString('hex');
  readonly #counters: Counters = new Counters();
  readonly #gossip: GossipPort;
  readonly #liveness: Liveness;
  readonly #lifelines: Lifelines;
  readonly #ports: Ports;
  readonly #announcer: Announcer;
  readonly #strangers: Strangers;
  readonly #authority: Authority;
  readonly #groups: SolicitedNodeGroups;
  readonly #wantedGroups: WantedGroups;
  readonly #deeds: Deeds;
  #ballot: Ballot = NO_BALLOT;
  #stale = false;
  readonly #alarm = new Alarm(() => this.#tick());
  /** When the next beat was due, when the timer was set: whatever comes first after a stall may have sent it already. */
  #beatDueAt = Number.POSITIVE_INFINITY;
  /** As it was acted on last. */
  #membership: Membership;
  /** What is told about members that nobody waits for: when many come at once, each would cost a look at every address. */
  readonly #membersPace = new Pace(() => this.#takeMembership());
  #leaving = false;
  #stopped = false;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#membership = { self: options.node, settled: false, ready: false, members: [] };
    const { announceRate: framesPerSecond, refreshMs, proxies } = options;
    const counters = this.#counters;
    this.#groups = new SolicitedNodeGroups((one) => options.post({ type: 'issues', issues: [one] }));
    this.#wantedGroups = new WantedGroups(options.node, this.#groups);
    this.#authority = new Authority({
      self: options.node,
      bootId: this.#bootId,
      failbackMs: options.failbackMs,
      onConflict: options.onConflict,
      canAnswer: (key, on) => this.#ports.canAnswer(key, on),
    });
    this.#ports = new Ports({
      counters,
      claims: () => this.#authority.claims,
      isAsked: (key) => this.#authority.isListening(key),
      onClaim: (key, mac, on) => {
        if (this.#strangers.isProxy(mac)) return;
        // First who is a stranger: it may not own the address any more afterwards.
        this.#strangers.claim(key, mac, on.name);
        this.#decide((now) => this.#authority.hearClaim(key, mac, on.identity.mac, now));
      },
      onFrame: () => this.#noticeStall(),
      onBusy: () => this.#tickIfDue(),
      onChange: (opened) => this.#onPorts(opened),
      onSchedule: () => this.#schedule(),
      post: options.post,
    });
    const ports = this.#ports;
    this.#announcer = new Announcer({ framesPerSecond, refreshMs, ports, counters });
    this.#strangers = new Strangers({
      concernOf: (key) => this.#authority.concernOf(key),
      onStranger: (key) => this.#decide((now) => this.#authority.strangerClaims(key, now)),
      ports,
      counters,
      proxies,
      refreshMs,
      onChange: (begun, over) => options.post({ type: 'conflicts', begun, over }),
      onSchedule: () => this.#schedule(),
    });
    const { address, family, key, tuning = LAN } = options.gossip;
    this.#gossip = new GossipPort({
      ...{ port: options.port, family, address, key, streamTimeoutMs: tuning.tcpTimeoutMs },
      report: (issues) => options.post({ type: 'issues', issues }),
    });
    this.#lifelines = new Lifelines({
      gossip: this.#gossip,
      onClosed: (peer) => this.#decide((now) => this.#authority.connectionClosed(peer, now)),
      onCrash: (peer, sinceMs) => this.#decide((now) => this.#authority.connectionEnded(peer, sinceMs, now)),
    });
    this.#liveness = new Liveness({
      ...{ self: options.node, bootId: this.#bootId, gossip: this.#gossip, port: options.port, address, tuning },
      spreads: options.spread,
      onChange: () => this.#onMembership(),
      onReunion: () => {
        // Another may have claimed its addresses while this node was cut off, and the caches still point there.
        this.#announcer.announce(this.#authority.claims);
        this.#schedule();
      },
      onSettled: (arrival) => this.#decide((now) => this.#authority.settled(arrival, now)),
      onAllHeard: () => this.#decide((now) => this.#authority.endDoubt(now)),
      onWord: (word) => this.#decide((now) => this.#authority.hearWord(word, now)),
      onFaltering: (peer) => this.#decide((now) => this.#authority.faltering(peer, now)),
      onSteady: (peer) => this.#decide((now) => this.#authority.steady(peer, now)),
      onSchedule: () => this.#schedule(),
      log: (record) => options.post({ type: 'log', record }),
      report: (issues) => options.post({ type: 'issues', issues }),
    });
    this.#deeds = new Deeds({
      ...{ authority: this.#authority, liveness: this.#liveness, announcer: this.#announcer, ports },
      ...{ strangers: this.#strangers, groups: this.#wantedGroups },
      joinGroups: () => this.#joinGroups(),
      isStale: () => this.#stale,
    });
  }

  /** Takes the port of gossip. The issue ends the process: without it nobody may own anything. */
  async bind(): Promise<Issue | undefined> {
    return this.#gossip.bind();
  }

  /** Begins to gossip, and to send and hear heartbeats, until `signal` aborts. */
  async start(signal: AbortSignal, peers: readonly PeerName[] = this.#options.peers): Promise<void> {
    await this.#liveness.start(signal, peers);
    this.#onMembership();
  }

  /** Hands everything over, goes on answering until others do, and closes everything. */
  async stop(): Promise<void> {
    // From here on nothing more is announced: the next owners' announcements must stand.
    this.#leaving = true;
    this.#announcer.silence();
    const told = this.#liveness.leave();
    this.#decide((now) => this.#authority.leave(now));
    while (!this.#authority.isGone(performance.now())) await new Promise((resolve) => setTimeout(resolve, GONE_EVERY_MS));
    await told;
    this.#stopped = true;
    this.#alarm.clear();
    this.#membersPace.cancel();
    const owned = [...this.#authority.claims.keys()];
    this.#lifelines.close();
    this.#gossip.streams.close();
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
        this.#stale = message.stale;
        this.#ports.setPrefixes(message.prefixes);
        this.#decide((now) => this.#authority.setTable(message.ballot, message.known, message.stale, now));
        // The new prefixes are those of configuration alone; what is owned beyond them must go on being heard.
        this.#ports.own(this.#authority.claims.keys());
        this.#liveness.setStanding(this.#authority.isReturning, this.#stale);
        this.#joinGroups();
        break;
      case 'interfaces':
        this.#groups.resync(message.interfaces);
        this.#ports.setInterfaces(message.interfaces);
        break;
      case 'peers':
        this.#liveness.join(message.hosts);
        break;
      case 'sample':
        this.#options.post({ type: 'sample', id: message.id, sample: this.sample() });
        break;
      case 'fatal':
      case 'trimmed':
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
      gossip: this.#liveness.sample,
      takeoversRefused: this.#authority.takeoversRefused,
      interfaces: this.#ports.list().map(({ name, identity }) => ({
        name,
        protocols: [...(identity.arp ? ['arp'] : []), ...(identity.linkLocal === undefined ? [] : ['ndp'])],
      })),
    };
  }

  #onMembership(): void {
    if (isLoss(this.#membership, this.#liveness.membership)) this.#takeMembership();
    else this.#membersPace.request();
  }

  #takeMembership(): void {
    this.#membersPace.cancel();
    const { membership } = this.#liveness;
    this.#membership = membership;
    this.#strangers.setPeers(membership.members.flatMap(({ macs }) => macs));
    this.#decide((now) => this.#authority.setMembership(membership, now));
    this.#lifelines.setMembers(membership.members);
    this.#options.post({ type: 'membership', membership });
    this.#schedule();
  }

  /** Interfaces can be answered on that could not be, or cannot any more. */
  #onPorts(opened: Port | undefined): void {
    if (this.#leaving) return;
    const ports = this.#ports.list();
    this.#liveness.setMacs(ports.map(({ identity }) => identity.mac));
    this.#liveness.setReady(ports.length > 0);
    this.#decide((now) => this.#authority.review(now));
    this.#joinGroups();
    // Tells everybody on an interface that came late what this node answers for.
    if (opened !== undefined) this.#announcer.announce(claimsOn(this.#authority.claims, opened));
    this.#schedule();
  }

  /**
   * Carries out what follows from something new: first what the wire waits for, then what people are told. What was put off comes
   * before it: nothing is decided by members of before.
   */
  #decide(decide: (now: number) => readonly AuthorityEffect[]): void {
    this.#noticeStall();
    this.#membersPace.flush();
    const before = new Set(this.#authority.unanswerable);
    for (const message of this.#deeds.perform(decide(performance.now()))) this.#options.post(message);
    const { unanswerable } = this.#authority;
    if (!sameKeys(before, unanswerable)) this.#options.post({ type: 'unanswerable', addresses: [...unanswerable].map(textOf) });
    this.#schedule();
  }

  /** Others may have taken over meanwhile: nothing is answered before the wire was asked. */
  #noticeStall(): void {
    const now = performance.now();
    if (!hasStoodStill(this.#beatDueAt, now)) return;
    this.#beatDueAt = now;
    this.#decide(() => this.#authority.stalled(now));
  }

  #joinGroups(): void {
    const withIpv6 = this.#ports.list().filter(({ identity }) => identity.linkLocal !== undefined);
    const names = withIpv6.map(({ name }) => name);
    this.#wantedGroups.want(this.#ballot, this.#authority.claims, names);
  }

  #wakeAt(): number {
    const ours = Math.min(this.#announcer.wakeAt, this.#strangers.wakeAt);
    // Nothing is reopened any more by one that leaves.
    return Math.min(
      this.#liveness.wakeAt,
      ours,
      this.#authority.wakeAt,
      this.#leaving ? Number.POSITIVE_INFINITY : this.#ports.wakeAt,
    );
  }

  #schedule(): void {
    this.#beatDueAt = this.#liveness.beatDueAt;
    if (!this.#stopped) this.#alarm.set(this.#wakeAt());
  }

  #tick(): void {
    this.#noticeStall();
    const now = performance.now();
    if (this.#liveness.wakeAt <= now) this.#liveness.tick();
    this.#announcer.tick(now);
    if (this.#strangers.wakeAt <= now) this.#strangers.review();
    if (this.#authority.wakeAt <= now) this.#decide((at) => this.#authority.tick(at));
    if (this.#ports.wakeAt <= now && !this.#leaving) this.#ports.tick();
    this.#schedule();
  }

  /** Frames may keep the loop from its timers; what they delay is done between two batches. */
  #tickIfDue(): void {
    if (this.#wakeAt() <= performance.now()) this.#tick();
  }
}

const textOf = (key: AddressKey): string => formatAddress(addressOfKey(key));

const claimsOn = (claims: Claims, port: Port): Claims =>
  new Map([...claims].filter(([key, on]) => port.canAnswer(key) && (on === 'all' || on.has(port.name))));

const sameKeys = (a: ReadonlySet<AddressKey>, b: ReadonlySet<AddressKey>): boolean =>
  a.size === b.size && [...a].every((key) => b.has(key));
