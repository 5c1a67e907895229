import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONFIGURATION_STATE } from '../../src/api/configurationstate.js';
import { IP_ADDRESS_POOL } from '../../src/api/ipaddresspool.js';
import { API_VERSION, type CustomKind, manifestSchema } from '../../src/api/kind.js';
import { L2_ADVERTISEMENT } from '../../src/api/l2advertisement.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { SERVICE_L2_STATUS } from '../../src/api/servicel2status.js';
import { validate } from '../../src/api/validate.js';
import { withoutNulls } from '../../src/api/value.js';
import { parseManifests, yamlFiles } from '../api/manifests.js';
import { ROOT } from '../constructs/support.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import type { Answer } from '../support/call.js';
import { describeWithApiServer } from '../support/withapiserver.js';

const CRDS = join(ROOT, 'dist/00-crds');
const CONFIG = join(ROOT, 'dist/20-config');
const IN_NAMESPACE = ['--namespace', METALLB_NAMESPACE];
/** Where nothing is, so that nothing tried there exists already. */
const EMPTY_NAMESPACE = 'nothing-here';

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
}

const object = (kind: CustomKind, fields: object, metadata: object = {}): Written => ({
  apiVersion: API_VERSION,
  kind: kind.kind,
  metadata: { name: 'a', namespace: METALLB_NAMESPACE, ...metadata },
  ...fields,
});
const addresses = ['10.0.0.0/24'];
const pool = (spec: unknown, metadata?: object): Written => object(IP_ADDRESS_POOL, { spec }, metadata);
const pinned = (serviceAllocation: unknown): Written => pool({ addresses, serviceAllocation });
const advertisement = (spec: unknown): Written => object(L2_ADVERTISEMENT, { spec });
const preferring = (...preferredNodeSelectors: unknown[]): Written => advertisement({ preferredNodeSelectors });

const kindOf = ({ kind }: Written): CustomKind => (kind === L2_ADVERTISEMENT.kind ? L2_ADVERTISEMENT : IP_ADDRESS_POOL);

/** The fields our validator has something against, as our kinds are read: null is absent. */
const wrongFields = (one: Written): readonly string[] =>
  validate(manifestSchema(kindOf(one)), withoutNulls(one)).map(({ path }) => path);

/** The fields an API server has something against. Of a field it cannot decode it tells less: the name in a message. */
function refusedFields({ status, body }: Answer): readonly string[] {
  if (status < 300) return [];
  const { causes } = (body['details'] ?? {}) as { causes?: readonly { field: string }[] };
  if (causes !== undefined) return [...new Set(causes.map(({ field }) => field))];
  const message = String(body['message']);
  const [, unknown] = /unknown field "(.+)"$/.exec(message) ?? [];
  const [, undecoded] = /Go struct field ObjectMeta\.(\w+)/.exec(message) ?? [];
  return [unknown ?? (undecoded === undefined ? message : `metadata.${undecoded}`)];
}

