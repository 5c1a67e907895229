import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAddress } from '../../src/net/address.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { type Fields, free, OURS, SLICES, Stage } from './stage.js';

const SERVICES = '/api/v1/namespaces/default/services';
const FROM = 'metallb.io/ip-allocated-from-pool';
const LONG_MS = 60_000;

interface Left {
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ingress: readonly string[];
  readonly pool: string;
}

/** What MetalLB 0.16 leaves behind: addresses as its clusters have them, never the first that is free, and nothing of ours. */
const LEFT: Readonly<Record<string, Left>> = {
  'a-plain': { ingress: [free(217)], pool: 'general' },
  'b-shared': { annotations: { 'metallb.io/allow-shared-ip': 'k' }, ingress: [free(215)], pool: 'general' },
  'c-shared': {
    spec: { ports: [{ port: 81 }] },
    annotations: { 'metallb.universe.tf/allow-shared-ip': 'k' },
    ingress: [free(215)],
    pool: 'general',
  },
  'd-requested': { spec: { loadBalancerIP: free(213) }, ingress: [free(213)], pool: 'general' },
  'e-annotated': {
    annotations: { 'metallb.universe.tf/loadBalancerIPs': ` ${free(211)} ` },
    ingress: [free(211)],
    pool: 'general',
  },
  'f-pooled': { annotations: { 'metallb.io/address-pool': 'byhand' }, ingress: [free(225)], pool: 'byhand' },
  'g-local': { spec: { externalTrafficPolicy: 'Local' }, ingress: [free(219)], pool: 'general' },
  'h-dual': {
    spec: { ipFamilyPolicy: 'PreferDualStack' },
    ingress: [free(218), 'fd00:5::18'],
    pool: 'general',
  },
  'i-one-of-two': { spec: { ipFamilyPolicy: 'PreferDualStack' }, ingress: [free(227)], pool: 'byhand' },
};

