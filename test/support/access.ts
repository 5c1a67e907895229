/**
 * What a client of an API server reads to know it: a kubeconfig, or the files and variables that a Pod finds.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import type { Endpoint } from './call.js';

/** Writes `NAME.kubeconfig` into the folder, and gives its path. JSON is YAML too. */
export function writeKubeconfig(folder: string, user: string, { host, port, ca, token }: Endpoint): string {
  const file = join(folder, `${user}.kubeconfig`);
  const cluster = { server: `https://${host}:${port}`, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    clusters: [{ name: 'test', cluster }],
    users: [{ name: user, user: { token } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

export interface PodFiles {
  /** What a Pod has as its root: the account is at {@link ACCOUNT} below it. */
  readonly root: string;
  /** Its files are `token`, `ca.crt` and `namespace`. A kubelet replaces the token; so may a test. */
  readonly account: string;
  readonly env: Readonly<Record<'KUBERNETES_SERVICE_HOST' | 'KUBERNETES_SERVICE_PORT', string>>;
}

/** Where a kubelet puts them. */
const ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';

export function writePodFiles(folder: string, user: string, { host, port, ca, token }: Endpoint): PodFiles {
  const root = join(folder, `${user}-pod`);
  const account = join(root, ACCOUNT);
  mkdirSync(account, { recursive: true });
  const files = { token, 'ca.crt': ca, namespace: METALLB_NAMESPACE };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(account, name), text);
  return { root, account, env: { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: String(port) } };
}
