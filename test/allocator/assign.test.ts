import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate } from '../../src/allocator/allocate.js';
import { assign, release } from '../../src/allocator/assign.js';
import { lowestIn, searchFor } from '../../src/allocator/choose.js';
import { type AllocatorState, emptyState } from '../../src/allocator/state.js';
import { formatAddress } from '../../src/net/address.js';
import { configOf, pool } from '../config/objects.js';
import { address, lockOfTexts, requestOf, type ServiceFields, service } from './world.js';

const team = (value: string) => ({ serviceSelectors: [{ matchLabels: { team: value } }] });
const config = configOf({
  pools: [
    pool('test0', ['1.2.3.4/31', '1000::4/127']),
    pool('test1', ['1.2.4.0/24', '1000::4:0/120'], { avoidBuggyIPs: true }),
    pool('test2', ['1.2.5.1/32'], { serviceAllocation: { namespaces: ['test-ns1'] } }),
    pool('test3', ['1.2.5.2/32'], { serviceAllocation: team('metallb') }),
    pool('test4', ['1.2.5.3/32'], { serviceAllocation: { namespaces: ['test-ns1'], ...team('metallb') } }),
  ],
});

/** One step: what the Service asks to hold (nothing: it gives back), and why that is refused, if it is. */
type Step = readonly [string, string, string | undefined, ServiceFields?, string?];

const k = { share: 'share' } as const;
const local = { externalTrafficPolicy: 'Local', selector: { app: 'x' } } as const;

// metallb-behaviour §9.8, TestAssignment; the same for IPv6 below.
const sharingStory = (a: string, b: string, c: string): readonly Step[] => [
  ['s1 takes an address', 's1', a],
  ['s1 takes it again', 's1', a],
  ["s2 cannot take s1's", 's2', a, {}, 'address-in-use'],
  ['s2 takes the other', 's2', b],
  ["s1 cannot take s2's", 's1', b, {}, 'address-in-use'],
  ['s1 gives back', 's1', undefined],
  ["s2 takes s1's former address", 's2', a],
  ["s1 takes s2's former address", 's1', b],
  ['s4 takes one, with sharing', 's4', c, { ...k, ports: [80] }],
  ['s4, alone, changes its key', 's4', c, { share: 'other', ports: [80] }],
  ['s4 changes it back', 's4', c, { ...k, ports: [80] }],
  ['s3 cannot share its port', 's3', c, { ...k, ports: [80] }, 'address-in-use'],
  ['s3 cannot share with another key', 's3', c, { share: 'other', ports: [81] }, 'address-in-use'],
  ['s3 cannot share with other backends', 's3', c, { ...k, ...local, ports: [81] }, 'address-in-use'],
  ['s3 shares', 's3', c, { ...k, ports: [81] }],
  ['s3 changes its ports', 's3', c, { ...k, ports: [81, 82] }],
  ['s3 cannot change its key', 's3', c, { share: 'other', ports: [81] }, 'address-in-use'],
  ['s3 cannot change its backends', 's3', c, { ...k, ...local, ports: [81] }, 'address-in-use'],
  ['s3 leaves', 's3', undefined],
  ['s4 takes its port', 's4', c, { ...k, ports: [80, 81] }],
  ['s4 leaves', 's4', undefined],
  ['s5 comes without sharing', 's5', c],
];

const ns1 = 'test-ns1/s6';
const labels = { labels: { team: 'metallb' } };
const poolStory: readonly Step[] = [
  ['a .0 address is refused', 's3', '1.2.4.0', {}, 'address-buggy'],
  ['a .255 address is refused', 's3', '1.2.4.255', {}, 'address-buggy'],
  ['another of that pool is given', 's3', '1.2.4.254'],
  ['an address of no pool is refused', 's3', '9.9.9.9', {}, 'address-outside-pools'],
  ['one address of each family is given', 's1', '1.2.3.4,1000::4'],
  ['two of different pools are refused', 's1', '1.2.3.4,1000::4:5', {}, 'addresses-in-two-pools'],
  ['a pool pinned to its namespace is open', ns1, '1.2.5.1'],
  ['a pool pinned to another namespace is closed', 's7', '1.2.5.1', {}, 'pool-closed'],
  ['a pool pinned to its labels is open', 's7', '1.2.5.2', labels],
  ['a pool pinned to other labels is closed', 's8', '1.2.5.2', {}, 'pool-closed'],
  ['a pool pinned to its namespace and labels is open', ns1, '1.2.5.3', labels],
  ['a pool pinned to its namespace and other labels is closed', 'test-ns1/s9', '1.2.5.3', {}, 'pool-closed'],
  ['a pool pinned to its labels and another namespace is closed', 's9', '1.2.5.3', labels, 'pool-closed'],
];