describeWithApiServer('what MetalLB left in a cluster', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(['n1', 'n2']);
    await stage.pool('general', { addresses: [`${free(200)}-${free(219)}`, 'fd00:5::/120'] });
    await stage.pool('byhand', { addresses: [`${free(220)}-${free(229)}`], autoAssign: false });
    await stage.advertisement('all');
    for (const [name, { spec = {}, annotations = {}, ingress, pool }] of Object.entries(LEFT)) {
      await stage.service(name, { spec, metadata: { annotations } });
      // MetalLB writes the whole object to the status, its annotation with it.
      const made = await stage.must('GET', `${SERVICES}/${name}`);
      const metadata = { ...(made['metadata'] as object), annotations: { ...annotations, [FROM]: pool } };
      const status = { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } };
      await stage.must('PUT', `${SERVICES}/${name}/status`, { ...made, metadata, status });
    }
    await stateOf('controller', 'poolReconciler', { 'metallb.io/component-type': 'controller' });
    for (const node of stage.nodes) {
      await stateOf(`speaker-${node}`, 'configReconciler', {
        'metallb.io/component-type': 'speaker',
        'metallb.io/node-name': node,
      });
    }
    await l2Status('l2-4xk2p', 'a-plain', 'n1');
    await l2Status('l2-9zzzz', 'a-plain', 'n2');
    await l2Status('l2-bq7vd', 'd-requested', 'n1');
  }, LONG_MS);
  afterAll(() => stage?.close());

  const stateOf = async (name: string, manager: string, labels: object): Promise<void> => {
    const kind = { apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState' };
    await stage.must('POST', `${OURS}/configurationstates`, { ...kind, metadata: { name, labels } });
    const condition = {
      ...{ type: `${manager}Valid`, status: 'True', reason: 'Reconciled', message: '' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await stage.must(
      'PATCH',
      `${OURS}/configurationstates/${name}/status?fieldManager=${manager}&force=true`,
      { ...kind, metadata: { name }, status: { result: 'Valid', conditions: [condition] } },
      'application/apply-patch+yaml',
    );
  };
  const l2Status = async (name: string, service: string, node: string): Promise<void> => {
    const labels = { 'metallb.io/node': node, 'metallb.io/service-name': service, 'metallb.io/service-namespace': 'default' };
    await stage.create(
      `${OURS}/servicel2statuses`,
      { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { name, labels }, spec: {} },
      { node, serviceName: service, serviceNamespace: 'default' },
    );
  };
  /** Addresses and pool of each. */
  const shown = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = (await stage.must('GET', SERVICES)) as {
      items: {
        metadata: { name: string; annotations?: Record<string, string> };
        status: { loadBalancer: { ingress?: { ip: string; ipMode: string }[] } };
      }[];
    };
    return Object.fromEntries(
      items.map(({ metadata: { name, annotations }, status }) => [
        name,
        `${(status.loadBalancer.ingress ?? []).map(({ ip }) => ip).join()} ${annotations?.[FROM]}`,
      ]),
    );
  };
  const isToldByUs = (name: string): Promise<unknown> =>
    until(
      `${name} is told by us why it has its address`,
      async () => {
        const { status } = (await stage.must('GET', `${SERVICES}/${name}`)) as {
          status: { conditions?: { type: string; status: string }[] };
        };
        return status.conditions?.some(({ type, status: holds }) => type === 'arpeggio/Allocated' && holds === 'True');
      },
      LONG_MS,
    );

  test('is taken over: nobody gets another address, and nobody another pool', { timeout: LONG_MS }, async () => {
    const left = await shown();
    for (const [name, { ingress, pool }] of Object.entries(LEFT)) expect(left[name]).toBe(`${ingress.join()} ${pool}`);
    await stage.startController();
    for (const name of Object.keys(LEFT)) await isToldByUs(name);
    // Whoever comes afterwards gets what nobody has.
    for (let i = 0; i < 3; i++) await stage.service(`a-new-${i}`);
    for (let i = 0; i < 3; i++) expect(await stage.address(`a-new-${i}`)).toBe(free(200 + i));
    expect(await shown()).toMatchObject(left);
    const { metadata } = (await stage.must('GET', `${SERVICES}/e-annotated`)) as { metadata: { annotations: object } };
    expect(metadata.annotations).toEqual({ ...LEFT['e-annotated']?.annotations, [FROM]: 'general' });
  });

  test('and what its speakers said is said by ours, each thing once', { timeout: LONG_MS }, async () => {
    await stage.startAll();
    const owners = new Map<string, string>();
    for (const name of ['a-plain', 'd-requested', 'f-pooled']) {
      const address = LEFT[name]?.ingress[0] ?? '';
      owners.set(name, await stage.settled(name, address, stage.first(address)));
    }
    const { items } = (await stage.must('GET', `${OURS}/servicel2statuses`)) as { items: { metadata: { name: string } }[] };
    const names = items.map(({ metadata }) => metadata.name);
    for (const theirs of ['l2-4xk2p', 'l2-9zzzz', 'l2-bq7vd']) expect(names).not.toContain(theirs);
    const { items: states } = (await stage.must('GET', `${OURS}/configurationstates`)) as {
      items: { metadata: { name: string }; status: Fields }[];
    };
    expect(states.map(({ metadata, status }) => `${metadata.name} ${status['result']}`)).toEqual([
      'controller Valid',
      'speaker-n1 Valid',
      'speaker-n2 Valid',
    ]);
    for (const [name, owner] of owners) expect(await stage.announced()).toContain(`${name} ${owner}`);
  });

  /**
   * MetalLB keeps an address where its controller, for every Service, finds in the status entries with an `ip` and nothing else of
   * meaning, all of them in one pool, and takes the pool of the annotation for its own (metallb-behaviour §3.3, steps 4 to 9 and 13).
   */
  test('and what ours wrote is what MetalLB would have written', { timeout: LONG_MS }, async () => {
    const { items } = (await stage.must('GET', SERVICES)) as {
      items: {
        metadata: { name: string; annotations?: Record<string, string> };
        spec: { type: string };
        status: { loadBalancer: { ingress?: Record<string, string>[] } };
      }[];
    };
    const ours = items.filter(({ spec }) => spec.type === 'LoadBalancer');
    expect(ours.length).toBe(Object.keys(LEFT).length + 3);
    for (const { metadata, status } of ours) {
      for (const { ip = '', ipMode, ...rest } of status.loadBalancer.ingress ?? []) {
        expect([parseAddress(ip).ok, ipMode, rest]).toEqual([true, 'VIP', {}]);
      }
      expect(metadata.annotations?.[FROM]).toBe(LEFT[metadata.name]?.pool ?? 'general');
    }
    const { items: said } = (await stage.must('GET', `${OURS}/servicel2statuses`)) as {
      items: { metadata: { labels: Fields }; status: Fields }[];
    };
    for (const { metadata, status } of said) {
      expect(metadata.labels).toEqual({
        'metallb.io/node': status['node'],
        'metallb.io/service-name': status['serviceName'],
        'metallb.io/service-namespace': status['serviceNamespace'],
      });
    }
    expect((await stage.must('GET', SLICES))['items']).toHaveLength(ours.length);
  });
});