describeWithApiServer('a real API server', () => {
  let server: ApiServer;

  const must = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await server.kubectl(args, input);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  const dryRun = (one: Written): Promise<Answer> => {
    const path = `/apis/${API_VERSION}/namespaces/${EMPTY_NAMESPACE}/${kindOf(one).plural}`;
    const there = { ...one, metadata: { ...one.metadata, namespace: EMPTY_NAMESPACE } };
    return server.call('POST', `${path}?dryRun=All&fieldValidation=Strict`, there);
  };

  beforeAll(async () => {
    server = await startApiServer();
    for (const namespace of [METALLB_NAMESPACE, EMPTY_NAMESPACE]) await must(['create', 'namespace', namespace]);
    await must(['apply', '--server-side', '--validate=strict', '-f', CRDS]);
    await must(['wait', '--for=condition=Established', 'crd', '--all']);
  });
  afterAll(() => server?.stop());

  test('has nothing against the CRDs', async () => {
    const list = JSON.parse(await must(['get', 'crd', '--output=json'])) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
    };
    const conditions = list.items.map(({ metadata, status }) => [
      metadata.name,
      status.conditions.map(({ type, status: holds }) => `${type}=${holds}`).sort(),
    ]);
    const fine = ['Established=True', 'NamesAccepted=True'];
    expect(conditions).toEqual([
      ['configurationstates.metallb.io', fine],
      ['ipaddresspools.metallb.io', fine],
      ['l2advertisements.metallb.io', fine],
      ['servicel2statuses.metallb.io', fine],
    ]);
  });

  test('takes the configuration of dist/ without a warning, by both kinds of apply, and again', async () => {
    await must(['apply', '--validate=strict', '-f', CONFIG]);
    await must(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', CONFIG]);
    const again = await must(['apply', '--server-side', '--validate=strict', '-f', CONFIG]);
    expect(again.trim().split('\n')).toHaveLength(4);
  });

  test('takes the samples of MetalLB as they are', async () => {
    const files = yamlFiles(new URL('../fixtures/samples/', import.meta.url));
    expect(files.length).toBeGreaterThan(0);
    // Each by itself: they share names.
    for (const { text } of files) await must(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text);
  });

  describe('shows the columns that users of MetalLB know', () => {
    beforeAll(() => must(['apply', '--server-side', '-f', CONFIG]));

    test.each<[string, string[], string]>([
      [
        'of pools',
        ['get', 'ipaddresspools'],
        [
          'NAME            AUTO ASSIGN   AVOID BUGGY IPS   ADDRESSES',
          'primary-pool    true          true              ["192.168.1.240-192.168.1.255"]',
          'priority-pool   false         false             ["192.168.1.200-192.168.1.204"]',
        ].join('\n'),
      ],
      [
        'of advertisements',
        ['get', 'l2advertisements', 'primary-l2-advertisement'],
        [
          'NAME                       IPADDRESSPOOLS     IPADDRESSPOOL SELECTORS   INTERFACES',
          'primary-l2-advertisement   ["primary-pool"]                             ',
        ].join('\n'),
      ],
      [
        'of advertisements, all of them',
        ['get', 'l2advertisements', 'priority-l2-advertisement', '--output=wide'],
        [
          'NAME                        IPADDRESSPOOLS      IPADDRESSPOOL SELECTORS   INTERFACES   NODE SELECTORS',
          'priority-l2-advertisement   ["priority-pool"]                                          [{"matchExpressions":[{"key":"node-role.kubernetes.io/control-plane","operator":"DoesNotExist"}]}]',
        ].join('\n'),
      ],
    ])('%s', async (_, args, expected) => {
      expect(await must([...args, ...IN_NAMESPACE])).toBe(`${expected}\n`);
    });
  });

  test('fills in the defaults', async () => {
    const { body } = await dryRun(pool({ addresses }));
    expect(body['spec']).toEqual({ addresses, autoAssign: true, avoidBuggyIPs: false });
  });

  const samples = ['samples', 'guide'].flatMap((folder) =>
    yamlFiles(new URL(`../fixtures/${folder}/`, import.meta.url)).flatMap(({ file, text }) =>
      parseManifests(text)
        .filter(({ apiVersion }) => apiVersion === API_VERSION)
        .map((one): [string, Written] => [`${one.kind} ${one.metadata.name} of ${folder}/${file}`, one]),
    ),
  );

  describe('accepts, as our validator does,', () => {
    test.each<[string, Written]>([
      ...samples,
      ['a pool with prefixes and ranges of both families', pool({ addresses: ['10.0.0.0/24', 'fd00::1 - fd00::ff', '::/0'] })],
      ['a range with a tab in it', pool({ addresses: ['10.0.0.1\t-\t10.0.0.2'] })],
      ['a range that only the compiler refuses', pool({ addresses: ['10.0.0.9-10.0.0.1', '300.0.0.0/99'] })],
      ['a pool with 1024 entries', pool({ addresses: Array<string>(1024).fill('10.0.0.0/32') })],
      ['an entry of 90 characters', pool({ addresses: [`${'1'.repeat(88)}/1`] })],
      ['a negative priority, which the compiler refuses', pinned({ priority: -1 })],
      [
        'an operator that the compiler refuses',
        pinned({ serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] }),
      ],
      ['an advertisement without a spec', object(L2_ADVERTISEMENT, {})],
      ['an advertisement whose spec is written and left empty', advertisement(null)],
      [
        'fields of a pool that are written and left empty',
        pool({ addresses, autoAssign: null, avoidBuggyIPs: null, serviceAllocation: null }),
      ],
      [
        'fields of a selector that are',
        pinned({ priority: null, serviceSelectors: [{ matchLabels: null, matchExpressions: null }] }),
      ],
      ['the least and the greatest weight', preferring({ weight: 1, preference: {} }, { weight: 100, preference: {} })],
    ])('%s', async (_, one) => {
      expect({ theirs: refusedFields(await dryRun(one)), ours: wrongFields(one) }).toEqual({ theirs: [], ours: [] });
    });
  });

  describe('refuses, as our validator does,', () => {
    test.each<[string, Written, field: string, theirName?: string]>([
      ['a pool without a spec', object(IP_ADDRESS_POOL, {}), 'spec'],
      ['a pool whose spec is null', pool(null), 'spec'],
      ['a pool without addresses', pool({}), 'spec.addresses'],
      ['addresses that are null', pool({ addresses: null }), 'spec.addresses'],
      ['an empty list of addresses', pool({ addresses: [] }), 'spec.addresses'],
      ['1025 addresses', pool({ addresses: Array<string>(1025).fill('10.0.0.0/32') }), 'spec.addresses'],
      ['one text for a list', pool({ addresses: '10.0.0.0/24' }), 'spec.addresses'],
      ['a number among the addresses', pool({ addresses: ['10.0.0.0/24', 10] }), 'spec.addresses[1]'],
      ['a single address', pool({ addresses: ['10.0.0.1'] }), 'spec.addresses[0]'],
      ['a name for an address', pool({ addresses: ['gateway'] }), 'spec.addresses[0]'],
      ['a prefix with a space before it', pool({ addresses: [' 10.0.0.0/24'] }), 'spec.addresses[0]'],
      ['a prefix with a line end after it', pool({ addresses: ['10.0.0.0/24\n'] }), 'spec.addresses[0]'],
      ['a range with a no-break space in it', pool({ addresses: ['10.0.0.1\u00a0- 10.0.0.2'] }), 'spec.addresses[0]'],
      ['a range with a form feed in it', pool({ addresses: ['10.0.0.1\f- 10.0.0.2'] }), 'spec.addresses[0]'],
      ['an entry of 91 characters', pool({ addresses: [`${'1'.repeat(89)}/1`] }), 'spec.addresses[0]'],
      ['"yes" in quotes for true', pool({ addresses, autoAssign: 'yes' }), 'spec.autoAssign'],
      ['1 for true', pool({ addresses, avoidBuggyIPs: 1 }), 'spec.avoidBuggyIPs'],
      ['half a priority', pinned({ priority: 1.5 }), 'spec.serviceAllocation.priority'],
      ['a priority in quotes', pinned({ priority: '5' }), 'spec.serviceAllocation.priority'],
      ['a namespace that is null', pinned({ namespaces: [null] }), 'spec.serviceAllocation.namespaces[0]'],
      ['a selector for a list of them', pinned({ serviceSelectors: {} }), 'spec.serviceAllocation.serviceSelectors'],
      [
        'a requirement without an operator',
        pinned({ serviceSelectors: [{}, { matchExpressions: [{ key: 'app' }] }] }),
        'spec.serviceAllocation.serviceSelectors[1].matchExpressions[0].operator',
      ],
      [
        'a label in a selector that is a number',
        pinned({ namespaceSelectors: [{ matchLabels: { a: 1 } }] }),
        'spec.serviceAllocation.namespaceSelectors[0].matchLabels.a',
      ],
      [
        'a mistyped field of a selector',
        pinned({ namespaceSelectors: [{ matchlabels: { a: 'b' } }] }),
        'spec.serviceAllocation.namespaceSelectors[0].matchlabels',
      ],
      ['a mistyped field', pool({ addresses, autoassign: false }), 'spec.autoassign'],
      ['a field one level too high', object(IP_ADDRESS_POOL, { spec: { addresses }, addresses }), 'addresses'],
      ['mistyped metadata', pool({ addresses }, { label: { a: 'b' } }), 'metadata.label'],
      ['a name with a capital letter', pool({ addresses }, { name: 'Primary' }), 'metadata.name'],
      ['a name of 254 characters', pool({ addresses }, { name: 'a'.repeat(254) }), 'metadata.name'],
      ['an empty name', pool({ addresses }, { name: '' }), 'metadata.name'],
      [
        'a label with a space in its value',
        pool({ addresses }, { labels: { a: 'b c' } }),
        'metadata.labels.a',
        'metadata.labels',
      ],
      ['a label that is a number', pool({ addresses }, { labels: { a: 1 } }), 'metadata.labels.a', 'metadata.labels'],
      [
        'an annotation that is true',
        pool({ addresses }, { annotations: { a: true } }),
        'metadata.annotations.a',
        'metadata.annotations',
      ],
      ['weight 0', preferring({ weight: 0, preference: {} }), 'spec.preferredNodeSelectors[0].weight'],
      ['weight 101', preferring({ weight: 101, preference: {} }), 'spec.preferredNodeSelectors[0].weight'],
      ['a weight in quotes', preferring({ weight: '5', preference: {} }), 'spec.preferredNodeSelectors[0].weight'],
      ['a preference without a weight', preferring({ preference: {} }), 'spec.preferredNodeSelectors[0].weight'],
      ['a weight for nothing', preferring({ weight: 1 }), 'spec.preferredNodeSelectors[0].preference'],
      ['one interface for a list', advertisement({ interfaces: 'eth0' }), 'spec.interfaces'],
      ['a pool that is a number', advertisement({ ipAddressPools: [1] }), 'spec.ipAddressPools[0]'],
      ['a selector for a list of nodes', advertisement({ nodeSelectors: {} }), 'spec.nodeSelectors'],
    ])('%s', async (_, one, field, theirName = field) => {
      expect({ theirs: refusedFields(await dryRun(one)), ours: wrongFields(one) }).toEqual({
        theirs: [theirName],
        ours: [field],
      });
    });
  });

  describe('differs from our validator, which', () => {
    test.each<[string, Written, theirs: string[], ours: string[]]>([
      [
        'needs the name that a server would generate',
        pool({ addresses }, { name: undefined, generateName: 'a-' }),
        [],
        ['metadata.name'],
      ],
      ['leaves the keys of labels to the server', pool({ addresses }, { labels: { 'a b': '' } }), ['metadata.labels'], []],
      ['has no bound for a whole number', pinned({ priority: 2 ** 63 }), ['spec.serviceAllocation.priority'], []],
    ])('%s', async (_, one, theirs, ours) => {
      expect({ theirs: refusedFields(await dryRun(one)), ours: wrongFields(one) }).toEqual({ theirs, ours });
    });
  });

  describe('keeps the status that agents write', () => {
    const patch = (what: string, status: string): Promise<{ code: number; stderr: string }> =>
      server.kubectl(['patch', what, ...IN_NAMESPACE, '--subresource=status', '--type=merge', `--patch={"status":${status}}`]);
    const created = (kind: CustomKind, name: string, spec: object = {}): Promise<string> =>
      must(['create', '-f', '-'], JSON.stringify(object(kind, spec, { name })));
    const TIME = '2026-01-02T03:04:05Z';
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'Compiled',
      message: '',
      lastTransitionTime: TIME,
      observedGeneration: 1,
    };

    test('of a pool: counters up to the greatest of 64 bits, and conditions', async () => {
      await created(IP_ADDRESS_POOL, 'huge', { spec: { addresses: ['fd00::/48'] } });
      const counters = '"assignedIPv4":0,"assignedIPv6":1,"availableIPv4":0,"availableIPv6":9223372036854775807';
      await patch('ipaddresspool/huge', `{${counters},"conditions":[${JSON.stringify(condition)}],"observedGeneration":1}`);
      const stored = await must(['get', 'ipaddresspool/huge', ...IN_NAMESPACE, '--output=jsonpath={.status}']);
      expect(stored).toContain('"availableIPv6":9223372036854775807');
      expect(JSON.parse(stored)).toMatchObject({ assignedIPv6: 1, conditions: [condition], observedGeneration: 1 });
    });

    test('of an advertisement: conditions', async () => {
      await created(L2_ADVERTISEMENT, 'all');
      await patch('l2advertisement/all', `{"conditions":[${JSON.stringify(condition)}],"observedGeneration":1}`);
      const stored = await must(['get', 'l2advertisement/all', ...IN_NAMESPACE, '--output=jsonpath={.status}']);
      expect(JSON.parse(stored)).toEqual({ conditions: [condition], observedGeneration: 1 });
    });

    test('of a component: conditions of several owners, applied side by side', async () => {
      await created(CONFIGURATION_STATE, 'controller');
      for (const [owner, type] of [
        ['poolReconciler', 'poolReconcilerValid'],
        ['configReconciler', 'configReconcilerValid'],
      ]) {
        const status = { result: 'Valid', errorSummary: '', conditions: [{ ...condition, type, reason: 'Reconciled' }] };
        await must(
          ['apply', '--server-side', '--subresource=status', '--force-conflicts', `--field-manager=${owner}`, '-f', '-'],
          JSON.stringify(object(CONFIGURATION_STATE, { status }, { name: 'controller' })),
        );
      }
      const types = ['get', 'configurationstate/controller', '--output=jsonpath={.status.conditions[*].type}'];
      expect(await must([...types, ...IN_NAMESPACE])).toBe('poolReconcilerValid configReconcilerValid');
      const table = await must(['get', 'configurationstates', ...IN_NAMESPACE]);
      expect(table.replace(/\d+s\n$/, 'AGE\n')).toBe(
        ['NAME         RESULT   ERRORSUMMARY   AGE', 'controller   Valid                   AGE', ''].join('\n'),
      );
    });

    test('of a Service: who answers, which never changes', async () => {
      await created(SERVICE_L2_STATUS, 'l2-x', { spec: {} });
      const who = { node: 'n1', serviceName: 'web', serviceNamespace: 'default', interfaces: [{ name: 'eth0' }] };
      await patch('servicel2status/l2-x', JSON.stringify(who));
      const columns = [
        'NAME   ALLOCATED NODE   SERVICE NAME   SERVICE NAMESPACE',
        'l2-x   n1               web            default',
        '',
      ];
      expect(await must(['get', 'servicel2statuses', ...IN_NAMESPACE])).toBe(columns.join('\n'));
      for (const field of ['node', 'serviceName', 'serviceNamespace']) {
        const { stderr } = await patch('servicel2status/l2-x', JSON.stringify({ [field]: 'other' }));
        expect(stderr).toMatch(new RegExp(`status\\.${field}: Invalid value: .*: Value is immutable`));
      }
      expect((await patch('servicel2status/l2-x', '{"interfaces":[]}')).code).toBe(0);
    });

    test.each<[string, CustomKind, string, object, field: string]>([
      ['a result nobody knows', CONFIGURATION_STATE, 'a', { result: 'Fine' }, 'status.result'],
      ['a summary that is a list', CONFIGURATION_STATE, 'b', { errorSummary: [] }, 'status.errorSummary'],
      [
        'a condition without a reason',
        CONFIGURATION_STATE,
        'c',
        { conditions: [{ ...condition, reason: undefined }] },
        'status.conditions[0].reason',
      ],
      [
        'a condition that is neither',
        L2_ADVERTISEMENT,
        'd',
        { conditions: [{ ...condition, status: 'Maybe' }] },
        'status.conditions[0].status',
      ],
      [
        'a reason of two words',
        L2_ADVERTISEMENT,
        'e',
        { conditions: [{ ...condition, reason: 'Not ready' }] },
        'status.conditions[0].reason',
      ],
      ['an interface that is a text', SERVICE_L2_STATUS, 'f', { interfaces: ['eth0'] }, 'status.interfaces[0]'],
      ['a node that is a number', SERVICE_L2_STATUS, 'g', { node: 1 }, 'status.node'],
    ])('but not %s', async (_, kind, name, status, field) => {
      await created(kind, name);
      const { stderr } = await patch(`${kind.plural}/${name}`, JSON.stringify(status));
      expect(stderr).toContain(`${field}: `);
      expect(validate(kind.status, status).map(({ path }) => `status.${path}`)).toContain(field);
    });
  });
});
