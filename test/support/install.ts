/**
 * Puts into an API server what agents need there: their namespace, and of dist/ the CRDs and the ServiceAccounts with exactly the
 * rights that ship.
 */
import { join } from 'node:path';
import { API_VERSION } from '../../src/api/kind.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import type { ApiServer } from './apiserver.js';
import { until } from './until.js';

const DIST = join(import.meta.dirname, '../../dist');
const KINDS = ['configurationstates', 'ipaddresspools', 'l2advertisements', 'servicel2statuses'];

export async function install({ kubectl, call }: ApiServer): Promise<void> {
  const must = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  };
  await must(['create', 'namespace', METALLB_NAMESPACE]);
  await must(['apply', '--server-side', '--validate=strict', '-f', join(DIST, '00-crds'), '-f', join(DIST, '10-rbac')]);
  await must(['wait', '--for=condition=Established', 'crd', '--all']);
  // At first it answers 429, until its cache of a new kind is filled.
  for (const plural of KINDS) {
    await until(`${plural} can be listed`, async () => (await call('GET', `/apis/${API_VERSION}/${plural}`)).status === 200);
  }
}
