import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { ALLOCATION, ASSIGNMENT, DUAL, prefer } from '../allocator/assignmentstories.js';
import { type Change, CONTROLLERS, type Step } from '../allocator/story.js';
import { type ServiceFields, service } from '../allocator/world.js';
import { pool } from '../config/objects.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import type { Call } from '../support/call.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

type Fields = Readonly<Record<string, unknown>>;

interface Service {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Fields & { readonly type: string };
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] };
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  };
}

const POOLS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`;
const STATE = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/configurationstates/controller`;
const NAMESPACES = ['default', 'red'];
const LONG_MS = 40_000;

/** The stories call Services by letters and numbers; Kubernetes takes no number. */
const nameOf = (key: string): string => `svc-${key.split('/').at(-1)}`;
const namespaceOf = (key: string): string => (key.includes('/') ? (key.split('/')[0] ?? '') : 'default');
const pathOf = (key: string): string => `/api/v1/namespaces/${namespaceOf(key)}/services`;
const keyOf = ({ metadata: { name, namespace } }: Service): string =>
  `${namespace === 'default' ? '' : `${namespace}/`}${name.replace(/^svc-/, '')}`;

describeWithApiServer("MetalLB's scenarios of assignment on a real API server", () => {
  let api: ApiServer;
  let kubeconfig = '';
  let controller: ArpeggioProcess | undefined;

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    await must('POST', '/api/v1/namespaces', { metadata: { name: 'red' } });
    kubeconfig = await api.kubeconfigOf('controller');
  });
  afterEach(async () => {
    await controller?.end();
    for (const one of await services()) await must('DELETE', `${pathOf(keyOf(one))}/${one.metadata.name}`);
    for (const name of await poolNames()) await must('DELETE', `${POOLS}/${name}`);
    for (const name of NAMESPACES) await must('PATCH', `/api/v1/namespaces/${name}`, { metadata: { labels: { team: null } } });
  });
  afterAll(() => api?.stop());

  const must = async (...[method, path, body]: Parameters<Call>): Promise<Fields> => {
    const answer = await api.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const services = async (): Promise<readonly Service[]> => {
    const { items } = (await must('GET', '/api/v1/services')) as unknown as { items: Service[] };
    return items.filter(({ metadata }) => metadata.name.startsWith('svc-'));
  };
  const poolNames = async (): Promise<readonly string[]> => {
    const { items } = (await must('GET', POOLS)) as unknown as { items: { metadata: { name: string } }[] };
    return items.map(({ metadata }) => metadata.name);
  };
  const start = (): void => {
    controller = startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', '0', '--pod-name', 'controller-0']);
  };

  /** Until it has decided for the first time: what changes only then is a change for it. */
  const startAnew = async (): Promise<void> => {
    await api.call('DELETE', STATE);
    start();
    await until('it has decided', async () => (await api.call('GET', STATE)).status === 200, LONG_MS);
  };

  /** What there was and what is new are there together for a moment, as whoever moves Services has it; then what there was goes. */
  const change = async ([, { pools, namespaces = [], services: changed = {} }]: Step): Promise<void> => {
    for (const { name, labels } of namespaces) await must('PATCH', `/api/v1/namespaces/${name}`, { metadata: { labels } });
    const known = await poolNames();
    for (const { object } of pools?.filter((one) => !known.includes(one.object.metadata.name)) ?? [])
      await must('POST', POOLS, object);
    for (const { object } of pools?.filter((one) => known.includes(one.object.metadata.name)) ?? []) await replace(object);
    const named = pools?.map(({ object }) => object.metadata.name);
    for (const name of known) if (named?.includes(name) === false) await must('DELETE', `${POOLS}/${name}`);
    for (const [key, fields] of Object.entries(changed)) await put(key, fields);
  };
  /** Again if the controller wrote its status meanwhile. */
  const replace = async (pool: { readonly metadata: { readonly name: string } }): Promise<void> => {
    const path = `${POOLS}/${pool.metadata.name}`;
    await until('nobody writes meanwhile', async () => {
      const { metadata } = await must('GET', path);
      const answer = await api.call('PUT', path, { ...pool, metadata });
      if (answer.status >= 300 && answer.status !== 409) throw new Error(`PUT ${path}: ${JSON.stringify(answer.body)}`);
      return answer.status < 300;
    });
  };
  const put = async (key: string, fields: ServiceFields | 'gone'): Promise<void> => {
    const path = `${pathOf(key)}/${nameOf(key)}`;
    if (fields === 'gone') {
      await must('DELETE', path);
      return;
    }
    const { labels, annotations, type, ports, selector, ipFamilies, ipFamilyPolicy, externalTrafficPolicy } = service(
      key,
      fields,
    );
    const families = ipFamilies.length === 0 ? {} : { ipFamilies, ipFamilyPolicy };
    const policy = type === 'LoadBalancer' ? { externalTrafficPolicy } : { externalTrafficPolicy: null };
    const spec = { type, selector, ports: ports.map((one) => ({ ...one, name: `p${one.port}` })), ...families, ...policy };
    const isNew = (await api.call('GET', path)).status === 404;
    const metadata = { labels, annotations };
    if (isNew) await must('POST', pathOf(key), { metadata: { name: nameOf(key), ...metadata }, spec });
    else await must('PATCH', path, { metadata, spec });
  };
  /** `10.0.0.1 from one`, or why not, of each. */
  const shown = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      (await services()).map((one) => {
        const { metadata, spec, status } = one;
        const ips = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip).join();
        const pool = metadata.annotations?.['metallb.io/ip-allocated-from-pool'];
        const why = status.conditions?.find(({ type }) => type === 'arpeggio/Allocated')?.reason;
        const without = spec.type !== 'LoadBalancer' && why === undefined ? 'not-a-load-balancer' : (why ?? '');
        return [keyOf(one), pool === undefined && ips === '' ? without : `${ips} from ${pool}`];
      }),
    );

  describe.each(CONTROLLERS)('by a controller %s', (which) => {
    test.each([...ASSIGNMENT, ...ALLOCATION, ...DUAL])('%s', { timeout: 4 * LONG_MS }, async (_, steps) => {
      start();
      for (const [i, step] of steps.entries()) {
        const [sentence, , expected] = step;
        if (i > 0 && which !== 'that runs') {
          await controller?.end('SIGKILL');
          await startAnew();
        }
        await change(step);
        let last: Readonly<Record<string, string>> = {};
        await until(
          sentence,
          async () => {
            last = await shown();
            return JSON.stringify(sorted(last)) === JSON.stringify(sorted(expected));
          },
          LONG_MS,
        ).catch(() => undefined);
        expect(sorted(last), sentence).toEqual(sorted(expected));
      }
    });
  });

  test('Pool Status: counters follow Services and pools, and are put back', { timeout: 4 * LONG_MS }, async () => {
    const counters = (...expected: readonly number[]): Promise<unknown> =>
      until(
        `the counters are ${expected.join()}`,
        async () => {
          const { status } = (await must('GET', `${POOLS}/dual`)) as { status?: Fields };
          const fields = ['availableIPv4', 'availableIPv6', 'assignedIPv4', 'assignedIPv6'];
          return fields.map((field) => status?.[field]).join() === expected.join();
        },
        LONG_MS,
      );
    const dual = (...addresses: readonly string[]): Change => ({ pools: [pool('dual', addresses)] });
    start();
    await change(['', dual('10.0.0.0/30', 'fc00::/126'), {}]);
    await counters(4, 4, 0, 0);
    await put('a', prefer);
    await counters(3, 3, 1, 1);
    await change(['', dual('10.0.0.0/29', 'fc00::/125'), {}]);
    await counters(7, 7, 1, 1);
    await must('PATCH', `${POOLS}/dual/status`, { status: { availableIPv4: 99, assignedIPv6: 5 } });
    await counters(7, 7, 1, 1);
    await put('a', 'gone');
    await counters(8, 8, 0, 0);
  });
});

const sorted = (record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] =>
  Object.entries(record).sort();
