import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from './apiserver.js';
import { caller } from './call.js';
import { install } from './install.js';
import { until } from './until.js';
import { describeWithApiServer } from './withapiserver.js';

const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
const pool = (name: string): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name },
  spec: { addresses: ['10.0.0.0/24'] },
});

describeWithApiServer('the API server of the tests', () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
  });
  afterAll(() => api?.stop());

  /** It answers 429 until its cache of a kind of ours is filled. */
  const poolNames = (): Promise<readonly string[]> =>
    until('pools can be listed', async () => {
      const { status, body } = await api.call('GET', POOLS);
      return status === 200 && (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    });

  test.each(['controller', 'speaker'])('knows the %s by its token', async (name) => {
    const call = caller({ ...api.endpoint, token: await api.token(name) });
    const { body } = await call('POST', WHOAMI, { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
    expect(body).toMatchObject({ status: { userInfo: { username: `system:serviceaccount:metallb-system:${name}` } } });
  });

  test('knows nobody by another one', async () => {
    const call = caller({ ...api.endpoint, token: `${await api.token('speaker')}x` });
    expect((await call('GET', POOLS)).status).toBe(401);
  });

  test('has no account that nobody made', async () => {
    await expect(api.token('stranger')).rejects.toThrow('serviceaccounts "stranger" not found');
  });

  test('is found by the kubeconfig of an account, which is that account', async () => {
    const kubeconfig = await api.kubeconfigOf('speaker');
    const { stdout } = await api.kubectl([
      '--kubeconfig',
      kubeconfig,
      'auth',
      'whoami',
      '--output=jsonpath={.status.userInfo.username}',
    ]);
    expect(stdout).toBe('system:serviceaccount:metallb-system:speaker');
  });

  test('is found by the files and variables of a Pod', async () => {
    const { root, account, env } = await api.podFilesOf('controller');
    expect(account).toBe(join(root, 'var/run/secrets/kubernetes.io/serviceaccount'));
    const [token = '', ca = '', namespace] = ['token', 'ca.crt', 'namespace'].map((name) =>
      readFileSync(join(account, name), 'utf8'),
    );
    const call = caller({ host: env.KUBERNETES_SERVICE_HOST, port: Number(env.KUBERNETES_SERVICE_PORT), ca, token });
    expect([namespace, (await call('GET', POOLS)).status]).toEqual(['metallb-system', 200]);
  });

  test('has everything, at the same place and for the same tokens, after it was killed', async () => {
    expect((await api.call('POST', POOLS, pool('before'))).status).toBe(201);
    const call = caller({ ...api.endpoint, token: await api.token('speaker') });
    await api.server.kill();
    expect(api.server.pid).toBeUndefined();
    await expect(call('GET', POOLS)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|socket hang up/);
    await api.server.start();
    expect(await poolNames()).toContain('before');
    expect((await call('GET', POOLS)).status).toBe(200);
  });

  test('has everything after its etcd was killed, and takes more', async () => {
    expect((await api.call('POST', POOLS, pool('earlier'))).status).toBe(201);
    await api.etcd.kill();
    await api.etcd.start();
    const later = await until(
      'the API server has found its etcd again',
      async () => {
        const { status } = await api.call('POST', POOLS, pool('later'));
        return status < 500 && status;
      },
      50_000,
    );
    expect(later).toBe(201);
    expect(await poolNames()).toEqual(expect.arrayContaining(['earlier', 'later']));
  });

  test('is not started twice', async () => {
    await expect(api.etcd.start()).rejects.toThrow('etcd runs already');
  });
});
