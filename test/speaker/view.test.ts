/**
 * The view thread without a thread: what it posts, logs, writes and counts for each state and each report of the wire.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../../agents/runtime/log.js';
import { createMetrics, type Metrics } from '../../agents/runtime/metrics.js';
import type { ToWire } from '../../agents/speaker/messages.js';
import { View } from '../../agents/speaker/view/view.js';
import { issue } from '../../src/issue/issue.js';
import type { Membership } from '../../src/membership/membership.js';
import { addressOfKey, formatAddress } from '../../src/net/address.js';
import { member } from '../support/member.js';
import { MemorySource } from '../support/source.js';
import { until } from '../support/until.js';

const POOL = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'pool', namespace: 'metallb-system' },
  spec: { addresses: ['192.0.2.0/28'] },
};
const OVERLAPPING = { ...POOL, metadata: { ...POOL.metadata, name: 'again' } };
const ADVERTISEMENT = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: 'all', namespace: 'metallb-system' },
};
const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
});
const named = (name: string): object => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
const alone: Membership = { self: 'n1', settled: true, ready: true, members: [] };

interface Scene {
  readonly source: MemorySource;
  readonly view: View;
  readonly metrics: Metrics;
  readonly log: LogRecord[];
  /** Tables posted so far, once the steps under way are over. */
  tables(): Promise<Extract<ToWire, { type: 'announcements' }>[]>;
}

function scene(...objects: object[]): Scene {
  return sceneWith({}, ...objects);
}

function sceneWith({ spread = false }: { spread?: boolean }, ...objects: object[]): Scene {
  const source = new MemorySource(objects);
  const metrics = createMetrics({ node: 'n1', components: ['controller', 'speaker'], now: () => 0, process: false });
  const [log, posted]: [LogRecord[], ToWire[]] = [[], []];
  const view = new View({
    node: 'n1',
    spread,
    source,
    metrics,
    log: (record) => log.push(record),
    delivery: undefined,
    post: (message) => posted.push(message),
  });
  view.run(new AbortController().signal);
  view.receive({ type: 'membership', membership: alone });
  const tables: Scene['tables'] = async () => {
    await new Promise(setImmediate);
    return posted.filter((message) => message.type === 'announcements');
  };
  return { source, view, metrics, log, tables };
}

