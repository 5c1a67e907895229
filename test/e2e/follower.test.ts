import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Follower } from '../../agents/kube/follower.js';
import { kubeconfigAccess } from '../../agents/kube/kubeconfig.js';
import { Transport } from '../../agents/kube/transport.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { FaultProxy } from '../support/faultproxy.js';
import { testSignal } from '../support/folder.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';

const NAMESPACES = '/api/v1/namespaces';

describeWithApiServer('a real API server', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApiServer();
  });
  afterAll(() => api.stop());

  const transport = (at?: { readonly host: string; readonly port: number }): Transport => {
    const access = kubeconfigAccess(api.kubeconfig);
    if (!access.ok) throw new Error('the kubeconfig is usable');
    const server = at === undefined ? access.value.server : new URL(`https://${at.host}:${at.port}`);
    const made = new Transport({ access: { ...access.value, server }, userAgent: 'test' });
    onTestFinished(() => made.close());
    return made;
  };
  const create = (name: string): Promise<unknown> =>
    api.call('POST', NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const label = (name: string, team: string): Promise<unknown> =>
    api.kubectl(['label', '--overwrite', 'namespace', name, `team=${team}`]);

  test('tells everything there is, then each change', async () => {
    await create('before');
    const told: string[] = [];
    const follower = new Follower<string>({
      transport: transport(),
      path: NAMESPACES,
      project: ({ metadata }) => JSON.stringify((metadata as { labels?: { team?: string } }).labels?.team ?? ''),
      onChange: (key, _, after) => void told.push(`${key} ${after}`),
      onSynced: () => void told.push('synced'),
      onTrouble: (trouble) => void told.push(JSON.stringify(trouble)),
    });
    follower.run(testSignal());
    await until('it is synced', () => follower.isSynced);
    expect([...follower.objects.keys()]).toEqual(expect.arrayContaining(['before', 'default', 'kube-system']));
    expect(told).toEqual(['synced']);
    await label('before', 'a');
    await until('the change has come', () => told.includes('before "a"'));
  });

  describe('behind a proxy', () => {
    const CONFIGMAPS = '/api/v1/namespaces/many/configmaps';
    /** More than one page. */
    const NAMES = Array.from({ length: 600 }, (_, i) => `map-${i}`);
    let proxy: FaultProxy;

    beforeAll(async () => {
      await create('many');
      await Promise.all(NAMES.map((name) => api.call('POST', CONFIGMAPS, { metadata: { name } })));
    });
    beforeEach(async () => {
      proxy = await FaultProxy.start(api);
    });
    afterEach(() => proxy[Symbol.asyncDispose]());

    /** Of all, and of what comes afterwards: everything is known. */
    const follows = async (longestMs?: number): Promise<void> => {
      const followed = new Follower<string>({
        transport: transport(proxy),
        path: CONFIGMAPS,
        project: (_, key) => key,
        onChange: () => undefined,
        onSynced: () => undefined,
      });
      followed.run(testSignal());
      await until('it is synced', () => followed.isSynced, longestMs);
      expect(NAMES.filter((name) => !followed.objects.has(`many/${name}`))).toEqual([]);
      const name = `late-${proxy.port}`;
      await api.call('POST', CONFIGMAPS, { metadata: { name } });
      await until('what is new has come', () => followed.objects.has(`many/${name}`));
    };

    test('that refuses to tell everything by a watch it is asked in pages', async () => {
      proxy.add({ verbs: ['watch'], fault: { do: 'refuse', status: 422 }, times: 1 });
      await follows();
      expect([proxy.count('list', 'configmaps'), proxy.count('watch', 'configmaps')]).toEqual([2, 2]);
    });

    test('and whose page comes too late it is asked for all of them again', async () => {
      proxy.add({ verbs: ['watch'], fault: { do: 'refuse', status: 422 }, times: 1 });
      const first = proxy.add({ verbs: ['list'], fault: { do: 'delay', ms: 1 }, times: 1 });
      const late = proxy.add({ verbs: ['list'], fault: { do: 'refuse', status: 410 }, times: 1 });
      await follows();
      expect([first.hits, late.hits, proxy.count('list', 'configmaps')]).toEqual([1, 1, 4]);
    });

    test('that falls silent before all was told it is asked in pages', async () => {
      const stalled = proxy.add({ verbs: ['watch'], fault: { do: 'stall' }, times: 1 });
      await follows(50_000);
      expect([stalled.hits, proxy.count('list', 'configmaps'), proxy.count('watch', 'configmaps')]).toEqual([1, 2, 2]);
    });
  });

  test('knows its refusals', async () => {
    const made = transport();
    expect(await made.call({ method: 'GET', path: `${NAMESPACES}/none` })).toMatchObject({
      refused: { code: 404, reason: 'NotFound' },
    });
    await create('versioned');
    const body = { metadata: { resourceVersion: '1', labels: { team: 'b' } } };
    expect(
      await made.call({ method: 'PATCH', path: `${NAMESPACES}/versioned`, contentType: 'application/merge-patch+json', body }),
    ).toMatchObject({ refused: { code: 409, reason: 'Conflict' } });
    expect(await made.call({ method: 'GET', path: '/apis/networking.k8s.io/v9/things' })).toMatchObject({
      refused: { code: 404 },
    });
  });
});
