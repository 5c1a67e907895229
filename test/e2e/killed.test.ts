import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { FaultProxy } from '../support/faultproxy.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { startArpeggio } from './process.js';

interface Service {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] };
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
  };
}

const SERVICES = '/api/v1/namespaces/default/services';
const NAMES = Array.from({ length: 200 }, (_, i) => `web-${String(i).padStart(3, '0')}`);
/** At how many of the first writes of its life it is killed: at each in turn. `ARPEGGIO_KILLS=all`: always at the first. */
const WRITES = process.env['ARPEGGIO_KILLS'] === 'all' ? 1 : 16;
const LONG_MS = 600_000;

describeWithApiServer('a controller that is killed', () => {
  let api: ApiServer;
  let kubeconfig = '';
  let proxy: FaultProxy;

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    proxy = await FaultProxy.start(api);
    kubeconfig = await api.kubeconfigOf('controller', proxy);
    const pools = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`;
    const pool = (name: string, addresses: string): object => ({
      ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name }, spec: { addresses: [addresses] } },
    });
    for (const one of [pool('a', '192.0.2.0/25'), pool('b', '198.51.100.0/24')]) {
      expect((await api.call('POST', pools, one)).status).toBe(201);
    }
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await api?.stop();
  });

  const create = async (): Promise<void> => {
    const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
    const made = await Promise.all(NAMES.map((name) => api.call('POST', SERVICES, { metadata: { name }, spec })));
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
  };
  const remove = (): Promise<unknown> => Promise.all(NAMES.map((name) => api.call('DELETE', `${SERVICES}/${name}`)));
  /** Of each Service: addresses, pool, and why. */
  const shown = async (): Promise<readonly string[]> => {
    const { items } = (await api.call('GET', SERVICES)).body as unknown as { items: Service[] };
    return items
      .filter(({ metadata }) => metadata.name !== 'kubernetes')
      .map(({ metadata, status }) => {
        const ips = (status.loadBalancer.ingress ?? []).map(({ ip }) => ip);
        const why = status.conditions?.find(({ type }) => type === 'arpeggio/Allocated')?.reason;
        return [metadata.name, ...ips, metadata.annotations?.['metallb.io/ip-allocated-from-pool'], why].join(' ');
      });
  };
  /** Services that have no address yet. */
  const unassigned = async (): Promise<number> =>
    (await shown()).filter((one) => !/ \d+\.\d+\.\d+\.\d+ [ab] GENERAL_POOL$/.test(one)).length;
  const start = () => startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', '0', '--pod-name', 'controller-0']);

  test('at every write comes to the same end as one that is not', { timeout: LONG_MS }, async () => {
    await create();
    const undisturbed = start();
    await until('all have an address', async () => (await unassigned()) === 0, LONG_MS);
    await undisturbed.end();
    const expected = await shown();
    await remove();
    await create();

    let controller = start();
    onTestFinished(() => void controller.end('SIGKILL'));
    let lives = 1;
    for (let missing = NAMES.length; missing > 0; missing = await unassigned(), lives++) {
      let left = Math.min(lives % WRITES, missing - 1);
      // The API server has heard of the write that it was killed at, or it has not.
      const strike = (): boolean => {
        if (left-- > 0) return true;
        if (left === -1) process.kill(controller.pid, 'SIGKILL');
        return lives % 3 !== 0;
      };
      using _ = proxy.add({ manager: 'arpeggio-controller', resources: ['services/status'], fault: { do: 'strike', strike } });
      await until('it has been killed', () => left < 0, LONG_MS);
      await controller.end();
      controller = start();
    }
    expect(lives).toBeGreaterThan(10);
    expect(await shown()).toEqual(expected);
    expect(new Set(expected.map((one) => one.split(' ')[1])).size).toBe(NAMES.length);
  });
});
