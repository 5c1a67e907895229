import { join } from 'node:path';
import { App } from 'cdk8s';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AdmissionPolicy, type AdmissionPolicyProps } from '../../constructs/index.js';
import { parseRequest } from '../../src/allocator/request.js';
import { API_VERSION } from '../../src/api/kind.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { readService } from '../../src/api/service.js';
import { ROOT } from '../constructs/support.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';

const IPS = 'metallb.io/loadBalancerIPs';
const DEPRECATED = 'metallb.universe.tf/loadBalancerIPs';
const IN_METALLB = ['--namespace', METALLB_NAMESPACE];
const DRY = ['--dry-run=server'];

const service = (annotations: Readonly<Record<string, string>>, spec: object = {}, name = 'web'): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', annotations },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});
const ours = (kind: string, namespace: string): object => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name: 'new', namespace },
  spec: kind === 'IPAddressPool' ? { addresses: ['10.0.0.0/24'] } : {},
});
const pool = (name: string, annotations: object = {}): object => ({
  apiVersion: API_VERSION,
  kind: 'IPAddressPool',
  metadata: { name, namespace: METALLB_NAMESPACE, annotations },
  spec: { addresses: ['10.0.0.0/24'] },
});
const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const policies = (props?: AdmissionPolicyProps): string => list(new AdmissionPolicy(new App(), 'admission', props).toJson());

/** What the policy said; undefined when the request was admitted. */
const denial = (stderr: string): string | undefined => / denied request: (.*)\n/.exec(stderr)?.[1];

