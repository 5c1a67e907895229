/** The rows of MetalLB's TestParse that concern pools and Layer 2 (metallb-behaviour §9.9), by their names. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { L2Advertisement } from '../../src/api/l2advertisement.js';
import { parsePool } from '../../src/config/pool.js';
import { parseSelector } from '../../src/config/selector.js';
import { advertisement, compiled, configOf, namespace, pool } from './objects.js';

type Given = Parameters<typeof compiled>[0];

const one = ['10.20.0.0/24'];
const color = (value: string) => ({ matchLabels: { color: value } });
const twice = { matchExpressions: [{ key: 'color', operator: 'In', values: ['red', 'red'] }] };
const pinned = (serviceAllocation: object): Given => ({ pools: [pool('a', one, { serviceAllocation })] });
const announced = (spec: L2Advertisement['spec']): Given => ({
  pools: [pool('a', one, { labels: { color: 'red' } })],
  advertisements: [advertisement('adv', spec)],
});

describe('TestParse', () => {
  test.each<[string, Given, string[]]>([
    ['empty config', {}, []],
    [
      'config using all features',
      {
        pools: [
          pool('all', ['10.20.0.0/16', '10.50.0.0-10.50.0.9', 'fc00::/120'], {
            labels: { color: 'red' },
            autoAssign: false,
            avoidBuggyIPs: true,
            serviceAllocation: {
              priority: 1,
              namespaces: ['x'],
              namespaceSelectors: [color('red')],
              serviceSelectors: [color('red')],
            },
          }),
        ],
        advertisements: [
          advertisement('all', {
            ipAddressPools: ['all'],
            ipAddressPoolSelectors: [color('red')],
            nodeSelectors: [color('red')],
            interfaces: ['eth0'],
            serviceSelectors: [color('red')],
            preferredNodeSelectors: [{ weight: 100, preference: color('red') }],
          }),
        ],
      },
      [],
    ],
    ['ip address pool with namespace selection', pinned({ namespaces: ['x'], namespaceSelectors: [color('red')] }), []],
    ['ip address pool with duplicate namespace selection', pinned({ namespaces: ['x', 'x'] }), ['DUPLICATE_ENTRY']],
    [
      'ip address pool with duplicate namespace selectors',
      pinned({ namespaceSelectors: [color('red'), color('red')] }),
      ['DUPLICATE_ENTRY'],
    ],
    ['ip address pool with service selection', pinned({ serviceSelectors: [color('red')] }), []],
    ['ip address pool with duplicate service selection', pinned({ serviceSelectors: [twice] }), ['DUPLICATE_ENTRY']],
    ['ip address pool with namespace and service selection', pinned({ namespaces: ['x'], serviceSelectors: [color('red')] }), []],
    ['ip address pool with only priority', pinned({ priority: 10 }), []],
    ['no pool name', { pools: [pool('', one)] }, ['FIELD_MISSING']],
    ['address pool with no address', { pools: [pool('a', [])] }, ['FIELD_INVALID']],
    ['invalid pool CIDR', { pools: [pool('a', ['100.200.300.400/24'])] }, ['ADDRESS_MALFORMED']],
    ['invalid pool CIDR prefix length', { pools: [pool('a', ['1.2.3.0/33'])] }, ['PREFIX_MALFORMED']],
    [
      'invalid pool CIDR, first address of the range is after the second',
      { pools: [pool('a', ['1.2.3.10-1.2.3.9'])] },
      ['RANGE_REVERSED'],
    ],
    ['duplicate ip address pools - in L2 adv', announced({ ipAddressPools: ['a', 'a'] }), ['DUPLICATE_ENTRY']],
    ['duplicate pool definition', { pools: [pool('a', one), pool('a', ['10.30.0.0/24'])] }, ['DUPLICATE_OBJECT']],
    ['duplicate CIDRs', { pools: [pool('a', one), pool('b', one)] }, ['POOL_OVERLAP']],
    ['duplicate CIDRs, of one pool', { pools: [pool('a', [...one, ...one])] }, ['POOL_OVERLAP']],
    ['overlapping CIDRs', { pools: [pool('a', one), pool('b', ['10.0.0.0/8'])] }, ['POOL_OVERLAP']],
    ['a leading space in a CIDR', { pools: [pool('a', [' 10.20.0.0/24'])] }, ['ADDRESS_MALFORMED']],
    ['use ip pool selectors', announced({ ipAddressPoolSelectors: [color('red')] }), []],
    ['specify interfaces', announced({ interfaces: ['eth0', 'eth1'] }), []],
    [
      'use duplicate ip pool selectors - in L2 adv',
      announced({ ipAddressPoolSelectors: [color('red'), color('red')] }),
      ['DUPLICATE_ENTRY'],
    ],
    ['use non existent label for ip pool selectors', announced({ ipAddressPoolSelectors: [color('blue')] }), []],
    ['use node selectors', announced({ nodeSelectors: [color('red')] }), []],
    [
      'use duplicate match labels in node selectors',
      announced({ nodeSelectors: [color('red'), color('red')] }),
      ['DUPLICATE_ENTRY'],
    ],
    ['use duplicate match expression values in node selector', announced({ nodeSelectors: [twice] }), ['DUPLICATE_ENTRY']],
    ['no nodes means all nodes', announced({}), []],
    [
      'missing key',
      announced({ nodeSelectors: [{ matchExpressions: [{ key: '', operator: 'In', values: ['x'] }] }] }),
      ['SELECTOR_INVALID'],
    ],
    [
      'missing operator',
      announced({ nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: '', values: ['x'] }] }] }),
      ['SELECTOR_INVALID'],
    ],
    [
      'several mistakes are told at once',
      {
        pools: [
          pool('a', ['x/1', '10.0.0.0/33', '1.2.3.9-1.2.3.1'], { serviceAllocation: { priority: -1, namespaces: ['x', 'x'] } }),
        ],
      },
      ['ADDRESS_MALFORMED', 'PREFIX_MALFORMED', 'RANGE_REVERSED', 'PRIORITY_NEGATIVE', 'DUPLICATE_ENTRY'],
    ],
  ])('%s', (_, given, codes) => {
    const { config, issues } = compiled({ ...given, namespaces: [namespace('x', { color: 'red' })] });
    expect(issues.map(({ code }) => code)).toEqual(codes);
    expect(config === undefined).toBe(codes.length > 0);
  });

  test('an empty node selector selects every node, and one that matches none covers none', () => {
    const [everywhere, nowhere] = ([{ nodeSelectors: [{}] }, { nodeSelectors: [color('blue')] }] as const).map(
      (spec) => configOf(announced({ nodeSelectors: [...spec.nodeSelectors] })).advertisements[0]?.nodeSelectors,
    );
    expect(everywhere).toEqual([{ requirements: [] }]);
    expect(nowhere).toHaveLength(1);
  });

  const word = fc.oneof(
    fc.constantFrom('', 'a', 'a/b', 'x y', '-', 'In', 'NotIn', 'Exists', 'DoesNotExist', 'gt', '__proto__', 'constructor'),
    fc.string(),
  );
  const selector = fc.record(
    {
      matchLabels: fc.dictionary(word, word, { maxKeys: 3 }),
      matchExpressions: fc.array(fc.record({ key: word, operator: word, values: fc.array(word, { maxLength: 3 }) }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: [] },
  );

  test('nothing that may be written makes the parser throw, and what is wrong has a code, a path and words', () => {
    const spec = fc.record({
      addresses: fc.array(fc.oneof(word, fc.ipV4(), fc.constantFrom('10.0.0.0/24', '10.0.0.1-10.0.0.9', '10.0.0.9-fc00::')), {
        maxLength: 4,
      }),
      serviceAllocation: fc.record(
        {
          priority: fc.integer(),
          namespaces: fc.array(word, { maxLength: 3 }),
          namespaceSelectors: fc.array(selector, { maxLength: 2 }),
          serviceSelectors: fc.array(selector, { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
    });
    fc.assert(
      fc.property(word, spec, selector, (name, one, alone) => {
        const { object } = pool(name, one.addresses, { serviceAllocation: one.serviceAllocation });
        const reads = [parsePool(object, [namespace('x')]), parseSelector(alone, 'spec.s')];
        for (const read of reads) {
          for (const { code, path, message } of read.ok ? [] : read.issues) {
            expect([code, path.length > 0, message.length > 10]).toEqual([code, true, true]);
          }
        }
      }),
    );
  });
});
