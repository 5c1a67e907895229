import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { L2Advertisement } from '../../src/api/l2advertisement.js';
import { poolCapacity } from '../../src/config/capacity.js';
import { findOverlaps, MAX_OVERLAPS, type WrittenRange } from '../../src/config/overlap.js';
import { type Address, formatIpv4, ipv4 } from '../../src/net/address.js';
import { formatRange, rangesOverlap } from '../../src/net/range.js';
import { crowdedRange } from '../net/arbitrary.js';
import { advertisement, compiled, configOf, namespace, pool } from './objects.js';

const one = ['10.0.0.0/24'];
type Allocation = NonNullable<IPAddressPool['spec']['serviceAllocation']>;

describe('a pool', () => {
  test('is general, gives addresses by itself and all of them, unless it says otherwise', () => {
    const [only] = configOf({ pools: [pool('a', ['10.0.0.5-10.0.0.7', 'fc00::/126'])] }).pools;
    expect(only).toMatchObject({ name: 'a', autoAssign: true, avoidBuggyIPs: false });
    expect(only).not.toHaveProperty('pinned');
    expect(only?.ranges.map(formatRange)).toEqual(['10.0.0.5-10.0.0.7', 'fc00::-fc00::3']);
  });

  const namespaces = [namespace('red', { team: 'a' }), namespace('green', { team: 'a' }), namespace('blue')];
  const team = (value: string) => ({ matchLabels: { team: value } });
  test.each<[string, Allocation, 'any' | string[], number]>([
    ['only a priority is open to every Service', { priority: 7 }, 'any', 7],
    ['nothing at all is open to every Service, last', {}, 'any', 0],
    ['namespaces is open to those', { namespaces: ['red', 'absent'] }, ['absent', 'red'], 0],
    ['namespace selectors is open to what they match', { namespaceSelectors: [team('a')] }, ['green', 'red'], 0],
    ['both is open to either', { namespaces: ['blue'], namespaceSelectors: [team('a')] }, ['blue', 'green', 'red'], 0],
    ['selectors that match nothing is open to nobody (Q-04)', { namespaceSelectors: [team('z')] }, [], 0],
    [
      'a selector for the name that the API server labels',
      { namespaceSelectors: [{ matchLabels: { 'kubernetes.io/metadata.name': 'blue' } }] },
      ['blue'],
      0,
    ],
    ['an empty selector is open to every namespace there is', { namespaceSelectors: [{}] }, ['blue', 'green', 'red'], 0],
    ['Service selectors is open to any namespace', { serviceSelectors: [team('a')] }, 'any', 0],
  ])('whose serviceAllocation has %s', (_, serviceAllocation, expected, priority) => {
    const [only] = configOf({ pools: [pool('a', one, { serviceAllocation })], namespaces }).pools;
    const found = only?.pinned?.namespaces;
    expect(found instanceof Set ? [...found] : found).toEqual(expected);
    expect(only?.pinned?.priority).toBe(priority);
  });

  test.each<[string, Partial<IPAddressPool['spec']>, string, string, string]>([
    ['no addresses', { addresses: [] }, 'FIELD_INVALID', 'spec.addresses', 'has no addresses'],
    ['a bare address', { addresses: ['10.0.0.1'] }, 'RANGE_MALFORMED', 'spec.addresses[0]', '10.0.0.1/32'],
    ['a bad prefix length', { addresses: ['10.0.0.0/24', '10.1.0.0/40'] }, 'PREFIX_MALFORMED', 'spec.addresses[1]', '0 to 32'],
    ['a reversed range', { addresses: ['10.0.0.9-10.0.0.1'] }, 'RANGE_REVERSED', 'spec.addresses[0]', '10.0.0.1-10.0.0.9'],
    ['a leading space', { addresses: [' 10.0.0.0/24'] }, 'ADDRESS_MALFORMED', 'spec.addresses[0]', 'space'],
    ['the same CIDR twice', { addresses: ['10.0.0.0/24', '10.0.0.7/24'] }, 'POOL_OVERLAP', 'spec.addresses[1]', '"10.0.0.7/24"'],
    [
      'a negative priority (Q-03)',
      { serviceAllocation: { priority: -1 } },
      'PRIORITY_NEGATIVE',
      'spec.serviceAllocation.priority',
      '-1',
    ],
    [
      'a namespace twice',
      { serviceAllocation: { namespaces: ['a', 'b', 'a'] } },
      'DUPLICATE_ENTRY',
      'spec.serviceAllocation.namespaces[2]',
      'namespaces[0]',
    ],
    [
      'a namespace selector twice',
      { serviceAllocation: { namespaceSelectors: [team('a'), team('a')] } },
      'DUPLICATE_ENTRY',
      'spec.serviceAllocation.namespaceSelectors[1]',
      'namespaceSelectors[0]',
    ],
    [
      'a Service selector with a value twice',
      { serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'x'] }] }] } },
      'DUPLICATE_ENTRY',
      'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].values[1]',
      'value',
    ],
    [
      'an invalid Service selector',
      { serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Like' }] }] } },
      'SELECTOR_INVALID',
      'spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].operator',
      'invalid label selector',
    ],
  ])('with %s makes no Config', (_, spec, code, path, why) => {
    const { config, issues } = compiled({ pools: [pool('a', one, spec)] });
    expect(config).toBeUndefined();
    expect(issues).toMatchObject([{ code, path, severity: 'error', source: { file: `a.yaml#${path}` } }]);
    expect(issues[0]?.message).toContain(why);
  });

  test('without a name, or with the name of another, makes no Config', () => {
    expect(compiled({ pools: [pool('', one)] }).issues).toMatchObject([{ code: 'FIELD_MISSING', path: 'metadata.name' }]);
    const twice = compiled({ pools: [pool('a', one), pool('a', ['10.0.0.0/25'])] });
    expect(twice.issues).toMatchObject([{ code: 'DUPLICATE_OBJECT', path: 'metadata.name' }]);
  });
});