function play(state: AllocatorState, story: readonly Step[]): void {
  for (const [title, key, addresses, fields = {}, refused] of story) {
    const { holdings } = state;
    const request = requestOf(service(key, fields));
    const before = holdings.get(request.service);
    if (addresses === undefined) {
      release(state, request.service);
      continue;
    }
    const result = assign(state, request, addresses.split(',').map(address));
    expect('refused' in result ? result.refused : undefined, title).toBe(refused);
    const held = holdings.get(request.service);
    if (refused === undefined) expect(held?.addresses.map(formatAddress).join(','), title).toBe(addresses);
    else expect(held, title).toBe(before);
  }
}

describe('assign', () => {
  test.each<[string, readonly Step[]]>([
    ['IPv4 addresses', sharingStory('1.2.3.4', '1.2.3.5', '1.2.4.1')],
    ['IPv6 addresses', sharingStory('1000::4', '1000::5', '1000::4:1')],
    ['pools', poolStory],
  ])('follows the rules for %s', (_, story) => {
    play(emptyState(config), story);
  });
});

describe('allocate', () => {
  const four = configOf({ pools: [pool('test', ['1.2.3.4/30', '1000::4/126'])] });

  // metallb-behaviour §9.8, TestPoolAllocation and TestAllocation.
  test.each([
    ['IPv4', { ipFamilies: ['IPv4'] as const }],
    ['IPv6', { ipFamilies: ['IPv6'] as const }],
    ['both families', { ipFamilyPolicy: 'RequireDualStack' as const }],
  ])('gives four Services %s, refuses others until one leaves or they share', (_, fields) => {
    for (const asked of [{}, { pool: 'test' }]) {
      const state = emptyState(four);
      const gets = (name: string, more: ServiceFields = {}): boolean =>
        'allocated' in allocate(state, requestOf(service(name, { ...fields, ...asked, ...more })));
      expect(['s1', 's2', 's3', 's4', 's5', 's6'].map((name) => gets(name))).toEqual([true, true, true, true, false, false]);
      release(state, 'default/s1');
      expect([gets('s5'), gets('s6')]).toEqual([true, false]);
      expect(gets('s5', { share: 'k', ports: [80] })).toBe(true);
      expect(gets('s6', { share: 'k', ports: [81] })).toBe(true);
    }
  });

  test('never gives a buggy address of a pool that avoids them, and all others', () => {
    const buggy = configOf({
      pools: [
        pool('a', ['1.2.3.0/31']),
        pool('b', ['1.2.3.254/31']),
        pool('c', ['1.2.4.0/31'], { avoidBuggyIPs: true }),
        pool('d', ['1.2.4.254/31'], { avoidBuggyIPs: true }),
      ],
    });
    const state = emptyState(buggy);
    const results = ['1', '2', '3', '4', '5', '6', '7'].map((name) => allocate(state, requestOf(service(name))));
    const given = results.flatMap((one) => ('allocated' in one ? one.allocated.addresses.map(formatAddress) : []));
    expect(given).toEqual(['1.2.3.0', '1.2.3.1', '1.2.3.254', '1.2.3.255', '1.2.4.1', '1.2.4.254']);
  });
});

