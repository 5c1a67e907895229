/** etcd, the API server, the controller manager and the scheduler, in the namespaces of this process. They die with it. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeKubeconfig } from '../support/access.js';
import { type Call, caller, type Endpoint } from '../support/call.js';
import { Program } from '../support/program.js';
import {
  API_PORT,
  apiServerFlags,
  CONTROL_PLANE,
  controllerManagerFlags,
  type NodePlan,
  schedulerFlags,
  tokenFile,
} from './layout.js';

/** As an administrator. The kubeconfigs are in `folder`: `administrator`, and one for each Node. */
export async function startControlPlane(folder: string, assets: string, nodes: readonly NodePlan[]): Promise<Call> {
  const administrator = randomBytes(16).toString('hex');
  const tokens = new Map(nodes.map(({ name }) => [name, randomBytes(16).toString('hex')]));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'service-accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'tokens.csv'), tokenFile(administrator, tokens));
  const start = (name: string, flags: readonly string[], isReady: () => Promise<boolean>): Promise<void> =>
    new Program({ file: join(assets, name), flags, log: join(folder, `${name}.log`), isReady }).start();

  await start('etcd', ['--unsafe-no-fsync', '--log-level=warn', `--data-dir=${join(folder, 'etcd')}`], async () => {
    return (await fetch('http://127.0.0.1:2379/health')).ok;
  });
  const endpoint = (token: string): Endpoint => ({
    ...{ host: CONTROL_PLANE, port: API_PORT, token },
    ca: readFileSync(join(folder, 'apiserver.crt'), 'utf8'),
  });
  await start('kube-apiserver', apiServerFlags(folder), async () => {
    return (await caller(endpoint(administrator))('GET', '/readyz')).status === 200;
  });
  renameSync(writeKubeconfig(folder, 'administrator', endpoint(administrator)), join(folder, 'administrator'));
  for (const [name, token] of tokens) writeKubeconfig(folder, `system:node:${name}`, endpoint(token));
  // Nothing waits for these two but Pods, which wait anyway.
  await Promise.all([
    start('kube-controller-manager', controllerManagerFlags(folder), async () => true),
    start('kube-scheduler', schedulerFlags(folder), async () => true),
  ]);
  return caller(endpoint(administrator));
}