describe('two pools that share addresses', () => {
  test('are named, with their ranges as written, their places and what they share', () => {
    const pools = [pool('b', ['10.9.0.0/24', '10.0.0.0/24']), pool('a', ['10.0.0.240-10.0.1.3'])];
    const { config, issues } = compiled({ pools });
    expect(config).toBeUndefined();
    expect(issues).toEqual([
      {
        code: 'POOL_OVERLAP',
        severity: 'error',
        path: 'spec.addresses[1]',
        source: { file: 'b.yaml#spec.addresses[1]' },
        object: { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'b' },
        message:
          '"10.0.0.0/24" of pool "b" (b.yaml#spec.addresses[1]) overlaps with already defined CIDR or range ' +
          '"10.0.0.240-10.0.1.3" of pool "a" (a.yaml#spec.addresses[0]): both have 10.0.0.240-10.0.0.255',
      },
    ]);
  });

  const written = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), crowdedRange), { maxLength: 10 })
    .map((list): WrittenRange[] => list.map(([name, range], index) => ({ pool: name, index, text: formatRange(range), range })));

  test('are found as by comparing each with each, every pair once', () => {
    fc.assert(
      fc.property(written, (ranges) => {
        const pairs = ranges.flatMap((a, i) =>
          ranges
            .slice(i + 1)
            .filter((b) => rangesOverlap(a.range, b.range))
            .map((b) => [a, b]),
        );
        const found = findOverlaps(ranges);
        expect(found.length).toBe(pairs.length);
        expect(new Set(found.map(({ earlier, later }) => `${earlier.index} ${later.index}`)).size).toBe(pairs.length);
        expect(found.every(({ earlier, later }) => rangesOverlap(earlier.range, later.range))).toBe(true);
      }),
    );
  });

  test('are the same whatever the order of the input', () => {
    fc.assert(
      fc.property(written, (ranges) => {
        expect(findOverlaps([...ranges].reverse())).toEqual(findOverlaps(ranges));
      }),
    );
  });

  test('do not take quadratic time, nor a quadratic report', () => {
    const everything = configLike(10_000, () => '0.0.0.0/0');
    expect(compiled({ pools: [everything] }).issues.length).toBe(MAX_OVERLAPS);
  });

  test('are told apart when they only touch: 10,000 ranges, side by side', () => {
    const touching = configLike(10_000, (i) => `${formatIpv4(0x0a000000 + 4 * i)}-${formatIpv4(0x0a000003 + 4 * i)}`);
    expect(compiled({ pools: [touching] }).issues).toEqual([]);
  });

  const configLike = (count: number, text: (i: number) => string) =>
    pool(
      'a',
      Array.from({ length: count }, (_, i) => text(i)),
    );
});

