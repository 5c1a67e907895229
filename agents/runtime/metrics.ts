/**
 * What Prometheus sees: MetalLB's series with MetalLB's names, and our own. Only this file knows prom-client.
 *
 * Values come in as plain snapshots, whole, from whichever thread counts them: a series that is missing from the next
 * snapshot is gone from the next scrape. Nothing is counted here but what this thread itself does.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolUsage } from '../../src/allocator/usage.js';

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
}

/** An address this node answers for, once for each Service that holds it. */
export interface Announced {
  /** `namespace/name`. */
  readonly service: string;
  readonly address: string;
}

export interface Metrics {
  readonly contentType: string;
  /** The text of a scrape. */
  text(): Promise<string>;
  setPools(usage: readonly PoolUsage[]): void;
  setConfig(state: { readonly loaded: boolean; readonly stale: boolean }): void;
  countUpdate(outcome: 'done' | 'failed'): void;
  setAnnounced(announced: readonly Announced[]): void;
  setWire(sample: WireSample): void;
  /** Strangers who claim addresses of this node now. */
  setConflicts(conflicts: readonly { readonly address: string; readonly mac: string; readonly interface: string }[]): void;
  /** Members by state: `alive`, `suspect`, … */
  setMembers(members: Readonly<Record<string, number>>): void;
  /** A takeover: how it was noticed, and how long after the last sign of life the address was claimed. */
  observeFailover(evidence: string, seconds: number): void;
  /** The state was read, changed or not, at this time. */
  setViewConfirmed(atMs: number): void;
}

export interface MetricsOptions {
  readonly node: string;
  now(): number;
  /** `process_*` and `nodejs_*`. @default true */
  readonly process?: boolean;
}

