/**
 * What Prometheus sees: MetalLB's series with MetalLB's names, and our own.
 *
 * Values come in as plain snapshots, whole, from whichever thread counts them: a series that is missing from the next
 * snapshot is gone from the next scrape. Nothing is counted here but what this thread itself does.
 */
import type { PoolUsage } from '../../src/allocator/usage.js';
import type { Component } from '../source/source.js';
import { CONTENT_TYPE, type Family, formatFamilies, Histogram, type Sample } from './exposition.js';
import { processFamilies } from './processmetrics.js';

/** Counts since the wire thread began; every number only grows. */
export interface WireSample {
  /** By address. */
  readonly requestsReceived: Readonly<Record<string, number>>;
  readonly responsesSent: Readonly<Record<string, number>>;
  readonly gratuitousSent: Readonly<Record<string, number>>;
  /** Frames in which a stranger claimed an address of this node; addresses without any are left out. */
  readonly conflictClaims: Readonly<Record<string, number>>;
  readonly refreshesSent: number;
  /** Interfaces that are answered on. */
  readonly interfaces: readonly { readonly name: string; readonly protocols: readonly string[] }[];
  /** By drop reason. */
  readonly framesDropped: Readonly<Record<string, number>>;
  /** Heartbeat datagrams; `rejected` ones could not be decoded. */
  readonly beats: { readonly sent: number; readonly received: number; readonly rejected: number };
  readonly gossip: GossipSample;
  /** Silent peers that answered on the wire. */
  readonly takeoversRefused: number;
}

/** What the gossip port has counted, and memberlist's own state. */
export interface GossipSample {
  /** Datagrams by direction, beats among them. */
  readonly packets: Readonly<Record<string, number>>;
  readonly streams: Readonly<Record<string, number>>;
  /** Packets, streams and parts of them that were not heard, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Nodes by memberlist's state, this one too. */
  readonly nodes: Readonly<Record<string, number>>;
  /** 0: well. */
  readonly health: number;
}

/** An address this node answers for, once for each Service that holds it. */
export interface Announced {
  /** `namespace/name`. */
  readonly service: string;
  readonly address: string;
}

/** A stranger claims an address of this node. */
export interface AddressConflict {
  readonly address: string;
  /** The stranger's. */
  readonly mac: string;
  readonly interface: string;
}

export interface Metrics {
  readonly contentType: string;
  /** The text of a scrape. */
  text(): string;
  setPools(usage: readonly PoolUsage[]): void;
  setConfig(state: { readonly loaded: boolean; readonly stale: boolean }): void;
  countUpdate(outcome: 'done' | 'failed'): void;
  /** Gone through at each scrape. */
  setAnnounced(announced: Iterable<Announced>): void;
  setWire(sample: WireSample): void;
  /** Strangers who claim addresses of this node now. */
  setConflicts(conflicts: readonly AddressConflict[]): void;
  /** Interfaces that cannot be captured now. */
  setUncaptured(interfaces: readonly string[]): void;
  /** Members because of which addresses are not spread over the nodes. */
  setUnspread(members: readonly string[]): void;
  /** Members by state: `alive`, `suspect`, … */
  setMembers(members: Readonly<Record<string, number>>): void;
  /** A takeover: how it was noticed, and how long after the last sign of life the address was claimed. */
  observeFailover(evidence: string, seconds: number): void;
  /** The state was read, changed or not, at this time; undefined: it was not read yet. */
  setViewConfirmed(atMs: number | undefined): void;
  /** Kinds that cannot be followed now. */
  setUnfollowed(kinds: readonly string[]): void;
  /** Services over whose status somebody else writes again and again. */
  setContested(services: readonly string[]): void;
  /** Whether this controller leads. */
  setLeading(leads: boolean): void;
}

export interface MetricsOptions {
  readonly node: string;
  /** What this process does: nobody is shown counters of what nobody counts. */
  readonly components: readonly Component[];
  now(): number;
  /** `process_*` and `nodejs_*`. @default true */
  readonly process?: boolean;
}