describe('an advertisement', () => {
  const pools = [pool('a', ['10.0.0.0/24'], { labels: { tier: 'web' } }), pool('b', ['10.0.1.0/24'])];
  const tier = (value: string) => ({ matchLabels: { tier: value } });

  test.each<[string, L2Advertisement['spec'], string[]]>([
    ['says nothing attaches to every pool', {}, ['a', 'b']],
    ['has no spec attaches to every pool', undefined, ['a', 'b']],
    ['names a pool attaches to that', { ipAddressPools: ['b'] }, ['b']],
    ['selects pools attaches to those', { ipAddressPoolSelectors: [tier('web')] }, ['a']],
    ['names and selects attaches to both', { ipAddressPools: ['b'], ipAddressPoolSelectors: [tier('web')] }, ['a', 'b']],
    ['selects nothing attaches to none (Q-05)', { ipAddressPoolSelectors: [tier('db')] }, []],
    ['names only unknown pools attaches to none (Q-05)', { ipAddressPools: ['zzz'] }, []],
  ])('that %s', (_, spec, expected) => {
    const [only] = configOf({ pools, advertisements: [advertisement('adv', spec)] }).advertisements;
    expect([...(only?.pools ?? [])]).toEqual(expected);
  });

  test('of an unknown pool is a warning that prevents nothing and guesses what was meant', () => {
    const { config, issues } = compiled({
      pools: [pool('primary-pool', one)],
      advertisements: [advertisement('adv', { ipAddressPools: ['primary-pol'] })],
    });
    expect(config).toBeDefined();
    expect(issues).toMatchObject([
      {
        code: 'UNKNOWN_POOL',
        severity: 'warning',
        path: 'spec.ipAddressPools[0]',
        source: { file: 'adv.yaml#spec.ipAddressPools[0]' },
      },
    ]);
    expect(issues[0]?.message).toContain('did you mean "primary-pool"?');
  });

  test.each<[string, L2Advertisement['spec'], 'all' | string[]]>([
    ['no interfaces covers all', {}, 'all'],
    ['an empty list covers all', { interfaces: [] }, 'all'],
    ['interfaces covers those, once each', { interfaces: ['eth1', 'eth0', 'eth1'] }, ['eth0', 'eth1']],
  ])('with %s', (_, spec, expected) => {
    expect(configOf({ pools, advertisements: [advertisement('adv', spec)] }).advertisements[0]?.interfaces).toEqual(expected);
  });

  test('keeps its preferences, duplicates too', () => {
    const preferredNodeSelectors = [
      { weight: 10, preference: tier('web') },
      { weight: 10, preference: tier('web') },
    ];
    const [only] = configOf({ pools, advertisements: [advertisement('adv', { preferredNodeSelectors })] }).advertisements;
    expect(only?.preferredNodes.map(({ weight }) => weight)).toEqual([10, 10]);
  });

  test.each<[string, L2Advertisement['spec'], string, string]>([
    ['a pool twice', { ipAddressPools: ['a', 'a'] }, 'DUPLICATE_ENTRY', 'spec.ipAddressPools[1]'],
    [
      'a pool selector twice',
      { ipAddressPoolSelectors: [tier('x'), tier('x')] },
      'DUPLICATE_ENTRY',
      'spec.ipAddressPoolSelectors[1]',
    ],
    ['a node selector twice', { nodeSelectors: [tier('x'), tier('x')] }, 'DUPLICATE_ENTRY', 'spec.nodeSelectors[1]'],
    ['a Service selector twice', { serviceSelectors: [{}, {}] }, 'DUPLICATE_ENTRY', 'spec.serviceSelectors[1]'],
    [
      'an invalid node selector',
      { nodeSelectors: [{ matchExpressions: [{ key: '', operator: 'In', values: ['x'] }] }] },
      'SELECTOR_INVALID',
      'spec.nodeSelectors[0].matchExpressions[0].key',
    ],
    [
      'an invalid preference',
      { preferredNodeSelectors: [{ weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] },
      'SELECTOR_INVALID',
      'spec.preferredNodeSelectors[0].preference.matchExpressions[0].values',
    ],
  ])('with %s makes no Config', (_, spec, code, path) => {
    const { config, issues } = compiled({ pools, advertisements: [advertisement('adv', spec)] });
    expect(config).toBeUndefined();
    expect(issues).toMatchObject([{ code, path, source: { file: `adv.yaml#${path}` } }]);
  });
});

describe('a Config', () => {
  test('of nothing has nothing', () => {
    expect(compiled({})).toEqual({ config: { pools: [], advertisements: [] }, issues: [] });
  });

  test('is sorted by name, and does not depend on the order of the objects', () => {
    const pools = [pool('c', ['10.0.0.0/24']), pool('a', ['10.0.0.128/25']), pool('b', ['10.0.0.1-10.0.0.3', 'x'])];
    const advertisements = [advertisement('y', { ipAddressPools: ['d'] }), advertisement('x')];
    const forwards = compiled({ pools, advertisements });
    expect(compiled({ pools: [...pools].reverse(), advertisements: [...advertisements].reverse() })).toEqual(forwards);
    expect(forwards.issues.map(({ code }) => code)).toEqual(['RANGE_MALFORMED', 'UNKNOWN_POOL', 'POOL_OVERLAP', 'POOL_OVERLAP']);
    expect(configOf({ pools: [pool('b', ['10.0.0.0/24']), pool('a', ['10.0.1.0/24'])] }).pools.map(({ name }) => name)).toEqual([
      'a',
      'b',
    ]);
  });
});

describe('the capacity of a pool', () => {
  const huge = 9223372036854775807n;
  // metallb-behaviour, Appendix A.5 and §9.8 TestPoolCount.
  test.each<[string, string[], boolean, [bigint, bigint, bigint]]>([
    ['of a /24', ['1.2.3.0/24'], false, [256n, 0n, 256n]],
    ['of a /24 and a /25', ['1.2.3.0/24', '1.2.4.0/25'], false, [384n, 0n, 384n]],
    ['of the same avoiding buggy addresses', ['1.2.3.0/24', '1.2.4.0/25'], true, [381n, 0n, 381n]],
    ['of a huge range after them', ['1.2.3.0/24', '1.2.4.0/25', '1000::/64'], true, [381n, huge, huge]],
    ['of a huge range before them (Q-10)', ['1000::/64', '1.2.3.0/24', '1001::/64'], false, [256n, huge, huge]],
    ['of both families', ['1.2.3.0/31', '1000::/127'], true, [1n, 2n, 3n]],
    ['of small ranges', ['1.2.3.4/30', '1000::4/126'], false, [4n, 4n, 8n]],
    ['of one buggy address (Q-11)', ['1.2.3.0/32'], true, [0n, 0n, 0n]],
    ['of a /66, which counts as endless', ['1000::/66'], false, [0n, huge, huge]],
    ['of a /67, which is counted', ['1000::/67'], false, [0n, 2n ** 61n, 2n ** 61n]],
    ['of a /16 avoiding buggy addresses', ['10.0.0.0/16'], true, [65024n, 0n, 65024n]],
    ['of a range across an octet', ['10.41.3.253-10.41.4.1'], true, [3n, 0n, 3n]],
    ['of all of IPv4', ['0.0.0.0/0'], false, [4294967296n, 0n, 4294967296n]],
  ])('%s', (_, addresses, avoidBuggyIPs, [v4, v6, total]) => {
    const [only] = configOf({ pools: [pool('a', addresses, { avoidBuggyIPs })] }).pools;
    expect(only === undefined ? undefined : poolCapacity(only)).toEqual({ IPv4: v4, IPv6: v6, total });
  });

  test('avoiding buggy addresses is what counting them one by one gives', () => {
    const low = fc.integer({ min: 0, max: 1500 });
    fc.assert(
      fc.property(low, low, (a, b) => {
        const values = Array.from({ length: Math.abs(a - b) + 1 }, (_, i) => Math.min(a, b) + i);
        const at = (value: number): Address => ipv4(value);
        const ranges = [{ first: at(Math.min(a, b)), last: at(Math.max(a, b)) }];
        const good = values.filter((value) => value % 256 !== 0 && value % 256 !== 255).length;
        expect(poolCapacity({ ranges, avoidBuggyIPs: true }).IPv4).toBe(BigInt(good));
      }),
    );
  });
});