describe('the state', () => {
  const small = configOf({
    pools: [pool('a', ['10.0.0.4/31', '10.0.0.0/30', 'fc00::/126']), pool('b', ['10.0.1.254-10.0.2.1'], { avoidBuggyIPs: true })],
  });
  const inOrder = ['10.0.0.4', '10.0.0.5', '10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.254', '10.0.2.1'];

  const step = fc.record({
    name: fc.constantFrom('s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'),
    what: fc.oneof(fc.constant('release' as const), fc.constant('allocate' as const), fc.constantFrom(...inOrder, 'fc00::1')),
    share: fc.constantFrom('', 'k', 'm'),
    port: fc.constantFrom(80, 81),
  });

  /** The rules, written without an index: what `allocate` must give. */
  function expected(state: AllocatorState, name: string, share: string, port: number): string | undefined {
    const others = [...state.holdings].filter(([key]) => key !== `default/${name}`).map(([, holding]) => holding);
    return inOrder.find((text) => {
      const tenants = others.filter(({ addresses }) => addresses.some((one) => formatAddress(one) === text));
      return tenants.every(
        ({ tenancy }) => share !== '' && tenancy.sharingKey === share && !tenancy.ports.includes(`TCP/${port}`),
      );
    });
  }

  test('gives the lowest acceptable address after any history, and no address to two who do not share', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const state = emptyState(small);
        for (const { name, what, share, port } of steps) {
          const fields = { share, ports: [port], ipFamilies: [what === 'fc00::1' ? 'IPv6' : 'IPv4'] as const };
          const request = requestOf(service(name, fields));
          if (what === 'release') release(state, request.service);
          else if (what === 'allocate') {
            const wanted = expected(state, name, share, port);
            const result = allocate(state, request);
            expect('allocated' in result ? result.allocated.addresses.map(formatAddress)[0] : undefined).toBe(wanted);
          } else assign(state, request, [address(what)]);
          expectSound(state);
        }
      }),
      { numRuns: 400 },
    );
  });

  /** After each step: what a Service with the key k and port 80 would get. */
  test.each<[string, readonly (readonly [string, string | undefined, number])[], string[]]>([
    [
      'a lower shared address that comes later',
      [
        ['z', '10.0.0.4', 0],
        ['s1', '10.0.0.5', 80],
        ['s2', '10.0.0.0', 80],
        ['z', undefined, 0],
        ['s3', '10.0.0.4', 81],
      ],
      ['10.0.0.5', '10.0.0.0', '10.0.0.1', '10.0.0.4', '10.0.0.4'],
    ],
    [
      'a shared address whose port becomes free',
      [
        ['z', '10.0.0.4', 0],
        ['s1', '10.0.0.5', 80],
        ['s2', '10.0.0.5', 81],
        ['s1', undefined, 80],
      ],
      ['10.0.0.5', '10.0.0.0', '10.0.0.0', '10.0.0.5'],
    ],
    [
      'a shared address after one that is shared no more',
      [
        ['s1', '10.0.0.4', 80],
        ['s2', '10.0.0.5', 80],
        ['s3', '10.0.0.0', 81],
        ['s1', undefined, 80],
        ['z', '10.0.0.4', 0],
      ],
      ['10.0.0.5', '10.0.0.0', '10.0.0.0', '10.0.0.4', '10.0.0.0'],
    ],
  ])('finds %s', (_, steps, expected) => {
    const state = emptyState(small);
    const gets: (string | undefined)[] = [];
    for (const [name, text, port] of steps) {
      const request = requestOf(service(name, port === 0 ? {} : { share: 'k', ports: [port] }));
      if (text === undefined) release(state, request.service);
      else assign(state, request, [address(text)]);
      const search = searchFor(state, requestOf(service('x', { share: 'k', ports: [80] })).tenancy);
      const [pool] = small.pools;
      const lowest = pool === undefined ? undefined : lowestIn(search, pool, 'IPv4');
      gets.push(lowest === undefined ? undefined : formatAddress(lowest));
    }
    expect(gets).toEqual(expected);
  });

  test('lets others join an address that is kept for two only while both are there', () => {
    const state = emptyState(small, lockOfTexts({ 'default/a': '10.0.0.4', 'default/b': '10.0.0.4' }));
    const gets = (name: string, port: number): string | undefined => {
      const result = allocate(state, requestOf(service(name, { share: 'k', ports: [port], ipFamilies: ['IPv4'] })));
      return 'allocated' in result ? result.allocated.addresses.map(formatAddress)[0] : undefined;
    };
    const comes = (name: string, port: number) =>
      assign(state, requestOf(service(name, { share: 'k', ports: [port] })), [address('10.0.0.4')]);
    comes('a', 80);
    expect(gets('c', 82)).toBe('10.0.0.5');
    comes('b', 81);
    expect(gets('d', 83)).toBe('10.0.0.4');
    release(state, 'default/b');
    expect(gets('e', 84)).toBe('10.0.0.5');
  });

  function expectSound({ holdings, tenants }: AllocatorState): void {
    const users = new Map<string, string[]>();
    for (const { addresses, tenancy } of holdings.values()) {
      for (const one of addresses) {
        const text = formatAddress(one);
        const there = users.get(text) ?? [];
        for (const use of tenancy.ports) {
          expect(there).not.toContain(`${tenancy.sharingKey} ${use}`);
          there.push(`${tenancy.sharingKey} ${use}`);
        }
        users.set(text, there);
        const keys = new Set(there.map((use) => use.split(' ')[0]));
        expect(keys.size === 1 && (there.length === 1 || !keys.has(''))).toBe(true);
      }
    }
    expect(tenants.size).toBe(users.size);
  }
});
