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
