import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../agents/runtime/metrics.js';
import type { Component } from '../../agents/source/source.js';
import type { PoolUsage } from '../../src/allocator/usage.js';
import { ManualClock } from '../support/clock.js';

const clock = new ManualClock();
const metrics = (...components: readonly Component[]): Metrics =>
  createMetrics({ node: 'n1', components, now: clock.now, process: false });

/** The samples of a scrape, without help and types. */
const samples = async (of: Metrics): Promise<string[]> =>
  of
    .text()
    .split('\n')
    .filter((line) => /^[a-z]/.test(line));

const usage = (pool: string): PoolUsage => ({
  pool,
  assignedIPv4: 1,
  assignedIPv6: 2,
  availableIPv4: 9n,
  availableIPv6: 6n,
  total: 18n,
  services: 4,
});

test('pools are counted as MetalLB counts them, and gone ones are gone', async () => {
  const one = metrics('controller');
  one.setPools([usage('old'), usage('p')]);
  one.setPools([usage('p')]);
  const lines = await samples(one);
  expect(lines.filter((line) => line.startsWith('metallb_allocator'))).toEqual([
    'metallb_allocator_addresses_total{pool="p"} 18',
    'metallb_allocator_ipv4_addresses_total{pool="p"} 10',
    'metallb_allocator_ipv6_addresses_total{pool="p"} 8',
    'metallb_allocator_addresses_in_use_total{pool="p"} 3',
    'metallb_allocator_ipv4_addresses_in_use_total{pool="p"} 1',
    'metallb_allocator_ipv6_addresses_in_use_total{pool="p"} 2',
    'metallb_allocator_services_allocated_total{pool="p"} 4',
  ]);
});

test('the wire thread’s counts are shown as they are, not added up', async () => {
  const one = metrics('speaker');
  const sample = (n: number): Parameters<Metrics['setWire']>[0] => ({
    requestsReceived: { '192.0.2.1': n },
    responsesSent: { '192.0.2.1': n },
    gratuitousSent: { '192.0.2.1': 2 * n },
    conflictClaims: { '192.0.2.1': n },
    refreshesSent: n,
    interfaces: [{ name: `eth${n}`, protocols: ['arp', 'ndp'] }],
    framesDropped: { 'not-for-us': n },
    beats: { sent: n, received: n, rejected: 0 },
    gossip: {
      packets: { sent: 9, received: 8 },
      streams: { opened: 2, taken: 1, refused: 0 },
      dropped: { 'not-decrypted': 4 },
      nodes: { alive: 2, suspect: 1, dead: 0, left: 0 },
      health: 1,
    },
    takeoversRefused: n,
  });
  one.setWire(sample(1));
  one.setWire(sample(5));
  const lines = await samples(one);
  expect(lines).toContain('metallb_layer2_requests_received{ip="192.0.2.1"} 5');
  expect(lines).toContain('metallb_layer2_responses_sent{ip="192.0.2.1"} 5');
  expect(lines).toContain('metallb_layer2_gratuitous_sent{ip="192.0.2.1"} 10');
  expect(lines).toContain('arpeggio_frames_dropped_total{reason="not-for-us"} 5');
  expect(lines).toContain('arpeggio_layer2_conflict_claims_total{ip="192.0.2.1"} 5');
  expect(lines).toContain('arpeggio_layer2_refreshes_sent_total 5');
  expect(lines.filter((line) => line.startsWith('arpeggio_interface_answering'))).toEqual([
    'arpeggio_interface_answering{interface="eth5",protocol="arp"} 1',
    'arpeggio_interface_answering{interface="eth5",protocol="ndp"} 1',
  ]);
  expect(lines).toContain('arpeggio_memberlist_beats_total{direction="received"} 5');
  expect(lines).toContain('arpeggio_memberlist_packets_total{direction="received"} 8');
  expect(lines).toContain('arpeggio_memberlist_streams_total{direction="opened"} 2');
  expect(lines).toContain('arpeggio_memberlist_packets_dropped_total{reason="not-decrypted"} 4');
  expect(lines).toContain('arpeggio_memberlist_nodes{state="suspect"} 1');
  expect(lines).toContain('arpeggio_memberlist_health_score 1');
});

