/**
 * What an API server can take of a controller that does nothing but write: the rate, for which all other rates of assigning addresses
 * are a share. Each writes what our controller writes of a Service.
 */
import { formatIpv4 } from '../../../src/net/address.js';
import type { Call } from '../../support/call.js';
import { forEach, must, SERVICES_PATH } from './services.js';

/** In which way a status is written. */
export type Way = 'patch' | 'apply' | 'update';

const APPLY = 'application/apply-patch+yaml';
const OWNER = 'fieldManager=arpeggio-bench';

/** Writes a second, over all connections; `call` is the controller's. The addresses are those of the round: with the same as before, nothing changes. */
export async function bareRate(call: Call, way: Way, services: readonly string[], round: number): Promise<number> {
  const written = services.map((name, i) => ({ name, status: statusOf(i + round * services.length) }));
  const objects = way === 'update' ? await all(call) : new Map<string, object>();
  const start = performance.now();
  await forEach(written, async ({ name, status }) => {
    const path = `${SERVICES_PATH}/${name}/status?${OWNER}`;
    must(200, await writeOnce(call, way, path, { name, status, object: objects.get(name) ?? {} }));
  });
  return services.length / ((performance.now() - start) / 1000);
}

interface Written {
  readonly name: string;
  readonly status: ReturnType<typeof statusOf>;
  readonly object: object;
}

function writeOnce(call: Call, way: Way, path: string, { name, status, object }: Written): ReturnType<Call> {
  switch (way) {
    case 'patch':
      return call('PATCH', path, status);
    case 'apply': {
      const applied = { apiVersion: 'v1', kind: 'Service', ...status, metadata: { name, ...status.metadata } };
      return call('PATCH', `${path}&force=true`, applied, APPLY);
    }
    case 'update':
      return call('PUT', path, merged(object, status));
  }
}

/** As a controller sends back what it has read; without its version, so that nothing is in the way. */
function merged(object: object, { metadata, status }: Written['status']): object {
  const { metadata: had = {} } = object as { metadata?: Readonly<Record<string, unknown>> };
  const { resourceVersion: _, ...rest } = had as Readonly<Record<string, unknown>>;
  return { ...object, metadata: { ...rest, ...metadata }, status };
}

async function all(call: Call): Promise<Map<string, object>> {
  const { body } = await call('GET', SERVICES_PATH);
  const { items } = body as { items: { metadata: { name: string } }[] };
  return new Map(items.map((item) => [item.metadata.name, item]));
}

const FIRST = 0x0a000000;

const statusOf = (i: number) => ({
  metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'bench' } },
  status: {
    conditions: [
      {
        type: 'arpeggio/Allocated',
        status: 'True',
        reason: 'FIRST_FREE',
        message: `${formatIpv4(FIRST + i)} is the first free address of pool bench`,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    loadBalancer: { ingress: [{ ip: formatIpv4(FIRST + i), ipMode: 'VIP' }] },
  },
});