describe('the view', () => {
  test('posts who is next for each address, and what the filter has to cover', async () => {
    const { tables } = scene(POOL, ADVERTISEMENT, service('a'), service('b'));
    const table = (await tables()).at(-1);
    expect(table?.ballot.keys.map((key) => formatAddress(addressOfKey(key)))).toEqual(['192.0.2.0', '192.0.2.1']);
    expect(table?.ballot).toMatchObject({ nodes: ['n1'], on: ['all', 'all'], ends: Uint32Array.of(1, 2) });
    expect(table?.prefixes).toEqual(['192.0.2.0/31']);
  });

  test('makes every node heard a candidate, and posts nothing when only liveness changes', async () => {
    const { view, tables } = scene(POOL, ADVERTISEMENT, service('a'));
    const n2 = member('n2', { address: '192.0.2.12:7946' });
    const among = (...names: readonly string[]): Promise<unknown[]> =>
      until(`${names} are candidates`, async () => {
        const all = await tables();
        return all.at(-1)?.ballot.nodes.toSorted().join() === names.join() && all;
      });
    view.receive({ type: 'membership', membership: { ...alone, members: [n2] } });
    const known = await among('n1', 'n2');
    const silent = { ...n2, state: 'silent' } as const;
    view.receive({ type: 'membership', membership: { ...alone, members: [silent] } });
    await sleep(100);
    view.receive({ type: 'membership', membership: { ...alone, members: [silent, { ...n2, name: 'n3' }] } });
    expect(await among('n1', 'n2', 'n3')).toHaveLength(known.length + 1);
  });

  test('keeps the last good configuration, says so, and still gives addresses from it', async () => {
    const { source, log, metrics, tables } = scene(POOL, ADVERTISEMENT, service('a'));
    source.set([POOL, OVERLAPPING, ADVERTISEMENT, service('a'), service('b')]);
    expect(log.filter(({ fields }) => fields?.['code'] === 'POOL_OVERLAP')).toHaveLength(1);
    expect((await tables()).at(-1)?.ballot.keys).toHaveLength(2);
    expect(metrics.text()).toMatch(/config_stale_bool 1/);
    source.set([POOL, ADVERTISEMENT, service('a'), service('b')]);
    expect(metrics.text()).toMatch(/config_stale_bool 0/);
    expect(log.filter(({ event }) => event === 'clearAssignment')).toEqual([]);
  });

  test('says each thing once', () => {
    const { source, log } = scene(POOL, ADVERTISEMENT, service('a'));
    source.set([POOL, ADVERTISEMENT, service('a')]);
    expect(log.filter(({ event }) => event === 'ipAllocated')).toHaveLength(1);
    expect(log.filter(({ fields }) => fields?.['code'] === 'NOT_LOCKED')).toHaveLength(1);
    expect(source.events.map(({ reason }) => reason)).toEqual(['IPAllocated']);
  });

  test('tells how things stand once members are settled', () => {
    const { view } = scene(POOL, ADVERTISEMENT, service('a'));
    view.receive({ type: 'membership', membership: { ...alone, settled: false } });
    expect(view.standing()).toBeUndefined();
    view.receive({ type: 'membership', membership: alone });
    view.receive({ type: 'ownership', changes: [{ address: '192.0.2.0', to: 'n1', kind: 'first', evidence: 'why' }] });
    expect(view.standing()?.msg).toBe('n1 is leader of 192.0.2.0 and announces it; memberlist: alive n1');
  });

  test('shows what this node answers for, and takes it back', async () => {
    const { source, view, log, metrics } = scene(POOL, ADVERTISEMENT, service('a'));
    view.receive({ type: 'ownership', changes: [{ address: '192.0.2.0', to: 'n1', kind: 'first', evidence: 'why' }] });
    expect(source.status.get('speaker')?.map(({ kind, status }) => [kind, status])).toMatchObject([
      ['ServiceL2Status', { node: 'n1', serviceName: 'a', serviceNamespace: 'default' }],
      ['ConfigurationState', { result: 'Valid' }],
    ]);
    expect(source.events.at(-1)).toMatchObject({
      reason: 'nodeAssigned',
      message: 'announcing from node "n1" with protocol "layer2"',
      service: 'default/a',
    });
    expect(log.at(-1)?.msg).toMatch(/elected leader and announces 192\.0\.2\.0/);
    expect(metrics.text()).toMatch(/metallb_speaker_announced\{service="default\/a".*ip="192.0.2.0"\} 1/);

    view.receive({
      type: 'ownership',
      changes: [{ address: '192.0.2.0', from: 'n1', to: 'n2', kind: 'ranking', evidence: 'why' }],
    });
    expect(source.status.get('speaker')?.map(({ kind }) => kind)).toEqual(['ConfigurationState']);
    expect(log.at(-1)?.msg).toMatch(/withdraws 192\.0\.2\.0: the leader is now n2/);
    expect(metrics.text()).not.toMatch(/metallb_speaker_announced\{/);
  });

  test.each([
    ['no valid configuration', [POOL, OVERLAPPING], alone, /no valid set/],
    ['peers not heard yet', [POOL], { ...alone, settled: false, ready: false }, /waiting/],
    ['nothing to answer on', [POOL], { ...alone, ready: false }, /no interface/],
  ])('is not ready with %s', (_, objects, membership, why) => {
    const { view } = scene(...objects);
    view.receive({ type: 'membership', membership });
    expect(view.notReady().join()).toMatch(why);
  });

  test('names the nodes and reasons when nobody may announce', () => {
    const nowhere = { ...ADVERTISEMENT, spec: { nodeSelectors: [{ matchLabels: { edge: 'true' } }] } };
    const { log } = scene(POOL, nowhere, service('a'));
    expect(log.find(({ event }) => event === 'notAnnounced')?.msg).toBe(
      'nobody may announce 192.0.2.0 for default/a (n1: noMatchingAdvertisement)',
    );
  });

  test('says once for each reason why an address cannot be answered for, and not for one that is over', () => {
    const eth0 = { name: 'eth0', index: 2, mac: '02:00:00:00:00:01', up: true, carrier: true, broadcast: true, noArp: false };
    const list = (change: object) => ({ interfaces: [{ ...eth0, generation: 0, ...change }], leftOut: new Map() });
    const { view, log } = scene(POOL, ADVERTISEMENT, service('a'));
    const failures = () => log.filter(({ event }) => event === 'announceFailed').map(({ msg }) => msg);
    const down = 'n1 should announce 192.0.2.0, and cannot: eth0: it is down';
    const unplugged = 'n1 should announce 192.0.2.0, and cannot: eth0: it has no carrier';
    view.setInterfaces(list({ up: false }));
    expect(failures()).toEqual([]);
    view.receive({ type: 'unanswerable', addresses: ['192.0.2.0'] });
    view.setInterfaces(list({ up: false }));
    expect(failures()).toEqual([down]);
    view.setInterfaces(list({ carrier: false }));
    expect(failures()).toEqual([down, unplugged]);
    view.setInterfaces(list({}));
    view.receive({ type: 'unanswerable', addresses: [] });
    view.setInterfaces(list({ up: false }));
    expect(failures()).toEqual([down, unplugged]);
  });

  test('shows an interface that cannot be captured beside those that are, as a condition and a metric', () => {
    const { view, source, metrics } = scene(POOL, ADVERTISEMENT, service('a'));
    const message = 'eth1 cannot be captured: no memory';
    const conditions = () =>
      source.status.get('speaker')?.flatMap(({ status }) => (status as { conditions?: readonly object[] }).conditions ?? []);
    view.receive({ type: 'captures', failed: [issue('CAPTURE_FAILED', 'eth1', message)] });
    expect(conditions()).toContainEqual({ type: 'arpeggio/Uncaptured', status: 'True', reason: 'CaptureFailed', message });
    expect(metrics.text()).toContain('\narpeggio_interface_uncaptured{interface="eth1"} 1\n');
    view.receive({ type: 'captures', failed: [] });
    expect(conditions()).toContainEqual({ type: 'arpeggio/Uncaptured', status: 'False', reason: 'None', message: '' });
    expect(metrics.text()).not.toContain('arpeggio_interface_uncaptured{');
  });

  test.each([
    [true, 'addresses are not spread over the nodes: n2 does not do so'],
    [false, 'addresses are not spread over the nodes, though n2 would: this node was started without --spread'],
  ])('spread %s: says who was told otherwise, as long as that member lives', async (spread, message) => {
    const { view, source, metrics, log } = sceneWith({ spread }, POOL, ADVERTISEMENT, service('a'), ...['n1', 'n2'].map(named));
    const n2 = {
      ...{ name: 'n2', address: '192.0.2.12:7946', ready: true, returning: false, stale: false, spreads: !spread },
      ...{ macs: [], since: 0 },
      evidence: { kind: 'heard' },
      speaks: 'arpeggio',
    } as const;
    const conditions = () =>
      source.status.get('speaker')?.flatMap(({ status }) => (status as { conditions?: readonly object[] }).conditions ?? []);
    const told = () => log.filter(({ fields }) => fields?.['code'] === 'SPREAD_OFF').length;
    for (const state of ['alive', 'alive'] as const)
      view.receive({ type: 'membership', membership: { ...alone, members: [{ ...n2, state }] } });
    await until('it is told', () => told() > 0);
    expect(conditions()).toContainEqual({
      type: 'arpeggio/SpreadOff',
      ...{ status: 'True', reason: 'NotAllSpread', message },
    });
    expect(metrics.text()).toContain('\narpeggio_spread_off{member="n2"} 1\n');
    expect(told()).toBe(1);
    view.receive({ type: 'membership', membership: { ...alone, members: [{ ...n2, state: 'left' }] } });
    await until('it is over', () => log.at(-1)?.event === 'spreadOn');
    expect(conditions()).toContainEqual({ type: 'arpeggio/SpreadOff', status: 'False', reason: 'None', message: '' });
    expect(metrics.text()).not.toContain('arpeggio_spread_off{');
    expect([told(), log.at(-1)?.event]).toEqual([1, 'spreadOn']);
  });
});
