/**
 * Services in an API server by the thousand.
 */
import type { Answer, Call } from '../../support/call.js';

/** How many connections a bench asks an API server over: more don't make it faster. */
export const CONNECTIONS = 32;

export const SERVICES_PATH = '/api/v1/namespaces/default/services';

/** `count` Services of type LoadBalancer in `default`, `PREFIX-0` and on, that wait for an address. Gives their names. */
export async function createServices(call: Call, count: number, prefix: string): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  await forEach(names, async (name) => must(201, await call('POST', SERVICES_PATH, waiting(name))));
  return names;
}

/** No node port: there are 2,768 of them. */
const waiting = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: {
    type: 'LoadBalancer',
    allocateLoadBalancerNodePorts: false,
    selector: { app: name },
    ports: [{ name: 'http', port: 80, targetPort: 8080 }],
  },
});

/** An endpoint of each on every one of the nodes. */
export async function createSlices(call: Call, services: readonly string[], nodes: readonly string[]): Promise<void> {
  const endpoints = nodes.map((nodeName, i) => ({ addresses: [`10.244.0.${i + 1}`], nodeName, conditions: { ready: true } }));
  await forEach(services, async (name) => {
    const metadata = { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } };
    const slice = { metadata, addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints };
    must(201, await call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', slice));
  });
}

/** Takes from each what a controller wrote into it. */
export async function unassign(call: Call, services: readonly string[]): Promise<void> {
  const nothing = {
    metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': null } },
    status: { conditions: null, loadBalancer: null },
  };
  await forEach(services, async (name) => must(200, await call('PATCH', `${SERVICES_PATH}/${name}/status`, nothing)));
}

/** Each once, in order, as many at a time as there are connections. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

export function must(expected: number, { status, body }: Answer): void {
  if (status !== expected) throw new Error(`an API server answered ${status}: ${body['message']}`);
}
