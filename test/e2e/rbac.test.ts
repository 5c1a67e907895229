import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGENT_RULES, type AgentRules, type PolicyRule } from '../../constructs/rbacrules.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { type Call, caller } from '../support/call.js';
import { install } from '../support/install.js';
import { describeWithApiServer } from '../support/withapiserver.js';

/** What any account may: ask who it is and what it may. */
const EVERYBODY: readonly { readonly apiGroups: readonly string[]; readonly resources: readonly string[] }[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] },
];

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
/** With these, whoever has them gets the rights of others. */
const ESCALATIONS = ['*', 'bind', 'escalate', 'impersonate', 'use', 'approve', 'sign', 'attest'];

interface Resource {
  readonly group: string;
  /** With its subresource. */
  readonly name: string;
  readonly namespaced: boolean;
}

interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

const POST = (kind: string, spec: object, group = 'authorization.k8s.io'): object => ({ apiVersion: `${group}/v1`, kind, spec });

describeWithApiServer('on a real API server', () => {
  let api: ApiServer;
  let resources: readonly Resource[];

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    resources = await everyResource(api.call);
  }, 90_000);
  afterAll(() => api?.stop());

  test('there is much that nobody may', () => {
    expect(resources.length).toBeGreaterThan(100);
    const named = AGENT_RULES.flatMap(({ cluster, namespaced }) => [...cluster, ...namespaced]).flatMap((rule) =>
      rule.apiGroups.flatMap((group) => rule.resources.map((name) => `${group}/${name}`)),
    );
    const known = new Set(resources.map(({ group, name }) => `${group}/${name}`));
    expect(named.filter((one) => !known.has(one))).toEqual([]);
  });

  describe.each(AGENT_RULES.map((rules) => [rules.serviceAccount, rules] as const))('the %s', (name, rules) => {
    let call: Call;

    beforeAll(async () => {
      call = caller({ ...api.endpoint, token: await api.token(name) }, { connections: 32 });
    });

    test.each([
      [METALLB_NAMESPACE, [...rules.cluster, ...rules.namespaced]],
      ['default', rules.cluster],
    ])('has in %s its rules, and no other', async (namespace, expected) => {
      const { body } = await call('POST', `${REVIEWS}/selfsubjectrulesreviews`, POST('SelfSubjectRulesReview', { namespace }));
      const { resourceRules, incomplete } = body['status'] as { resourceRules: PolicyRule[]; incomplete: boolean };
      const everybody = EVERYBODY.map((rule) => ({ ...rule, verbs: ['create'] }));
      expect([incomplete, allowances(resourceRules)]).toEqual([false, allowances([...everybody, ...expected])]);
    });

    test('may do what they name, of every verb on every resource, and nothing else', { timeout: 120_000 }, async () => {
      const asked = resources.flatMap((resource) => attempts(resource, rules));
      const allowed = await Promise.all(
        asked.map(async (resourceAttributes) => {
          const review = POST('SelfSubjectAccessReview', { resourceAttributes });
          const { status, body } = await call('POST', `${REVIEWS}/selfsubjectaccessreviews`, review);
          expect(status).toBe(201);
          return (body['status'] as { allowed: boolean }).allowed;
        }),
      );
      const may = asked.filter((_, i) => allowed[i]).map(text);
      expect(may).toEqual(asked.filter((one) => isNamed(rules, one)).map(text));
      expect(may.length).toBeGreaterThan(50);
    });

    test.each([
      ['/readyz', 'get', true],
      ['/version', 'get', true],
      ['/metrics', 'get', false],
      ['/logs/', 'get', false],
      ['/debug/pprof/', 'get', false],
      ['/readyz', 'post', false],
    ])('of %s by %s: %s', async (path, verb, expected) => {
      const review = POST('SelfSubjectAccessReview', { nonResourceAttributes: { path, verb } });
      const { body } = await call('POST', `${REVIEWS}/selfsubjectaccessreviews`, review);
      expect((body['status'] as { allowed: boolean }).allowed).toBe(expected);
    });
  });

  describe('for real', () => {
    const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
    const CORE = `/api/v1/namespaces/${METALLB_NAMESPACE}`;
    const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${METALLB_NAMESPACE}/leases`;
    const WEB = '/api/v1/namespaces/default/services/web';
    const named = (name: string, fields: object = {}): object => ({ metadata: { name }, ...fields });
    const ingress = { status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } } };
    const annotated = { metadata: { annotations: { 'metallb.io/ip-allocated-from-pool': 'a' } } };
    const event = { ...named('web.1'), involvedObject: { kind: 'Service', name: 'web', namespace: 'default' } };
    const as = new Map<string, Call>();

    beforeAll(async () => {
      const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
      const there: [string, object][] = [
        ['/api/v1/namespaces/default/services', named('web', { spec })],
        [`${CORE}/secrets`, named('other')],
        [`${CORE}/configmaps`, named('some')],
        [`${OURS}/ipaddresspools`, pool('a')],
        [`${OURS}/servicel2statuses`, ours('ServiceL2Status', 'l2-dead')],
        [LEASES, named('other', { spec: {} })],
      ];
      for (const [path, object] of there) expect([path, (await api.call('POST', path, object)).status]).toEqual([path, 201]);
      for (const { serviceAccount } of AGENT_RULES) {
        as.set(serviceAccount, caller({ ...api.endpoint, token: await api.token(serviceAccount) }));
      }
    });

    test.each<[who: string, does: string, method: Parameters<Call>[0], path: string, body: object | undefined, status: number]>([
      ['controller', 'reads all Services', 'GET', '/api/v1/services', undefined, 200],
      ['controller', 'writes the address of one', 'PATCH', `${WEB}/status`, ingress, 200],
      ['controller', 'writes its annotation the same way', 'PATCH', `${WEB}/status`, annotated, 200],
      ['controller', 'changes nothing of it in another', 'PATCH', WEB, annotated, 403],
      ['controller', 'deletes none', 'DELETE', WEB, undefined, 403],
      ['controller', 'tells what happens to it', 'POST', '/api/v1/namespaces/default/events', event, 201],
      ['controller', 'counts what a pool has left', 'PATCH', `${OURS}/ipaddresspools/a/status`, usage(1), 200],
      ['controller', 'changes no pool', 'PATCH', `${OURS}/ipaddresspools/a`, { spec: { autoAssign: false } }, 403],
      ['controller', 'makes none', 'POST', `${OURS}/ipaddresspools`, pool('b'), 403],
      ['controller', 'makes its state', 'POST', `${OURS}/configurationstates`, ours('ConfigurationState', 'controller'), 201],
      ['controller', 'deletes no state', 'DELETE', `${OURS}/configurationstates/controller`, undefined, 403],
      ['controller', 'reads who answers', 'GET', `${OURS}/servicel2statuses`, undefined, 200],
      ['controller', 'writes nobody there', 'PATCH', `${OURS}/servicel2statuses/l2-dead/status`, { status: { node: 'n' } }, 403],
      ['controller', 'makes the key of the gossip', 'POST', `${CORE}/secrets`, named('memberlist'), 201],
      ['controller', 'sees that it is there', 'GET', `${CORE}/secrets/memberlist`, undefined, 200],
      ['controller', 'does not replace it', 'PATCH', `${CORE}/secrets/memberlist`, { data: {} }, 403],
      ['controller', 'reads no other Secret', 'GET', `${CORE}/secrets/other`, undefined, 403],
      ['controller', 'lists none', 'GET', `${CORE}/secrets`, undefined, 403],
      ['controller', 'makes none elsewhere', 'POST', '/api/v1/namespaces/default/secrets', named('memberlist'), 403],
      ['controller', 'makes its lease', 'POST', LEASES, named('arpeggio-controller', { spec: {} }), 201],
      ['controller', 'reads it', 'GET', `${LEASES}/arpeggio-controller`, undefined, 200],
      ['controller', 'takes no other', 'PUT', `${LEASES}/other`, named('other', { spec: { holderIdentity: 'a' } }), 403],
      ['speaker', 'reads all Services', 'GET', '/api/v1/services', undefined, 200],
      ['speaker', 'writes no address', 'PATCH', `${WEB}/status`, ingress, 403],
      ['speaker', 'writes no annotation', 'PATCH', WEB, annotated, 403],
      ['speaker', 'counts nothing', 'PATCH', `${OURS}/ipaddresspools/a/status`, usage(2), 403],
      [
        'speaker',
        'tells what happens to a Service',
        'POST',
        '/api/v1/namespaces/default/events',
        { ...event, ...named('web.2') },
        201,
      ],
      ['speaker', 'says that it answers', 'POST', `${OURS}/servicel2statuses`, ours('ServiceL2Status', 'l2-a'), 201],
      ['speaker', 'says who', 'PATCH', `${OURS}/servicel2statuses/l2-a/status`, { status: { node: 'n1' } }, 200],
      ['speaker', 'deletes what a dead node said', 'DELETE', `${OURS}/servicel2statuses/l2-dead`, undefined, 200],
      [
        'speaker',
        'says nothing elsewhere',
        'POST',
        '/apis/metallb.io/v1beta1/namespaces/default/servicel2statuses',
        ours('ServiceL2Status', 'l2-b'),
        403,
      ],
      ['speaker', 'finds the others', 'GET', `${CORE}/pods`, undefined, 200],
      ['speaker', 'sees no Pod elsewhere', 'GET', '/api/v1/pods', undefined, 403],
      ['speaker', 'reads the key of the gossip', 'GET', `${CORE}/secrets/memberlist`, undefined, 200],
      ['speaker', 'reads no other Secret', 'GET', `${CORE}/secrets/other`, undefined, 403],
      ['speaker', 'lists none', 'GET', `${CORE}/secrets`, undefined, 403],
      ['speaker', 'makes none', 'POST', `${CORE}/secrets`, named('more'), 403],
      ['speaker', 'reads no ConfigMap', 'GET', `${CORE}/configmaps/some`, undefined, 403],
      ['speaker', 'takes no lease', 'PUT', `${LEASES}/arpeggio-controller`, named('arpeggio-controller', { spec: {} }), 403],
      ['speaker', 'becomes no other', 'POST', `${CORE}/serviceaccounts/controller/token`, { spec: {} }, 403],
      ['speaker', 'changes no Node', 'PATCH', '/api/v1/nodes/n1', { metadata: { labels: { a: 'b' } } }, 403],
    ])('a %s %s', async (who, _, method, path, body, status) => {
      const answer = await as.get(who)?.(method, path, body);
      expect([answer?.status, answer?.body['message']]).toEqual([status, status < 300 ? undefined : expect.anything()]);
    });

    test('a controller renews its lease, which it has read', async () => {
      const path = `${LEASES}/arpeggio-controller`;
      const lease = await as.get('controller')?.('GET', path);
      const answer = await as.get('controller')?.('PUT', path, { ...lease?.body, spec: { holderIdentity: 'a' } });
      expect(answer).toMatchObject({ status: 200, body: { spec: { holderIdentity: 'a' } } });
    });

    test('what a controller writes in a status is the address, the annotation, and nothing of the spec', async () => {
      const change = { ...annotated, ...ingress, spec: { ports: [{ port: 81 }], externalTrafficPolicy: 'Local' } };
      const before = (await api.call('GET', WEB)).body['spec'];
      expect((await as.get('controller')?.('PATCH', `${WEB}/status`, change))?.status).toBe(200);
      const { body } = await api.call('GET', WEB);
      expect(body).toMatchObject({ ...annotated, status: { loadBalancer: { ingress: [{ ip: '10.0.0.1', ipMode: 'VIP' }] } } });
      expect(body['spec']).toEqual(before);
    });
  });
});

const REVIEWS = '/apis/authorization.k8s.io/v1';
const API_VERSION = 'metallb.io/v1beta1';
const ours = (kind: string, name: string): object => ({ apiVersion: API_VERSION, kind, metadata: { name }, spec: {} });
const pool = (name: string): object => ({ ...ours('IPAddressPool', name), spec: { addresses: ['10.0.0.0/24'] } });
const usage = (assignedIPv4: number): object => ({
  status: { assignedIPv4, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 },
});

/** Of each group, each resource and subresource once, whatever its versions. */
async function everyResource(call: Call): Promise<readonly Resource[]> {
  const { body } = await call('GET', '/apis');
  const groups = (body as { groups: { name: string; versions: { groupVersion: string }[] }[] }).groups;
  const paths = groups.flatMap(({ name, versions }) =>
    versions.map(({ groupVersion }) => [name, `/apis/${groupVersion}`] as const),
  );
  const found = new Map<string, Resource>();
  for (const [group, path] of [['', '/api/v1'] as const, ...paths]) {
    const list = (await call('GET', path)).body as { resources: { name: string; namespaced: boolean }[] };
    for (const { name, namespaced } of list.resources) found.set(`${group}/${name}`, { group, name, namespaced });
  }
  return [...found.values()];
}

/** Each verb on it: here and elsewhere and everywhere, on any object, on one that a rule names, and on another. */
function attempts({ group, name: full, namespaced }: Resource, { cluster, namespaced: here }: AgentRules): Attributes[] {
  const [resource = '', subresource] = full.split('/');
  const target = { group, resource, ...(subresource === undefined ? {} : { subresource }) };
  const names = [...cluster, ...here].filter((rule) => rule.resources.includes(full)).flatMap((rule) => rule.resourceNames ?? []);
  const places = namespaced ? [METALLB_NAMESPACE, 'default', undefined] : [undefined];
  return places.flatMap((namespace) => {
    const place = namespace === undefined ? target : { ...target, namespace };
    const each = [undefined, 'some', ...names].flatMap((name) =>
      VERBS.map((verb) => (name === undefined ? { ...place, verb } : { ...place, verb, name })),
    );
    return [...each, ...(namespace === 'default' ? [] : ESCALATIONS.map((verb) => ({ ...place, verb })))];
  });
}

/** Whether a rule names it: everywhere one of the cluster, and in the namespace of the agents one of theirs. */
function isNamed(
  { cluster, namespaced }: AgentRules,
  { verb, group, resource, subresource, namespace, name }: Attributes,
): boolean {
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const rules = namespace === METALLB_NAMESPACE ? [...cluster, ...namespaced] : cluster;
  const byRule = rules.some(
    ({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.includes(group) &&
      resources.includes(full) &&
      (verbs as readonly string[]).includes(verb) &&
      (resourceNames === undefined || (name !== undefined && resourceNames.includes(name))),
  );
  const byBeing = verb === 'create' && EVERYBODY.some((one) => one.apiGroups.includes(group) && one.resources.includes(full));
  return byRule || byBeing;
}

const text = ({ verb, group, resource, subresource = '', namespace = 'everywhere', name = 'any' }: Attributes): string =>
  `${verb} ${group} ${resource} ${subresource} ${namespace} ${name}`;

/** One line for each thing allowed, sorted: an API server may put rules together, or split them. */
const allowances = (rules: readonly { readonly [field in keyof PolicyRule]?: readonly string[] }[]): string[] =>
  rules
    .flatMap(({ apiGroups = [], resources = [], resourceNames = ['any'], verbs = [] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((one) => verbs.flatMap((verb) => resourceNames.map((name) => `${verb} ${group} ${one} ${name}`))),
      ),
    )
    .sort();
