import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Rbac } from '../../constructs/index.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { ask } from '../lab/arping.js';
import { type ApiServer, freePorts, startApiServer } from '../support/apiserver.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { Door } from './door.js';
import { type Answered, startNode, type TestNode } from './node.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const SERVICES = '/api/v1/namespaces/default/services';
const LONG_MS = 40_000;

describeWithApiServer('over HTTP', () => {
  let api: ApiServer;
  let node: TestNode;
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-metrics-'));
  const running: ArpeggioProcess[] = [];

  const must = async (path: string, body: object): Promise<void> => {
    const { status } = await api.call('POST', path, body);
    expect([path, status]).toEqual([path, 201]);
  };
  const ours = (kind: string, name: string, spec: object): object => ({
    ...{ apiVersion: 'metallb.io/v1beta1', kind, spec },
    metadata: { name },
  });

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    node = await startNode(api, '192.168.77', folder);
    await must(`${OURS}/ipaddresspools`, ours('IPAddressPool', 'a', { addresses: ['192.168.77.240-192.168.77.249'] }));
    await must(`${OURS}/l2advertisements`, ours('L2Advertisement', 'all', {}));
    await must('/api/v1/nodes', { metadata: { name: 'n1' } });
    await must(SERVICES, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
    await must('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1', conditions: { ready: true } }],
    });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.end()));
  });
  afterAll(async () => {
    await node?.destroy();
    await api?.stop();
    rmSync(folder, { recursive: true });
  });

  const started = (one: ArpeggioProcess): ArpeggioProcess => {
    running.push(one);
    return one;
  };
  const controller = async (kubeconfig: string): Promise<(path: string) => Promise<Answered>> => {
    const [port = 0] = await freePorts(1);
    started(startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', `127.0.0.1:${port}`]));
    return async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      return { status: response?.status ?? 0, text: (await response?.text()) ?? '' };
    };
  };

  describe('a controller', () => {
    test('shows its pools by the names of MetalLB, and that it leads', async () => {
      const get = await controller(await api.kubeconfigOf('controller'));
      const text = await until(
        'the Service is counted',
        async () => {
          const scrape = await get('/metrics');
          return scrape.text.includes('services_allocated_total{pool="a"} 1') && scrape.text;
        },
        LONG_MS,
      );
      expect(samplesOf(text, /^(metallb|arpeggio)_/)).toEqual([
        'metallb_k8s_client_config_loaded_bool 1',
        'metallb_k8s_client_config_stale_bool 0',
        expect.stringMatching(/^metallb_k8s_client_updates_total [1-9]/),
        'metallb_k8s_client_update_errors_total 0',
        expect.stringMatching(/^arpeggio_view_age_seconds 0(\.\d+)?$/),
        'metallb_allocator_addresses_total{pool="a"} 10',
        'metallb_allocator_ipv4_addresses_total{pool="a"} 10',
        'metallb_allocator_ipv6_addresses_total{pool="a"} 0',
        'metallb_allocator_addresses_in_use_total{pool="a"} 1',
        'metallb_allocator_ipv4_addresses_in_use_total{pool="a"} 1',
        'metallb_allocator_ipv6_addresses_in_use_total{pool="a"} 0',
        'metallb_allocator_services_allocated_total{pool="a"} 1',
        'arpeggio_leading 1',
      ]);
      expect(samplesOf(text, /^(process_resident_memory_bytes|nodejs_version_info)/)).toHaveLength(2);
      expect([await get('/healthz'), await get('/readyz')]).toEqual(Array(2).fill({ status: 200, text: 'ok\n' }));
    });

    test('that may not hold its lease is alive, not ready, and says why', async () => {
      const get = await controller(await api.kubeconfigOf('speaker'));
      const { text } = await until('it says so', async () => {
        const answer = await get('/readyz');
        return answer.status === 503 && answer;
      });
      expect(text).toMatch(
        /^KUBE_FORBIDDEN the lease metallb-system\/arpeggio-controller cannot be held: .*:speaker may not get leases of coordination\.k8s\.io in the namespace metallb-system/,
      );
      expect((await get('/healthz')).status).toBe(200);
      expect(samplesOf((await get('/metrics')).text, /^(arpeggio_|metallb_\w+_config)/)).toEqual(['arpeggio_leading 0']);
    });

    test('tells how old its view is while the API server is away', async () => {
      const config = JSON.parse(readFileSync(await api.kubeconfigOf('controller'), 'utf8'));
      const { cluster } = config.clusters[0];
      const to = Number(new URL(cluster.server).port);
      const door = new Door('127.0.0.3', to, to);
      await door.open();
      onTestFinished(() => door.shut());
      cluster.server = `https://127.0.0.3:${to}`;
      cluster['tls-server-name'] = 'kubernetes';
      const kubeconfig = join(folder, 'away');
      writeFileSync(kubeconfig, JSON.stringify(config));
      const get = await controller(kubeconfig);
      const age = async (): Promise<number | undefined> => {
        const [line] = samplesOf((await get('/metrics')).text, /^arpeggio_view_age_seconds /);
        return line === undefined ? undefined : Number(line.split(' ')[1]);
      };
      await until('it follows', async () => ((await age()) ?? 1) < 0.5, LONG_MS);
      door.shut();
      await until('the view is old', async () => ((await age()) ?? 0) > 0.5);
      expect(samplesOf((await get('/metrics')).text, /^arpeggio_kind_unfollowed/)).toContain(
        'arpeggio_kind_unfollowed{kind="Service"} 1',
      );
      await door.open();
      await until('it follows again', async () => ((await age()) ?? 1) < 0.5, LONG_MS);
      expect(samplesOf((await get('/metrics')).text, /^arpeggio_kind_unfollowed/)).toEqual([]);
    });
  });

  describe('over HTTPS', () => {
    /** Binds the role that the construct makes to the account of the test. */
    const letRead = async (serviceAccount: string): Promise<void> => {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'arpeggio-metrics-reader' };
      const subjects = [{ kind: 'ServiceAccount', name: serviceAccount, namespace: METALLB_NAMESPACE }];
      await must('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: serviceAccount },
        roleRef,
        subjects,
      });
    };
    const scrape = (port: number, token: string | undefined, path = '/metrics'): Promise<number> =>
      new Promise((resolve) => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const sent = request({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', () => resolve(0)).end();
      });

    test('a controller shows its metrics to whom the API server lets see them, once it may ask it', async () => {
      const [secure = 0, health = 0] = await freePorts(2);
      const one = started(
        startArpeggio([
          ...['controller', '--kubeconfig', await api.kubeconfigOf('controller'), '--metrics', '0'],
          ...['--port', String(secure), '--health-probe-port', String(health)],
        ]),
      );
      await must(`/api/v1/namespaces/${METALLB_NAMESPACE}/serviceaccounts`, { metadata: { name: 'prometheus' } });
      const [reader, other] = [await api.token('prometheus'), await api.token('speaker')];
      await until('it serves', async () => (await scrape(secure, undefined)) === 401, LONG_MS);
      expect(await scrape(secure, reader)).toBe(500);
      await until('it says which right is missing', () =>
        one.lines.some(
          ({ code, msg }) =>
            code === 'KUBE_FORBIDDEN' &&
            /controller may not create tokenreviews of authentication\.k8s\.io in every namespace/.test(msg),
        ),
      );

      const roles = { apiVersion: 'v1', kind: 'List', items: new Rbac(new App(), 'rbac', { secureMetrics: true }).toJson() };
      const applied = await api.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(roles));
      expect([applied.code, applied.stderr]).toEqual([0, '']);
      await until('it may ask', async () => (await scrape(secure, reader)) === 403, LONG_MS);
      await letRead('prometheus');
      const late = await api.token('prometheus');
      expect(await scrape(secure, 'forged')).toBe(401);
      expect(await scrape(secure, other)).toBe(403);
      await until('it is known that it may', async () => (await scrape(secure, late)) === 200, LONG_MS);
      expect(await scrape(secure, late, '/other')).toBe(403);
      expect((await fetch(`http://127.0.0.1:${health}/healthz`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${health}/metrics`)).status).toBe(404);
    });
  });

  describe('a speaker', () => {
    test('shows what it announces and answers, and its gossip', async () => {
      started(startArpeggio(['controller', '--kubeconfig', await api.kubeconfigOf('controller'), '--metrics', '0']));
      started(node.start());
      const text = await until(
        'it has answered',
        async () => {
          await ask(node.network.host('client'), '192.168.77.240');
          const scrape = await node.get('/metrics');
          return /^metallb_layer2_responses_sent\{\S+\} [1-9]/m.test(scrape.text) && scrape.text;
        },
        LONG_MS,
      );
      expect(samplesOf(text, /^metallb_/)).toEqual([
        'metallb_k8s_client_config_loaded_bool 1',
        'metallb_k8s_client_config_stale_bool 0',
        expect.stringMatching(/^metallb_k8s_client_updates_total [1-9]/),
        'metallb_k8s_client_update_errors_total 0',
        'metallb_speaker_announced{service="default/web",protocol="layer2",node="n1",ip="192.168.77.240"} 1',
        expect.stringMatching(/^metallb_layer2_requests_received\{ip="192\.168\.77\.240"\} [1-9]/),
        expect.stringMatching(/^metallb_layer2_responses_sent\{ip="192\.168\.77\.240"\} [1-9]/),
        expect.stringMatching(/^metallb_layer2_gratuitous_sent\{ip="192\.168\.77\.240"\} [1-9]/),
      ]);
      expect(samplesOf(text, /^arpeggio_memberlist_members/)).toContain('arpeggio_memberlist_members{state="alive"} 1');
      expect(samplesOf(text, /^arpeggio_view_age_seconds/)).toEqual([
        expect.stringMatching(/^arpeggio_view_age_seconds 0(\.\d+)?$/),
      ]);
      expect([await node.get('/healthz'), await node.get('/readyz')]).toEqual(Array(2).fill({ status: 200, text: 'ok\n' }));
    });

    test('that has no API server is alive, says what it waits for, and ends when it is told to', async () => {
      node.door.shut();
      onTestFinished(() => node.door.open());
      const speaker = started(node.start());
      const { text } = await until(
        'it says what it waits for',
        async () => {
          const answer = await node.get('/readyz');
          return answer.text.includes('Service') && answer;
        },
        LONG_MS,
      );
      expect(text).toMatch(/^KUBE_API_UNAVAILABLE no Service objects were read yet: .*ECONNREFUSED/m);
      expect([(await node.get('/healthz')).status, (await node.get('/readyz')).status]).toEqual([200, 503]);
      expect(await speaker.end()).toBe(0);
    });
  });
});

const samplesOf = (text: string, of: RegExp): readonly string[] => text.split('\n').filter((line) => of.test(line));