const FAILOVER_BUCKETS_SECONDS = [0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The newest snapshots, as they were handed over: they become samples when somebody asks. */
interface Latest {
  pools: readonly PoolUsage[];
  config: { readonly loaded: boolean; readonly stale: boolean };
  announced: Iterable<Announced>;
  wire: WireSample | undefined;
  conflicts: readonly AddressConflict[];
  uncaptured: readonly string[];
  unspread: readonly string[];
  members: Readonly<Record<string, number>>;
  confirmedAtMs: number | undefined;
  unfollowed: readonly string[];
  contested: readonly string[];
  /** Undefined where there is no lease. */
  leads: boolean | undefined;
  updates: number;
  failedUpdates: number;
}

export function createMetrics({ node, components, now, process = true }: MetricsOptions): Metrics {
  const failover = new Histogram('evidence', FAILOVER_BUCKETS_SECONDS);
  const latest: Latest = {
    pools: [],
    config: { loaded: false, stale: false },
    announced: [],
    wire: undefined,
    conflicts: [],
    uncaptured: [],
    unspread: [],
    members: {},
    confirmedAtMs: undefined,
    unfollowed: [],
    contested: [],
    leads: undefined,
    updates: 0,
    failedUpdates: 0,
  };
  return {
    contentType: CONTENT_TYPE,
    text: () =>
      formatFamilies([
        ...(process ? processFamilies() : []),
        ...viewFamilies(latest, now()),
        ...(components.includes('controller') ? controllerFamilies(latest) : []),
        ...(components.includes('speaker') ? speakerFamilies(latest, failover, node) : []),
      ]),
    setPools: (usage) => {
      latest.pools = usage;
    },
    setConfig: (state) => {
      latest.config = state;
    },
    countUpdate: (outcome) => {
      latest.updates++;
      if (outcome === 'failed') latest.failedUpdates++;
    },
    setAnnounced: (announced) => {
      latest.announced = announced;
    },
    setWire: (sample) => {
      latest.wire = sample;
    },
    setConflicts: (conflicts) => {
      latest.conflicts = conflicts;
    },
    setUncaptured: (interfaces) => {
      latest.uncaptured = interfaces;
    },
    setUnspread: (members) => {
      latest.unspread = members;
    },
    setMembers: (members) => {
      latest.members = members;
    },
    observeFailover: (evidence, seconds) => failover.observe(evidence, seconds),
    setViewConfirmed: (atMs) => {
      latest.confirmedAtMs = atMs;
    },
    setUnfollowed: (kinds) => {
      latest.unfollowed = kinds;
    },
    setContested: (services) => {
      latest.contested = services;
    },
    setLeading: (leads) => {
      latest.leads = leads;
    },
  };
}

const gauge = (name: string, help: string, samples: Iterable<Sample>): Family => ({ name, type: 'gauge', help, samples });
const counter = (name: string, help: string, samples: Iterable<Sample>): Family => ({ name, type: 'counter', help, samples });
const histogram = (name: string, help: string, of: Histogram): Family => ({
  name,
  type: 'histogram',
  help,
  samples: of.samples(),
});

function* byLabel(label: string, values: Readonly<Record<string, number>> = {}): Iterable<Sample> {
  for (const [key, value] of Object.entries(values)) yield { labels: { [label]: key }, value };
}

const POOL_SERIES: readonly (readonly [name: string, help: string, of: (usage: PoolUsage) => number])[] = [
  ['addresses_total', 'Usable addresses of the pool.', ({ total }) => Number(total)],
  [
    'ipv4_addresses_total',
    'Usable IPv4 addresses of the pool.',
    ({ assignedIPv4, availableIPv4 }) => assignedIPv4 + Number(availableIPv4),
  ],
  [
    'ipv6_addresses_total',
    'Usable IPv6 addresses of the pool.',
    ({ assignedIPv6, availableIPv6 }) => assignedIPv6 + Number(availableIPv6),
  ],
  [
    'addresses_in_use_total',
    'Addresses of the pool that Services hold.',
    ({ assignedIPv4, assignedIPv6 }) => assignedIPv4 + assignedIPv6,
  ],
  ['ipv4_addresses_in_use_total', 'IPv4 addresses of the pool that Services hold.', ({ assignedIPv4 }) => assignedIPv4],
  ['ipv6_addresses_in_use_total', 'IPv6 addresses of the pool that Services hold.', ({ assignedIPv6 }) => assignedIPv6],
  ['services_allocated_total', 'Services that hold addresses of the pool.', ({ services }) => services],
];

const controllerFamilies = ({ pools, leads, contested }: Latest): readonly Family[] => [
  ...POOL_SERIES.map(([name, help, of]) =>
    gauge(
      `metallb_allocator_${name}`,
      help,
      pools.map((one) => ({ labels: { pool: one.pool }, value: of(one) })),
    ),
  ),
  gauge(
    'arpeggio_leading',
    '1 for the controller that gives addresses, 0 for those that wait for its lease.',
    leads === undefined ? [] : [{ value: Number(leads) }],
  ),
  gauge(
    'arpeggio_status_contested',
    '1 for each Service over whose status somebody else writes again and again.',
    contested.map((service) => ({ labels: { service }, value: 1 })),
  ),
];

function viewFamilies(latest: Latest, nowMs: number): readonly Family[] {
  const { config, updates, failedUpdates, confirmedAtMs, unfollowed, leads } = latest;
  // One that waits for the lease reads no configuration: nobody need be told that it has none.
  const only = (value: boolean): readonly Sample[] => (leads === false ? [] : [{ value: Number(value) }]);
  return [
    gauge('metallb_k8s_client_config_loaded_bool', '1 once a configuration was in force.', only(config.loaded)),
    gauge(
      'metallb_k8s_client_config_stale_bool',
      '1 while the newest configuration is refused and an older one is in force.',
      only(config.stale),
    ),
    counter('metallb_k8s_client_updates_total', 'Changes of state worked through.', [{ value: updates }]),
    counter('metallb_k8s_client_update_errors_total', 'Changes of state that could not be worked through.', [
      { value: failedUpdates },
    ]),
    gauge(
      'arpeggio_view_age_seconds',
      'How long ago the state was last read; the last view stays in force however old it is.',
      confirmedAtMs === undefined ? [] : [{ value: Math.max(0, nowMs - confirmedAtMs) / 1000 }],
    ),
    gauge(
      'arpeggio_kind_unfollowed',
      '1 for each kind of which the API server tells nothing now.',
      unfollowed.map((kind) => ({ labels: { kind }, value: 1 })),
    ),
  ];
}

function* announcedSamples(announced: Iterable<Announced>, node: string): Iterable<Sample> {
  for (const { service, address } of announced) {
    yield { labels: { service, protocol: 'layer2', node, ip: address }, value: 1 };
  }
}

const speakerFamilies = (latest: Latest, failover: Histogram, node: string): readonly Family[] => [
  histogram(
    'arpeggio_failover_seconds',
    'From the last sign of life of the former owner to the claim of its address, by the evidence for its death.',
    failover,
  ),
  gauge(
    'metallb_speaker_announced',
    '1 for each Service address this node answers for.',
    announcedSamples(latest.announced, node),
  ),
  ...wireFamilies(latest.wire),
  gauge(
    'arpeggio_layer2_conflicts',
    '1 for each stranger who claims an address that this node answers for.',
    latest.conflicts.map(({ address, mac, interface: on }) => ({ labels: { ip: address, mac, interface: on }, value: 1 })),
  ),
  gauge(
    'arpeggio_interface_uncaptured',
    '1 for each interface that should be answered on and cannot be captured.',
    latest.uncaptured.map((name) => ({ labels: { interface: name }, value: 1 })),
  ),
  gauge(
    'arpeggio_spread_off',
    '1 for each live member because of which addresses are not spread over the nodes.',
    latest.unspread.map((member) => ({ labels: { member }, value: 1 })),
  ),
  gauge(
    'arpeggio_memberlist_members',
    'Members of the gossip cluster as this node sees them, itself included.',
    byLabel('state', latest.members),
  ),
];

const wireFamilies = (sample: WireSample | undefined): readonly Family[] => [
  counter(
    'metallb_layer2_requests_received',
    'ARP and ND requests for owned addresses.',
    byLabel('ip', sample?.requestsReceived),
  ),
  counter('metallb_layer2_responses_sent', 'Replies sent.', byLabel('ip', sample?.responsesSent)),
  counter('metallb_layer2_gratuitous_sent', 'Gratuitous frames sent.', byLabel('ip', sample?.gratuitousSent)),
  counter(
    'arpeggio_memberlist_beats_total',
    'Heartbeats sent, received and rejected.',
    byLabel('direction', { ...sample?.beats }),
  ),
  counter(
    'arpeggio_memberlist_packets_total',
    'Datagrams of gossip, heartbeats among them.',
    byLabel('direction', sample?.gossip.packets),
  ),
  counter(
    'arpeggio_memberlist_streams_total',
    'Streams opened to others, taken from others, and refused because too many were open.',
    byLabel('direction', sample?.gossip.streams),
  ),
  counter(
    'arpeggio_memberlist_packets_dropped_total',
    'Datagrams, streams and parts of them that could not be read, by reason.',
    byLabel('reason', sample?.gossip.dropped),
  ),
  gauge(
    'arpeggio_memberlist_nodes',
    'Nodes that memberlist knows, by its state of them.',
    byLabel('state', sample?.gossip.nodes),
  ),
  gauge('arpeggio_memberlist_health_score', "How slow this node is to answer by memberlist's own judgement; 0 is well.", [
    { value: sample?.gossip.health ?? 0 },
  ]),
  counter('arpeggio_takeovers_refused_total', 'Nodes that were not heard any more, and answered on the wire.', [
    { value: sample?.takeoversRefused ?? 0 },
  ]),
  counter(
    'arpeggio_layer2_conflict_claims_total',
    'Frames in which a stranger claimed the address.',
    byLabel('ip', sample?.conflictClaims),
  ),
  counter(
    'arpeggio_layer2_refreshes_sent_total',
    'Gratuitous frames sent so that switches and hosts do not forget who answers.',
    [{ value: sample?.refreshesSent ?? 0 }],
  ),
  gauge(
    'arpeggio_interface_answering',
    '1 for each interface that is answered on.',
    (sample?.interfaces ?? []).flatMap(({ name, protocols }) =>
      protocols.map((protocol) => ({ labels: { interface: name, protocol }, value: 1 })),
    ),
  ),
  counter(
    'arpeggio_frames_dropped_total',
    'Captured frames that were not answered, by reason.',
    byLabel('reason', sample?.framesDropped),
  ),
];
