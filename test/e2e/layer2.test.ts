import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { type Fields, free, OURS, Stage } from './stage.js';

const SERVICES = '/api/v1/namespaces/default/services';
const ADDRESS = free(230);
const NODES = ['n1', 'n2', 'n3'];
const LONG_MS = 60_000;
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** MetalLB's scenarios of announcement, failover, preferences and configuration (metallb-behaviour §9.3, §9.4, §9.7), by their names. */
describeWithApiServer("MetalLB's scenarios of Layer 2 on a real API server", { timeout: LONG_MS }, () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(NODES);
    await stage.pool('all', { addresses: [`${ADDRESS}-${free(239)}`] });
    await stage.startController();
    await stage.startAll();
  }, LONG_MS);
  afterEach(async () => {
    const { items } = (await stage.must('GET', SERVICES)) as { items: { metadata: { name: string } }[] };
    for (const { metadata } of items) if (metadata.name !== 'kubernetes') await stage.remove(metadata.name);
    const { items: ads } = (await stage.must('GET', `${OURS}/l2advertisements`)) as { items: { metadata: { name: string } }[] };
    for (const { metadata } of ads) await stage.must('DELETE', `${OURS}/l2advertisements/${metadata.name}`);
    for (const name of NODES) await node(name, { tier: null, [EXCLUDED]: null });
    await until('nobody says that he answers', async () => (await stage.announced()).length === 0, LONG_MS);
  });
  afterAll(() => stage?.close());

  const node = (name: string, labels: object): Promise<void> => stage.change(`/api/v1/nodes/${name}`, { metadata: { labels } });
  const advertise = (name: string, spec: object): Promise<void> => stage.change(`${OURS}/l2advertisements/${name}`, { spec });
  const only = (name: string): object => ({ nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': name } }] });
  const prefers = (weight: number, ...names: readonly string[]): object => ({
    preferredNodeSelectors: names.map((name) => ({
      weight,
      preference: { matchLabels: { 'kubernetes.io/hostname': name } },
    })),
  });
  const others = (name: string): readonly string[] => NODES.filter((one) => one !== name);
  const silent = (): Promise<unknown> => until('nobody answers', async () => (await stage.owner(ADDRESS)) === undefined, LONG_MS);

  test('should process the status as L2ServiceStatus along with service', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const owner = await stage.settled('web', ADDRESS);
    const { stdout } = await stage.api.kubectl(['describe', 'service', 'web']);
    expect(stdout).toContain(`announcing from node "${owner}" with protocol "layer2"`);
    await stage.remove('web');
    await silent();
    expect(await stage.announced()).toEqual([]);
    await stage.service('web');
  });

  test('should work for ExternalTrafficPolicy=Local: a node with endpoints answers', async () => {
    await stage.advertisement('all');
    await stage.service('web', { on: ['n3'], spec: { externalTrafficPolicy: 'Local' } });
    await stage.settled('web', ADDRESS, 'n3');
    await stage.move('web', ['n1']);
    await stage.settled('web', ADDRESS, 'n1');
    await stage.move('web', []);
    await silent();
  });

  test('should work with mixed protocol services', async () => {
    await stage.advertisement('all');
    const ports = [
      { name: 'tcp', port: 53, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
    ];
    await stage.service('web', { spec: { ports } });
    await stage.settled('web', ADDRESS);
  });

  test('should not be announced from a node with a NetworkUnavailable condition', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const owner = await stage.settled('web', ADDRESS);
    const condition = (status: string): Promise<void> =>
      stage.change(`/api/v1/nodes/${owner}/status`, { status: { conditions: [{ type: 'NetworkUnavailable', status }] } });
    await condition('True');
    await until('another answers', async () => others(owner).includes((await stage.owner(ADDRESS)) ?? ''), LONG_MS);
    await condition('False');
    await stage.settled('web', ADDRESS, owner);
  });

  test('It should be work when adding NodeExcludeBalancers label to a node', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const owner = await stage.settled('web', ADDRESS);
    await node(owner, { [EXCLUDED]: '' });
    await until('another answers', async () => others(owner).includes((await stage.owner(ADDRESS)) ?? ''), LONG_MS);
    await node(owner, { [EXCLUDED]: null });
    await stage.settled('web', ADDRESS, owner);
  });

  test('different services sharing the same ip should advertise from the same node', async () => {
    await stage.advertisement('all');
    const shared = { metadata: { annotations: { 'metallb.io/allow-shared-ip': 'k' } } };
    await stage.service('one', { ...shared, on: ['n1'], spec: { loadBalancerIP: ADDRESS, ports: [{ port: 80 }] } });
    await stage.service('two', { ...shared, on: ['n2'], spec: { loadBalancerIP: ADDRESS, ports: [{ port: 81 }] } });
    expect(await Promise.all(['one', 'two'].map((name) => stage.address(name)))).toEqual([ADDRESS, ADDRESS]);
    const owner = await stage.settled('one', ADDRESS);
    await stage.settled('two', ADDRESS, owner);
  });

  test('validate requesting a specific address pool for Loadbalancer service, whether it gives by itself or not', async () => {
    await stage.advertisement('all');
    await stage.pool('byhand', { addresses: [`${free(245)}/32`], autoAssign: false });
    await stage.service('web', { metadata: { annotations: { 'metallb.io/address-pool': 'byhand' } } });
    expect(await stage.address('web')).toBe(free(245));
    await stage.settled('web', free(245));
    await stage.pool('later', { addresses: [`${free(246)}/32`] });
    await stage.service('other');
    await stage.settled('other', await stage.address('other'));
    expect(await stage.addresses('web')).toEqual([free(245)]);
    await stage.remove('web');
    await stage.service('web');
    for (const name of ['byhand', 'later']) await stage.must('DELETE', `${OURS}/ipaddresspools/${name}`);
  });

  test('node_selector: should work selecting one node, each in turn', async () => {
    await stage.advertisement('one', only('n1'));
    await stage.service('web');
    for (const name of NODES) {
      await advertise('one', only(name));
      await stage.settled('web', ADDRESS, name);
    }
  });

  test('node_selector: should work with multiple node selectors', async () => {
    await stage.advertisement('second', only('n2'));
    await stage.advertisement('all');
    await stage.service('web', { on: ['n1'], spec: { externalTrafficPolicy: 'Local' } });
    await stage.settled('web', ADDRESS, 'n1');
  });

  test('node_selector: should work when adding nodes', async () => {
    await stage.advertisement('labelled', { nodeSelectors: [{ matchLabels: { tier: 'edge' } }] });
    await stage.service('web');
    await stage.address('web');
    await silent();
    await node('n2', { tier: 'edge' });
    await stage.settled('web', ADDRESS, 'n2');
  });

  test('preferred: should prefer the labeled node and fall back to the baseline election when the label is removed', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const baseline = await stage.settled('web', ADDRESS);
    const [other = ''] = others(baseline);
    await advertise('all', { preferredNodeSelectors: [{ weight: 10, preference: { matchLabels: { tier: 'edge' } } }] });
    await node(other, { tier: 'edge' });
    await stage.settled('web', ADDRESS, other);
    await node(other, { tier: null });
    await stage.settled('web', ADDRESS, baseline);
  });

  test('preferred: should fail over when the preferred node becomes unschedulable and reclaim when it returns', async () => {
    await stage.advertisement('all', prefers(10, 'n2'));
    await stage.service('web');
    await stage.settled('web', ADDRESS, 'n2');
    await node('n2', { [EXCLUDED]: '' });
    await until('another answers', async () => others('n2').includes((await stage.owner(ADDRESS)) ?? ''), LONG_MS);
    await node('n2', { [EXCLUDED]: null });
    await stage.settled('web', ADDRESS, 'n2');
  });

  test('preferred: should re-elect when the L2Advertisement spec changes at runtime', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const baseline = await stage.settled('web', ADDRESS);
    for (const name of ['n3', 'n1']) {
      await advertise('all', prefers(10, name));
      await stage.settled('web', ADDRESS, name);
    }
    await advertise('all', { preferredNodeSelectors: null });
    await stage.settled('web', ADDRESS, baseline);
  });

  test('preferred: nodeSelectors are a hard filter, whatever is preferred, and an equal weight on all moves nothing', async () => {
    await stage.advertisement('all', { ...only('n2'), ...prefers(10, 'n1') });
    await stage.service('web');
    await stage.settled('web', ADDRESS, 'n2');
    await advertise('all', { nodeSelectors: null, preferredNodeSelectors: null });
    const baseline = await stage.settled('web', ADDRESS, stage.first(ADDRESS));
    await advertise('all', prefers(10, ...NODES));
    // What is decided of another preference comes after what is decided of this one.
    await stage.service('witness');
    await stage.settled('witness', await stage.address('witness'));
    expect(await stage.owner(ADDRESS)).toBe(baseline);
  });

  test('preferred: should sum weights across multiple L2Advertisements targeting the same pool', async () => {
    await stage.advertisement('a', prefers(60, 'n1'));
    await stage.advertisement('b', prefers(50, 'n1'));
    await stage.advertisement('c', prefers(60, 'n2'));
    await stage.service('web');
    await stage.settled('web', ADDRESS, 'n1');
    await stage.must('DELETE', `${OURS}/l2advertisements/a`);
    await stage.settled('web', ADDRESS, 'n2');
  });

  test('preferred: should scope preferredNodeSelectors to services matching serviceSelectors', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const baseline = await stage.settled('web', ADDRESS);
    const [other = ''] = others(baseline);
    await stage.advertisement('scoped', {
      ...prefers(10, other),
      serviceSelectors: [{ matchLabels: { app: 'web' } }],
    });
    await stage.service('witness');
    await stage.settled('witness', await stage.address('witness'));
    expect(await stage.owner(ADDRESS)).toBe(baseline);
    await stage.change(`${SERVICES}/web`, { metadata: { labels: { app: 'web' } } });
    await stage.settled('web', ADDRESS, other);
  });

  test('A service with loadbalancer class should not get an ip', async () => {
    await stage.advertisement('all');
    await stage.service('theirs', { spec: { loadBalancerClass: 'example.com/foo' } });
    await stage.service('web');
    await stage.settled('web', await stage.address('web'));
    expect(await stage.addresses('theirs')).toEqual([]);
  });

  test('a pool is announced for as long as it has an advertisement', async () => {
    await stage.service('web');
    await stage.address('web');
    await silent();
    await stage.advertisement('all');
    await stage.settled('web', ADDRESS);
    await stage.must('DELETE', `${OURS}/l2advertisements/all`);
    await silent();
  });

  test('speaker_failover: should move when the announcing node stops running a ready speaker, and come back with it', async () => {
    await stage.advertisement('all');
    await stage.service('web');
    const owner = await stage.settled('web', ADDRESS);
    await stage.speakers.get(owner)?.end('SIGTERM');
    await until('another answers', async () => others(owner).includes((await stage.owner(ADDRESS)) ?? ''), LONG_MS);
    stage.start(owner);
    await stage.settled('web', ADDRESS, owner);
  });

  test('ConfigurationState: all exist and are valid, and heal themselves after deletion', async () => {
    const states = async (): Promise<readonly string[]> => {
      const { items } = (await stage.must('GET', `${OURS}/configurationstates`)) as {
        items: {
          metadata: { name: string; labels: Fields; managedFields: { manager: string; subresource?: string }[] };
          status: Fields;
        }[];
      };
      return items.map(({ metadata: { name, labels, managedFields }, status }) => {
        const managers = managedFields.filter(({ subresource }) => subresource === 'status').map(({ manager }) => manager);
        return `${name} ${Object.values(labels).join()} ${status?.['result']} ${managers.join()}`;
      });
    };
    const expected = [
      'controller controller Valid poolReconciler',
      ...NODES.map((name) => `speaker-${name} speaker,${name} Valid configReconciler`),
    ];
    const areValid = (): Promise<unknown> =>
      until('all are there', async () => JSON.stringify(await states()) === JSON.stringify(expected), LONG_MS);
    await areValid();
    for (const name of ['controller', ...NODES.map((one) => `speaker-${one}`)]) {
      await stage.must('DELETE', `${OURS}/configurationstates/${name}`);
    }
    await areValid();
  });
});
