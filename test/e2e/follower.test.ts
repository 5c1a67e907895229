import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Follower } from '../../agents/kube/follower.js';
import { kubeconfigAccess } from '../../agents/kube/kubeconfig.js';
import { Transport } from '../../agents/kube/transport.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
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

  const transport = (): Transport => {
    const access = kubeconfigAccess(api.kubeconfig);
    if (!access.ok) throw new Error('the kubeconfig is usable');
    const made = new Transport({ access: access.value, userAgent: 'test' });
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