describeWithApiServer('the admission policies on a real API server', () => {
  let server: ApiServer;

  const must = async (args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await server.kubectl(args, input);
    expect([code, stderr]).toEqual([0, '']);
  };
  /** The denial of a request that either is admitted without a word or is denied by a policy. */
  const attempt = async (args: readonly string[], input?: unknown): Promise<string | undefined> => {
    const { code, stderr } = await server.kubectl([...args, ...DRY], input === undefined ? undefined : JSON.stringify(input));
    if (code !== 0 && denial(stderr) === undefined) throw new Error(stderr);
    expect(code === 0 ? stderr : '').toBe('');
    return denial(stderr);
  };
  const create = (object: object): Promise<string | undefined> => attempt(['create', '-f', '-'], object);
  const patch = (name: string, change: object): Promise<string | undefined> =>
    attempt(['patch', 'service', name, '--type=merge', `--patch=${JSON.stringify(change)}`]);

  /** A policy takes effect some seconds after it was accepted. */
  const inEffect = async (): Promise<void> => {
    await until('the placement policy is in effect', () => create(ours('IPAddressPool', 'default')));
    await until('the deletion policy is in effect', () => attempt(['delete', 'ipaddresspool/used', ...IN_METALLB]));
    await until('the Service policy is in effect', () => create(service({ [IPS]: 'web' })));
  };

  beforeAll(async () => {
    server = await startApiServer();
    await must(['create', 'namespace', METALLB_NAMESPACE]);
    await must(['apply', '--server-side', '-f', join(ROOT, 'dist/00-crds')]);
    await must(['wait', '--for=condition=Established', 'crd', '--all']);
    const allowed = { 'arpeggio.dev/allow-delete': 'true' };
    const pools = [
      pool('used'),
      pool('free'),
      pool('fresh'),
      pool('allowed', allowed),
      pool('asked', { 'arpeggio.dev/allow-delete': 'no' }),
    ];
    await must(['apply', '--server-side', '-f', '-'], list(pools));
    for (const name of ['used', 'free', 'allowed', 'asked']) {
      const [four, six] = name === 'free' ? [0, 0] : [2, 1];
      const status = { assignedIPv4: four, assignedIPv6: six, availableIPv4: 9, availableIPv6: 9 };
      const change = `--patch=${JSON.stringify({ status })}`;
      await must(['patch', `ipaddresspool/${name}`, ...IN_METALLB, '--subresource=status', '--type=merge', change]);
    }
    const old = [
      service({ [IPS]: 'gibberish' }, { loadBalancerIP: '10.0.0.1' }, 'old'),
      service({ [IPS]: 'gibberish' }, { type: 'ClusterIP' }, 'inside'),
    ];
    await must(['apply', '--server-side', '-f', '-'], list(old));
    await must(['apply', '--server-side', '--validate=strict', '-f', '-'], policies());
    await inEffect();
  });
  afterAll(() => server?.stop());

  describe('admit', () => {
    test.each<[string, object]>([
      ['a pool where pools belong', ours('IPAddressPool', METALLB_NAMESPACE)],
      ['an advertisement where they belong', ours('L2Advertisement', METALLB_NAMESPACE)],
      ['a Service that asks for nothing', service({})],
      ['a Service that asks for an address', service({ [IPS]: '10.0.0.1' })],
      ['one in the deprecated spelling', service({ [DEPRECATED]: '10.0.0.1' })],
      ['one in the field', service({}, { loadBalancerIP: 'fd00::1' })],
      ['two addresses, one of each family, with spaces', service({ [IPS]: ' fd00::1 , 10.0.0.1 ' })],
      ['the shortest IPv6 address', service({ [IPS]: '::' })],
      ['an IPv6 address that ends like an IPv4 one', service({ [IPS]: '64:ff9b::10.0.0.1' })],
      ['an IPv6 address in capital letters', service({ [IPS]: 'FD00:0:0:0:0:0:0:ABCD' })],
      ['an empty annotation, which asks for nothing', service({ [IPS]: '' }, { loadBalancerIP: '10.0.0.1' })],
      ['an empty annotation before a deprecated one, which it overrules', service({ [IPS]: '', [DEPRECATED]: 'gibberish' })],
      ['an empty sharing key, which shares nothing', service({ 'metallb.io/allow-shared-ip': '' })],
      [
        'a name in the field, for a load balancer of another class',
        service({}, { loadBalancerIP: 'gateway', loadBalancerClass: 'example.com/cloud' }),
      ],
      ['nonsense on a Service that is no load balancer', service({ [IPS]: 'gibberish' }, { type: 'ClusterIP' })],
    ])('%s', async (_, object) => {
      expect(await create(object)).toBeUndefined();
    });
  });

  describe('refuse', () => {
    const ELSEWHERE = 'FIELD_INVALID metadata.namespace: must be metallb-system, not default: objects elsewhere are not read';

    test.each<[string, string]>([
      ['a pool elsewhere', 'IPAddressPool'],
      ['an advertisement elsewhere', 'L2Advertisement'],
    ])('%s', async (_, kind) => {
      expect(await create(ours(kind, 'default'))).toBe(ELSEWHERE);
    });

    const AT = `SERVICE_INVALID metadata.annotations["${IPS}"]:`;
    const WRITE = 'write one address, or an IPv4 and an IPv6 address with a comma between them';

    test.each<[string, object, message: string]>([
      ['a Service that asks for a name', service({ [IPS]: 'gateway' }), `${AT} "gateway" is not an IP address; ${WRITE}`],
      [
        'one that does in the deprecated spelling',
        service({ [DEPRECATED]: 'gateway' }),
        `SERVICE_INVALID metadata.annotations["${DEPRECATED}"]: "gateway" is not an IP address; ${WRITE}`,
      ],
      ['a number too high', service({ [IPS]: '10.0.0.256' }), `${AT} "10.0.0.256" is not an IP address; ${WRITE}`],
      ['a leading zero', service({ [IPS]: '10.0.0.01' }), `${AT} "10.0.0.01" is not an IP address; ${WRITE}`],
      ['a number alone', service({ [IPS]: '240' }), `${AT} "240" is not an IP address; ${WRITE}`],
      ['a word of hex digits', service({ [IPS]: 'cafe' }), `${AT} "cafe" is not an IP address; ${WRITE}`],
      ['too few groups', service({ [IPS]: '1:2' }), `${AT} "1:2" is not an IP address; ${WRITE}`],
      ['a number beside an address', service({ [IPS]: '240,fd00::1' }), `${AT} "240" is not an IP address; ${WRITE}`],
      [
        'a line break',
        service({ [IPS]: '10.0.0.1\nfd00::1' }),
        `${AT} the text, which has a line break or the like in it, is not an IP address; ${WRITE}`,
      ],
      [
        'a line break in the field',
        service({}, { loadBalancerIP: '10.0.0.1\nfd00::1' }),
        'SERVICE_INVALID spec.loadBalancerIP: the text, which has a line break or the like in it, is not an IP address; write one address, or none',
      ],
      [
        'a very long text',
        service({ [IPS]: '10.0.0.1,'.repeat(20_000) }),
        `${AT} has 180000 characters, which is more than two addresses need`,
      ],
      [
        'a very long text in the field',
        service({}, { loadBalancerIP: '1'.repeat(100_000) }),
        'SERVICE_INVALID spec.loadBalancerIP: has 100000 characters, which is more than an address needs',
      ],
      ['a prefix', service({ [IPS]: '10.0.0.1/32' }), `${AT} "10.0.0.1/32" is not an IP address; ${WRITE}`],
      ['an address with a zone', service({ [IPS]: 'fe80::1%eth0' }), `${AT} "fe80::1%eth0" is not an IP address; ${WRITE}`],
      ['a comma and nothing after it', service({ [IPS]: '10.0.0.1,' }), `${AT} "" is not an IP address; ${WRITE}`],
      ['a space', service({ [IPS]: ' ' }), `${AT} "" is not an IP address; ${WRITE}`],
      [
        'two addresses without a comma',
        service({ [IPS]: '10.0.0.1 fd00::1' }),
        `${AT} "10.0.0.1 fd00::1" is not an IP address; ${WRITE}`,
      ],
      [
        'two addresses of one family',
        service({ [IPS]: 'fd00::1,fd00::2' }),
        `${AT} fd00::1 and fd00::2 are of the same family; two must be one of each`,
      ],
      [
        'three addresses',
        service({ [IPS]: '10.0.0.1,fd00::1,10.0.0.2' }),
        `${AT} at most two addresses can be requested, one of each family, not 3`,
      ],
      [
        'annotation and field',
        service({ [IPS]: '10.0.0.1' }, { loadBalancerIP: '10.0.0.1' }),
        `${AT} a Service cannot have both annotation ${IPS} and spec.loadBalancerIP; keep the annotation`,
      ],
      [
        'a name in the field',
        service({}, { loadBalancerIP: 'gateway' }),
        'SERVICE_INVALID spec.loadBalancerIP: "gateway" is not an IP address; write one address, or none',
      ],
    ])('%s, as the allocator does', async (_, object, message) => {
      expect(await create(object)).toBe(message);
      const read = readService(object);
      const request = read.ok ? parseRequest(read.value) : read;
      expect(request.ok ? [] : request.issues.map(({ code }) => code)).toEqual(['SERVICE_INVALID']);
    });

    test('in the words of kubectl', async () => {
      const { code, stderr } = await server.kubectl(['create', '-f', '-'], JSON.stringify(service({ [IPS]: 'gateway' })));
      expect([code, stderr]).toEqual([
        1,
        `The services "web" is invalid: : ValidatingAdmissionPolicy 'service-request.arpeggio.dev' with binding 'service-request.arpeggio.dev' denied request: ${AT} "gateway" is not an IP address; ${WRITE}\n`,
      ]);
    });
  });

  describe('of a Service that is wrong since before', () => {
    test.each<[string, string, object]>([
      ['a label may change', 'old', { metadata: { labels: { a: 'b' } } }],
      ['another annotation may change', 'old', { metadata: { annotations: { note: 'mend me' } } }],
      ['the ports may change', 'old', { spec: { ports: [{ port: 81 }] } }],
      ['the type may change', 'old', { spec: { type: 'ClusterIP', loadBalancerIP: null } }],
      ['the mistake may be mended', 'old', { metadata: { annotations: { [IPS]: '10.0.0.1' } }, spec: { loadBalancerIP: null } }],
      ['the annotation may go', 'old', { metadata: { annotations: { [IPS]: null } } }],
      ['anything may change while it is no load balancer', 'inside', { metadata: { annotations: { [IPS]: 'gateway' } } }],
    ])('%s', async (_, name, change) => {
      expect(await patch(name, change)).toBeUndefined();
    });

    test('the status may be written', async () => {
      const status = '--patch={"status":{"loadBalancer":{"ingress":[{"ip":"10.0.0.1"}]}}}';
      expect(await attempt(['patch', 'service', 'old', '--subresource=status', '--type=merge', status])).toBeUndefined();
    });

    test('the status is no way round', async () => {
      const change = `--patch=${JSON.stringify({ metadata: { annotations: { [IPS]: '240' } } })}`;
      expect(await attempt(['patch', 'service', 'old', '--subresource=status', '--type=merge', change])).toMatch(
        /^SERVICE_INVALID .*/,
      );
    });

    test.each<[string, string, object, RegExp]>([
      [
        'half a mend is refused',
        'old',
        { spec: { loadBalancerIP: null } },
        /^SERVICE_INVALID .*"gibberish" is not an IP address/,
      ],
      [
        'so is another mistake',
        'old',
        { metadata: { annotations: { [IPS]: 'gateway' } } },
        /^SERVICE_INVALID .* cannot have both/,
      ],
      ['so is becoming a load balancer', 'inside', { spec: { type: 'LoadBalancer' } }, /^SERVICE_INVALID .*"gibberish" is not/],
    ])('%s', async (_, name, change, expected) => {
      expect(await patch(name, change)).toMatch(expected);
    });
  });

  describe('of pools', () => {
    const IN_USE =
      'POOL_IN_USE status: Services hold 3 of its addresses and would lose them; move them first, or annotate the pool with arpeggio.dev/allow-delete: "true"';

    test.each<[string, string, string | undefined]>([
      ['one whose addresses are held stays', 'used', IN_USE],
      ['one that says no stays', 'asked', IN_USE],
      ['one that says so goes', 'allowed', undefined],
      ['one that nobody uses goes', 'free', undefined],
      ['one that no controller has seen goes', 'fresh', undefined],
    ])('%s', async (_, name, expected) => {
      expect(await attempt(['delete', `ipaddresspool/${name}`, ...IN_METALLB])).toBe(expected);
    });

    test('all at once stay, for one that is in use', async () => {
      const path = `/apis/${API_VERSION}/namespaces/${METALLB_NAMESPACE}/ipaddresspools?dryRun=All`;
      const { status, body } = await server.call('DELETE', path);
      expect([status, denial(`${body['message']}\n`)]).toEqual([403, IN_USE]);
    });

    test('the spec of one in use may change: what that does is for plan to say', async () => {
      const change = '--patch={"spec":{"addresses":["10.0.1.0/24"]}}';
      expect(await attempt(['patch', 'ipaddresspool/used', ...IN_METALLB, '--type=merge', change])).toBeUndefined();
    });
  });

  test('may only warn', async () => {
    await must(['apply', '--server-side', '--validate=strict', '-f', '-'], policies({ validationActions: ['Warn'] }));
    const warning = await until('the policies only warn', async () => {
      const { code, stderr } = await server.kubectl(['create', ...DRY, '-f', '-'], JSON.stringify(service({ [IPS]: 'gateway' })));
      return code === 0 && stderr !== '' && stderr;
    });
    expect(warning).toMatch(/^Warning: .*SERVICE_INVALID .*"gateway" is not an IP address/);
  });
});
