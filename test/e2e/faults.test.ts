import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { clusterAccess } from '../../agents/kube/cluster.js';
import { Transport } from '../../agents/kube/transport.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { startPod } from '../bench/support/agentpod.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { type Fault, FaultProxy } from '../support/faultproxy.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

const SERVICES = '/api/v1/namespaces/default/services';
const POOLS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}/ipaddresspools`;
const LONG_MS = 120_000;

describeWithApiServer('with a bad way to the API server', () => {
  let api: ApiServer;
  let proxy: FaultProxy;

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    const spec = { addresses: ['192.0.2.0/24'] };
    await api.call('POST', POOLS, { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'a' }, spec });
  });
  afterAll(() => api?.stop());
  beforeEach(async () => {
    proxy = await FaultProxy.start(api);
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  describe('a controller', { timeout: LONG_MS }, () => {
    let controller: ArpeggioProcess;

    beforeEach(async () => {
      const kubeconfig = await api.kubeconfigOf('controller', proxy);
      controller = startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', '0']);
      await create('old');
      await addressesOf('old');
    });
    afterEach(async () => {
      await controller.end();
      const { body } = await api.call('GET', SERVICES);
      const { items } = body as { items: { metadata: { name: string } }[] };
      const ours = items.filter(({ metadata }) => metadata.name !== 'kubernetes');
      await Promise.all(ours.map(({ metadata }) => api.call('DELETE', `${SERVICES}/${metadata.name}`)));
    });

    const named = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    const create = async (...names: readonly string[]): Promise<void> => {
      const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
      const made = await Promise.all(names.map((name) => api.call('POST', SERVICES, { metadata: { name }, spec })));
      expect(made.map(({ status }) => status)).toEqual(names.map(() => 201));
    };
    /** As soon as each has one; no two have the same. */
    const addressesOf = async (...names: readonly string[]): Promise<readonly string[]> => {
      const addresses = await until(
        `${names.length} Services have an address`,
        async () => {
          const { body } = await api.call('GET', SERVICES);
          const { items } = body as {
            items: { metadata: { name: string }; status: { loadBalancer: { ingress?: { ip: string }[] } } }[];
          };
          const known = new Map(items.map(({ metadata, status }) => [metadata.name, status.loadBalancer.ingress?.[0]?.ip]));
          const found = names.flatMap((name) => known.get(name) ?? []);
          return found.length === names.length && found;
        },
        LONG_MS,
      );
      expect(new Set(addresses).size).toBe(names.length);
      return addresses;
    };
    const writes = (): number => proxy.count('patch', 'services/status', 'arpeggio-controller');

    test.each<[string, Fault, times: number, more: number]>([
      ['is refused by an error of the server', { do: 'refuse', status: 500 }, 5, 5],
      ['is asked to come again later', { do: 'refuse', status: 429, retryAfterS: 1 }, 3, 3],
      ['loses its connection', { do: 'reset' }, 5, 5],
      ['has to wait', { do: 'delay', ms: 100 }, 20, 0],
    ])('gives all an address when a write %s, and writes nothing twice that was taken', async (_, fault, times, more) => {
      const names = named('web', 30);
      const [old] = await addressesOf('old');
      proxy.forget();
      const effect = proxy.add({
        verbs: ['patch'],
        resources: ['services/status'],
        manager: 'arpeggio-controller',
        fault,
        times,
      });
      await create(...names);
      expect((await addressesOf('old', ...names))[0]).toBe(old);
      expect([effect.hits, writes()]).toEqual([times, names.length + more]);
    });

    test('writes once what it is told of twice', async () => {
      proxy.forget();
      proxy.add({ verbs: ['watch'], fault: { do: 'duplicate' } });
      await create(...named('web', 30));
      await addressesOf(...named('web', 30));
      // Whatever it would have written again comes before what it has yet to hear of.
      await create('last');
      await addressesOf('last');
      expect(writes()).toBe(31);
    });

    test('writes nothing again when it has to list everything anew', async () => {
      proxy.forget();
      proxy.add({ verbs: ['watch'], resources: ['services'], fault: { do: 'expire' }, times: 1 });
      await create('web');
      await addressesOf('web');
      expect(writes()).toBe(1);
    });

    test('gives all an address once a watch that stalled goes on, and takes no write of others for its own', async () => {
      const stalled = proxy.add({ verbs: ['watch'], resources: ['services'], fault: { do: 'stall' } });
      await create('web');
      await until('the event waits', () => stalled.hits > 0);
      // What it would write is about an older version.
      await api.call('PATCH', `${SERVICES}/old`, { metadata: { labels: { team: 'a' } }, spec: { ports: [{ port: 81 }] } });
      const pool = { spec: { addresses: ['198.51.100.0/24'] } };
      await api.call('PATCH', `${POOLS}/a`, pool);
      await until('it has tried', () => writes() > 1, LONG_MS);
      stalled.lift();
      const moved = (one: string | undefined): boolean => one?.startsWith('198.51.100.') === true;
      await until('both have moved', async () => (await addressesOf('old', 'web')).every(moved), LONG_MS);
      await api.call('PATCH', `${POOLS}/a`, { spec: { addresses: ['192.0.2.0/24'] } });
      await until('and back', async () => !(await addressesOf('old', 'web')).some(moved), LONG_MS);
    });

    test('gives nothing twice when events are lost, and catches up with the next list', async () => {
      const lost = proxy.add({ verbs: ['watch'], resources: ['services'], fault: { do: 'drop' }, times: 10 });
      await create(...named('lost', 10));
      await until('all are lost', () => lost.hits === 10);
      await create('heard');
      const [old, heard] = await addressesOf('old', 'heard');
      proxy.add({ verbs: ['watch'], resources: ['services'], fault: { do: 'expire' }, times: 1 });
      await create('last');
      expect((await addressesOf('old', 'heard', 'last', ...named('lost', 10))).slice(0, 2)).toEqual([old, heard]);
    });

    test('gives nobody an address before it has heard who has which, however slow lists are', async () => {
      const before = await addressesOf('old');
      await controller.end();
      // By its name it comes first.
      await create('new');
      const slow = proxy.add({ verbs: ['watch', 'list'], resources: ['services'], fault: { do: 'delay', ms: 2000 } });
      const other = startArpeggio(['controller', '--kubeconfig', await api.kubeconfigOf('controller', proxy), '--metrics', '0']);
      onTestFinished(() => void other.end());
      await addressesOf('new');
      slow.lift();
      expect([slow.hits, await addressesOf('old')]).toEqual([1, before]);
    });

    test('goes on where it was, whenever its connections are reset', async () => {
      const names = named('web', 40);
      proxy.forget();
      const made = create(...names);
      for (let reset = 1; reset <= 4; reset++) {
        await until('it has written more', () => writes() >= reset * 6, LONG_MS);
        proxy.resetAll();
      }
      await made;
      await addressesOf('old', ...names);
    });

    test('says who writes over its status again and again, and leaves it to him for a while', async () => {
      const theirs = '203.0.113.9';
      await create('fought');
      const ours = await addressesOf('fought');
      const writeOver = async (): Promise<void> => {
        const status = { loadBalancer: { ingress: [{ ip: theirs }] } };
        const path = `${SERVICES}/fought/status?fieldManager=other-controller`;
        expect((await api.call('PATCH', path, { status })).status).toBe(200);
      };
      for (let round = 0; round < 2; round++) {
        await writeOver();
        await until('it is mended', async () => (await addressesOf('fought')).join() === ours.join(), LONG_MS);
      }
      await writeOver();
      const told = await until('it is told', () => controller.lines.find(({ code }) => code === 'STATUS_CONTESTED'), LONG_MS);
      expect(told.msg).toMatch(/^other-controller writes over the status of default\/fought /);
      expect(await addressesOf('fought')).toEqual([theirs]);
      await until('an event says so', async () => {
        const { body } = await api.call('GET', '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dfought');
        const { items } = body as { items: { reason: string }[] };
        return items.some(({ reason }) => reason === 'STATUS_CONTESTED');
      });
    });

    test('moves nothing and goes on when the API server has been dead', async () => {
      const names = named('web', 20);
      await create(...names);
      const before = await addressesOf(...names);
      proxy.forget();
      await api.server.kill();
      await until('it has asked for everything in vain, twice', () => proxy.count('watch', 'services') >= 2, LONG_MS);
      await api.server.start();
      await create('late');
      await addressesOf('late');
      expect(await addressesOf(...names)).toEqual(before);
      expect([controller.exitCode(), writes()]).toEqual([undefined, 1]);
    });

    test('loses and doubles nothing when the API server is killed under change, for so long that it leads no more', async () => {
      const names = named('web', 200);
      const [old] = await addressesOf('old');
      let made = 0;
      const changing = (async () => {
        for (const name of names) {
          await until(
            'it is made',
            async () => {
              const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
              const answer = await api.call('POST', SERVICES, { metadata: { name }, spec }).catch(() => undefined);
              return answer?.status === 201 || answer?.status === 409;
            },
            LONG_MS,
          );
          made++;
        }
      })();
      await until('addresses are given while Services are made', () => made > 40 && writes() > 20, LONG_MS);
      await api.server.kill();
      await until('it leads no more', () => controller.lines.some(({ event }) => event === 'notLeading'), LONG_MS);
      await api.server.start();
      await changing;
      expect((await addressesOf('old', ...names))[0]).toBe(old);
      expect(controller.exitCode()).toBeUndefined();
    });

    test('writes what it decides while its lease is renewed late', async () => {
      const leases = { verbs: ['update'], resources: ['leases'] } as const;
      // One renewal hangs until it is given up, the next comes late: in between it may not write, and goes on to lead all the same.
      proxy.add({ ...leases, fault: { do: 'delay', ms: 20_000 }, times: 1 });
      const late = proxy.add({ ...leases, fault: { do: 'delay', ms: 3000 }, times: 1 });
      await until('its time runs out', () => late.hits === 1, LONG_MS);
      await pause(1200);
      await create('late');
      await addressesOf('late');
      expect(controller.lines.filter(({ event }) => event === 'notLeading')).toEqual([]);
    });

    test('says who answers, though others wrote so often in that moment that it was refused', async () => {
      const ofAnnouncing = { verbs: ['patch'], resources: ['services/status'], manager: 'arpeggio-announcing' } as const;
      const refused = proxy.add({ ...ofAnnouncing, fault: { do: 'refuse', status: 409 }, times: 1 });
      await create('told');
      await until('it is refused', () => refused.hits === 1, LONG_MS);
      for (const name of ['old', 'told']) {
        await until(
          `${name} says who answers`,
          async () => {
            const { status } = (await api.call('GET', `${SERVICES}/${name}`)).body as {
              status: { conditions?: { type: string }[] };
            };
            return status.conditions?.some(({ type }) => type === 'arpeggio/Announced') === true;
          },
          LONG_MS,
        );
      }
    });

    test('moves nothing and goes on when etcd has been dead', async () => {
      const before = await addressesOf('old');
      await api.etcd.kill();
      await api.etcd.start();
      await until(
        'the API server has found its etcd',
        () =>
          create('late').then(
            () => true,
            () => false,
          ),
        LONG_MS,
      );
      await addressesOf('late');
      expect(await addressesOf('old')).toEqual(before);
    });
  });

  test('a controller whose token has expired goes on with that of its file', { timeout: LONG_MS }, async () => {
    const files = await api.podFilesOf('controller', proxy);
    const controller = startPod({ files, args: ['controller', '--metrics', '0'], env: {} });
    onTestFinished(() => controller.end());
    const isServed = async (name: string): Promise<boolean> => {
      const { body } = await api.call('GET', `${SERVICES}/${name}`);
      return (body as { status?: { loadBalancer?: { ingress?: unknown } } }).status?.loadBalancer?.ingress !== undefined;
    };
    const create = async (name: string): Promise<void> => {
      const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
      await api.call('POST', SERVICES, { metadata: { name }, spec });
      onTestFinished(() => api.call('DELETE', `${SERVICES}/${name}`).then(() => undefined));
    };
    await create('before');
    await until('it has an address', () => isServed('before'), LONG_MS);
    proxy.add({ token: readFileSync(join(files.account, 'token'), 'utf8'), fault: { do: 'refuse', status: 401 } });
    await until('it says so', () => controller.lines().some(({ code }) => code === 'KUBE_UNAUTHENTICATED'), LONG_MS);
    writeFileSync(join(files.account, 'token'), await api.token('controller'));
    await create('after');
    await until('the next has one', () => isServed('after'), LONG_MS);
  });

  test('the token of a Pod that has expired is replaced by that of its file', async () => {
    const { account, env } = await api.podFilesOf('controller', proxy);
    const access = await clusterAccess(env, account);
    if (access === undefined) throw new Error('this is a Pod');
    const transport = new Transport({ access, userAgent: 'test' });
    onTestFinished(() => transport.close());
    const pools = { method: 'GET', path: POOLS } as const;
    expect(await transport.call(pools)).toHaveProperty('answered');
    proxy.add({ token: readFileSync(join(account, 'token'), 'utf8'), fault: { do: 'refuse', status: 401 } });
    writeFileSync(join(account, 'token'), await api.token('controller'));
    await until('it is accepted again', async () => 'answered' in (await transport.call(pools)));
  });
});
