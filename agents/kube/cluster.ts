/**
 * The API server of the cluster that this process is a Pod of: its address from the environment, the rest from the files that
 * the kubelet mounts and renews.
 */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Access, Credentials } from './access.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Undefined outside a cluster. `folder` is where the ServiceAccount is mounted. */
export async function clusterAccess(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = SERVICE_ACCOUNT,
): Promise<Access | undefined> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === '') return undefined;
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  const namespace = await readFile(join(folder, 'namespace'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  return { server, ...(namespace === undefined ? {} : { namespace }), credentials: () => serviceAccount(folder) };
}

async function serviceAccount(folder: string): Promise<Credentials> {
  const [token, ca] = await Promise.all([readFile(join(folder, 'token'), 'utf8'), readFile(join(folder, 'ca.crt'))]);
  return { ca, authorization: `Bearer ${token.trim()}` };
}
