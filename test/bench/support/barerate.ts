/**
 * What an API server can take of a controller that does nothing but write: the rate, for which all other rates of assigning addresses
 * are a share. Each writes what our controller writes of a Service.
 */
import { formatIpv4 } from '../../../src/net/address.js';
import type { Call } from '../../support/call.js';
import { forEach, must, SERVICES_PATH } from './services.js';

/** In which way a status is written; `strategic` is how our controller does it. */
export type Way = 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<Way, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** Writes a second, over all connections; `call` is the controller's. The addresses are those of the round: with the same as before, nothing changes. */
export async function bareRate(call: Call, way: Way, services: readonly string[], round: number): Promise<number> {
  const written = services.map((name, i) => ({ name, object: writtenOf(name, i + round * services.length) }));
  const force = way === 'apply' ? '&force=true' : '';
  const start = performance.now();
  await forEach(written, async ({ name, object }) => {
    const path = `${SERVICES_PATH}/${name}/status?fieldManager=arpeggio-bench${force}`;
    must(200, await call('PATCH', path, object, TYPES[way]));
  });
  return services.length / ((performance.now() - start) / 1000);
}

const FIRST = 0x0a000000;

const writtenOf = (name: string, i: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, annotations: { 'metallb.io/ip-allocated-from-pool': 'bench' } },
  status: {
    conditions: [
      {
        type: 'arpeggio/Allocated',
        status: 'True',
        reason: 'GENERAL_POOL',
        message: `${formatIpv4(FIRST + i)} is the first free address of pool bench`,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    loadBalancer: { ingress: [{ ip: formatIpv4(FIRST + i), ipMode: 'VIP' }] },
  },
});
