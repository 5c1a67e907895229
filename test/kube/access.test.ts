import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterAccess } from '../../agents/kube/cluster.js';
import { kubeconfigAccess } from '../../agents/kube/kubeconfig.js';
import { fill, temporaryFolder } from '../support/folder.js';

describe('inside a cluster', () => {
  const mounted = (): string => {
    const folder = temporaryFolder();
    fill(folder, { token: 'first\n', 'ca.crt': 'CA', namespace: 'metallb-system' });
    return folder;
  };

  test('the server is the one of the environment, over IPv6 too', async () => {
    const folder = mounted();
    const at = async (host: string, port?: string): Promise<string | undefined> =>
      (await clusterAccess({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port }, folder))?.server.href;
    expect(await at('10.96.0.1', '6443')).toBe('https://10.96.0.1:6443/');
    expect(await at('fd00::1')).toBe('https://[fd00::1]/');
    expect(await at('')).toBeUndefined();
  });

  test('the namespace is the Pod’s, and the token is read each time', async () => {
    const folder = mounted();
    const access = await clusterAccess({ KUBERNETES_SERVICE_HOST: '10.96.0.1' }, folder);
    expect(access?.namespace).toBe('metallb-system');
    expect(await access?.credentials()).toEqual({ ca: Buffer.from('CA'), authorization: 'Bearer first' });
    writeFileSync(join(folder, 'token'), 'second');
    expect(await access?.credentials()).toMatchObject({ authorization: 'Bearer second' });
    rmSync(join(folder, 'token'));
    await expect(access?.credentials()).rejects.toThrow('ENOENT');
  });
});

describe('a kubeconfig', () => {
  const config = (cluster: object, user: object = {}): string => {
    const folder = temporaryFolder();
    const text = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'lb' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    });
    fill(folder, { config: text });
    return join(folder, 'config');
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  test('names the server, the namespace and the certificates', async () => {
    const file = config(
      { server: 'https://192.0.2.1:6443/k8s', 'certificate-authority-data': base64('CA'), 'tls-server-name': 'api' },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    );
    const access = kubeconfigAccess(file);
    if (!access.ok) throw new Error('it is usable');
    expect([access.value.server.href, access.value.namespace]).toEqual(['https://192.0.2.1:6443/k8s', 'lb']);
    const { ca, cert, key, servername } = await access.value.credentials();
    expect([ca, cert, key].map(String).concat(servername ?? '')).toEqual(['CA', 'CERT', 'KEY', 'api']);
  });

  test('names a token', async () => {
    const access = kubeconfigAccess(config({ server: 'https://192.0.2.1:6443' }, { token: 'secret' }));
    expect(access.ok && (await access.value.credentials())).toEqual({ authorization: 'Bearer secret' });
  });

  test('may have a command that tells a token', async () => {
    const status = { token: 'told' };
    const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'echo', args: [credential], interactiveMode: 'Never' };
    const access = kubeconfigAccess(config({ server: 'https://192.0.2.1:6443' }, { exec }));
    expect(access.ok && (await access.value.credentials())).toEqual({ authorization: 'Bearer told' });
  });

  test.each<[string, () => string, RegExp]>([
    ['that is not there', () => join(temporaryFolder(), 'none'), /ENOENT/],
    [
      'without a cluster',
      () => {
        const folder = temporaryFolder();
        fill(folder, { config: '{}' });
        return join(folder, 'config');
      },
      /no current context/,
    ],
    ['of a server without encryption', () => config({ server: 'http://192.0.2.1:8080' }), /must be an https URL, not "http:/],
    ['with a proxy', () => config({ server: 'https://192.0.2.1', 'proxy-url': 'http://192.0.2.2' }), /proxy-url/],
  ])('%s cannot be used', (_, file, message) => {
    const path = file();
    expect(kubeconfigAccess(path)).toEqual({
      ok: false,
      issues: [
        expect.objectContaining({
          code: 'KUBE_CONFIG_UNUSABLE',
          message: expect.stringMatching(message),
          source: { file: path },
        }),
      ],
    });
  });
});