const FAILOVER_BUCKETS_SECONDS = [0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics({ node, now, process = true }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const failover = new Histogram({
    name: 'arpeggio_failover_seconds',
    help: 'From the last sign of life of the former owner to the claim of its address, by the evidence for its death.',
    labelNames: ['evidence'],
    buckets: FAILOVER_BUCKETS_SECONDS,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    setPools: poolSeries(registry),
    setConfig: configSeries(registry),
    countUpdate: updateSeries(registry),
    setAnnounced: announcedSeries(registry, node),
    setWire: wireSeries(registry),
    setConflicts: conflictSeries(registry),
    setMembers: absolute(
      new Gauge({
        name: 'arpeggio_memberlist_members',
        help: 'Members of the gossip cluster as this node sees them, itself included.',
        labelNames: ['state'],
        registers: [registry],
      }),
    ),
    observeFailover: (evidence, seconds) => failover.observe({ evidence }, seconds),
    setViewConfirmed: viewAge(registry, now),
  };
}

function poolSeries(registers: Registry): Metrics['setPools'] {
  const gauge = (name: string, help: string): Gauge<'pool'> =>
    new Gauge({ name: `metallb_allocator_${name}`, help, labelNames: ['pool'], registers: [registers] });
  const total = gauge('addresses_total', 'Usable addresses of the pool.');
  const totalIpv4 = gauge('ipv4_addresses_total', 'Usable IPv4 addresses of the pool.');
  const totalIpv6 = gauge('ipv6_addresses_total', 'Usable IPv6 addresses of the pool.');
  const inUse = gauge('addresses_in_use_total', 'Addresses of the pool that Services hold.');
  const inUseIpv4 = gauge('ipv4_addresses_in_use_total', 'IPv4 addresses of the pool that Services hold.');
  const inUseIpv6 = gauge('ipv6_addresses_in_use_total', 'IPv6 addresses of the pool that Services hold.');
  const all = [total, totalIpv4, totalIpv6, inUse, inUseIpv4, inUseIpv6];
  return (usage) => {
    for (const one of all) one.reset();
    for (const { pool, assignedIPv4, assignedIPv6, availableIPv4, availableIPv6, total: capacity } of usage) {
      total.set({ pool }, Number(capacity));
      totalIpv4.set({ pool }, assignedIPv4 + Number(availableIPv4));
      totalIpv6.set({ pool }, assignedIPv6 + Number(availableIPv6));
      inUse.set({ pool }, assignedIPv4 + assignedIPv6);
      inUseIpv4.set({ pool }, assignedIPv4);
      inUseIpv6.set({ pool }, assignedIPv6);
    }
  };
}

function configSeries(registry: Registry): Metrics['setConfig'] {
  const loaded = new Gauge({
    name: 'metallb_k8s_client_config_loaded_bool',
    help: '1 once a configuration was in force.',
    registers: [registry],
  });
  const stale = new Gauge({
    name: 'metallb_k8s_client_config_stale_bool',
    help: '1 while the newest configuration is refused and an older one is in force.',
    registers: [registry],
  });
  return (state) => {
    loaded.set(Number(state.loaded));
    stale.set(Number(state.stale));
  };
}

function updateSeries(registry: Registry): Metrics['countUpdate'] {
  const updates = new Counter({
    name: 'metallb_k8s_client_updates_total',
    help: 'Changes of state worked through.',
    registers: [registry],
  });
  const errors = new Counter({
    name: 'metallb_k8s_client_update_errors_total',
    help: 'Changes of state that could not be worked through.',
    registers: [registry],
  });
  return (outcome) => {
    updates.inc();
    if (outcome === 'failed') errors.inc();
  };
}

function announcedSeries(registry: Registry, node: string): Metrics['setAnnounced'] {
  const gauge = new Gauge({
    name: 'metallb_speaker_announced',
    help: '1 for each Service address this node answers for.',
    labelNames: ['service', 'protocol', 'node', 'ip'],
    registers: [registry],
  });
  return (announced) => {
    gauge.reset();
    for (const { service, address } of announced) gauge.set({ service, protocol: 'layer2', node, ip: address }, 1);
  };
}

function wireSeries(registry: Registry): Metrics['setWire'] {
  const counter = (name: string, help: string, label: string): ReturnType<typeof absolute> =>
    absolute(new Counter({ name, help, labelNames: [label], registers: [registry] }));
  const requests = counter('metallb_layer2_requests_received', 'ARP and ND requests for owned addresses.', 'ip');
  const responses = counter('metallb_layer2_responses_sent', 'Replies sent.', 'ip');
  const gratuitous = counter('metallb_layer2_gratuitous_sent', 'Gratuitous frames sent.', 'ip');
  const beats = counter('arpeggio_memberlist_beats_total', 'Heartbeats sent, received and rejected.', 'direction');
  const claims = counter('arpeggio_layer2_conflict_claims_total', 'Frames in which a stranger claimed the address.', 'ip');
  const refreshes = new Counter({
    name: 'arpeggio_layer2_refreshes_sent_total',
    help: 'Gratuitous frames sent so that switches and hosts do not forget who answers.',
    registers: [registry],
  });
  const interfaces = new Gauge({
    name: 'arpeggio_interface_answering',
    help: '1 for each interface that is answered on.',
    labelNames: ['interface', 'protocol'],
    registers: [registry],
  });
  const dropped = counter('arpeggio_frames_dropped_total', 'Captured frames that were not answered, by reason.', 'reason');
  return (sample) => {
    requests(sample.requestsReceived);
    responses(sample.responsesSent);
    gratuitous(sample.gratuitousSent);
    claims(sample.conflictClaims);
    refreshes.reset();
    refreshes.inc(sample.refreshesSent);
    interfaces.reset();
    for (const { name, protocols } of sample.interfaces) {
      for (const protocol of protocols) interfaces.set({ interface: name, protocol }, 1);
    }
    dropped(sample.framesDropped);
    beats(sample.beats);
  };
}

function conflictSeries(registry: Registry): Metrics['setConflicts'] {
  const gauge = new Gauge({
    name: 'arpeggio_layer2_conflicts',
    help: '1 for each stranger who claims an address that this node answers for.',
    labelNames: ['ip', 'mac', 'interface'],
    registers: [registry],
  });
  return (conflicts) => {
    gauge.reset();
    for (const { address, mac, interface: on } of conflicts) gauge.set({ ip: address, mac, interface: on }, 1);
  };
}

/** A metric with one label, set to exactly what a snapshot says. */
function absolute(metric: Counter<string> | Gauge<string>): (values: Readonly<Record<string, number>>) => void {
  return (values) => {
    metric.reset();
    for (const [key, value] of Object.entries(values)) metric.labels(key).inc(value);
  };
}

function viewAge(registry: Registry, now: () => number): Metrics['setViewConfirmed'] {
  let confirmedAtMs: number | undefined;
  const gauge = new Gauge({
    name: 'arpeggio_view_age_seconds',
    help: 'How long ago the state was last read; the last view stays in force however old it is.',
    registers: [registry],
    collect: () => {
      if (confirmedAtMs !== undefined) gauge.set(Math.max(0, now() - confirmedAtMs) / 1000);
    },
  });
  return (atMs) => {
    confirmedAtMs = atMs;
  };
}