test('what is announced, who is a member, and whether the configuration is in force', async () => {
  const one = metrics('speaker');
  one.setAnnounced([{ service: 'a/gone', address: '192.0.2.9' }]);
  one.setAnnounced([{ service: 'a/b', address: '192.0.2.1' }]);
  one.setMembers({ alive: 3, silent: 0 });
  one.setConfig({ loaded: true, stale: false });
  one.countUpdate('done');
  one.countUpdate('failed');
  expect(await samples(one)).toEqual(
    expect.arrayContaining([
      'metallb_speaker_announced{service="a/b",protocol="layer2",node="n1",ip="192.0.2.1"} 1',
      'arpeggio_memberlist_members{state="alive"} 3',
      'arpeggio_memberlist_members{state="silent"} 0',
      'metallb_k8s_client_config_loaded_bool 1',
      'metallb_k8s_client_config_stale_bool 0',
      'metallb_k8s_client_updates_total 2',
      'metallb_k8s_client_update_errors_total 1',
    ]),
  );
  expect((await samples(one)).join()).not.toContain('a/gone');
});

test('a failover is put into a bucket, by its evidence', async () => {
  const one = metrics('speaker');
  one.observeFailover('silence', 0.012);
  const lines = await samples(one);
  expect(lines).toContain('arpeggio_failover_seconds_bucket{le="0.01",evidence="silence"} 0');
  expect(lines).toContain('arpeggio_failover_seconds_bucket{le="0.015",evidence="silence"} 1');
});

test('a controller has no series of a speaker, nor a speaker those of a controller', () => {
  const names = (of: Metrics): string[] => [...of.text().matchAll(/^# TYPE (\S+)/gm)].flatMap(([, name]) => name ?? []);
  const [controller, speaker] = [names(metrics('controller')), names(metrics('speaker'))];
  const both = controller.filter((name) => speaker.includes(name));
  expect(both).toEqual([
    'metallb_k8s_client_config_loaded_bool',
    'metallb_k8s_client_config_stale_bool',
    'metallb_k8s_client_updates_total',
    'metallb_k8s_client_update_errors_total',
    'arpeggio_view_age_seconds',
    'arpeggio_kind_unfollowed',
  ]);
  expect(controller.filter((name) => /speaker|layer2|memberlist/.test(name))).toEqual([]);
  expect(speaker.filter((name) => /allocator|leading/.test(name))).toEqual([]);
  expect(names(metrics('controller', 'speaker')).sort()).toEqual([...new Set([...controller, ...speaker])].sort());
});

test('the page of docs has a row for each series, and no other', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9_]+)`/gm)].map(([, name]) => name);
  const shown = [
    ...metrics('controller', 'speaker')
      .text()
      .matchAll(/^# TYPE (\S+)/gm),
  ].map(([, name]) => name);
  expect(rows.sort()).toEqual(shown.sort());
});

test('who leads, and which kinds are not followed', async () => {
  const one = metrics('controller');
  one.setLeading(true);
  one.setUnfollowed(['Node', 'Service']);
  expect(await samples(one)).toEqual(
    expect.arrayContaining([
      'arpeggio_leading 1',
      'arpeggio_kind_unfollowed{kind="Node"} 1',
      'arpeggio_kind_unfollowed{kind="Service"} 1',
    ]),
  );
  one.setLeading(false);
  one.setUnfollowed([]);
  expect(await samples(one)).toContain('arpeggio_leading 0');
  // Nor is anybody told that one which waits has no configuration.
  expect((await samples(one)).join()).not.toMatch(/unfollowed|config_/);
});

test('over whose status somebody else writes', async () => {
  const one = metrics('controller');
  one.setContested(['default/web']);
  expect(await samples(one)).toContain('arpeggio_status_contested{service="default/web"} 1');
  one.setContested([]);
  expect((await samples(one)).join()).not.toContain('contested{');
});

test('the age of the view grows until the state is read again', async () => {
  const one = metrics('speaker');
  expect((await samples(one)).join()).not.toContain('arpeggio_view_age_seconds');
  one.setViewConfirmed(clock.now());
  clock.advance(1500);
  expect(await samples(one)).toContain('arpeggio_view_age_seconds 1.5');
  one.setViewConfirmed(clock.now());
  expect(await samples(one)).toContain('arpeggio_view_age_seconds 0');
});
