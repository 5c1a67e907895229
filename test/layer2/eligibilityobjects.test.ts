/** From L2Advertisement objects to who is eligible with which score: the tests of MetalLB's parser that can be seen from outside. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { L2Advertisement } from '../../src/api/l2advertisement.js';
import type { Config } from '../../src/config/config.js';
import { announcementsFor } from '../../src/layer2/announcements.js';
import { advertisementsByPool, advertisementsFor, candidates } from '../../src/layer2/eligibility.js';
import { advertisement, compiled, configOf, pool } from '../config/objects.js';
import { address, node, service } from './world.js';

type Spec = NonNullable<L2Advertisement['spec']>;
type Selector = NonNullable<Spec['nodeSelectors']>[number];

const label = (key: string, value: string): Selector => ({ matchLabels: { [key]: value } });
const prefer = (weight: number, preference: Selector) => ({ weight, preference });
const NODES = [
  node('n1', { labels: { zone: 'a', disk: 'ssd' } }),
  node('n2', { labels: { zone: 'a' } }),
  node('n3', { labels: { zone: 'b', disk: 'ssd' } }),
];
const POOLS = [pool('pool', ['10.20.30.0/24'], { labels: { tier: 'web' } }), pool('other', ['10.20.31.0/24'])];
const WEB = service('svc', { labels: { app: 'web' } });

const compile = (specs: readonly Spec[]): Config =>
  configOf({ pools: POOLS, advertisements: specs.map((spec, i) => advertisement(`ad-${i}`, spec)) });

/** Of each node its score, or why it is not eligible. */
function verdicts(specs: readonly Spec[], of = WEB): (number | string)[] {
  const advertisements = advertisementsFor(advertisementsByPool(compile(specs).advertisements).get('pool') ?? [], of);
  const all = candidates({ service: of, advertisements, nodes: NODES, endpoints: 'unknown', ignoreExcludeLabel: false });
  return all.map((one) => (one.eligible ? one.score : one.reason));
}

const no = 'noMatchingAdvertisement';

describe('TestPreferredNodeScores', () => {
  test.each<[string, Spec, (number | string)[]]>([
    ['none', {}, [0, 0, 0]],
    ['single', { preferredNodeSelectors: [prefer(50, label('zone', 'a'))] }, [50, 50, 0]],
    ['cumulative', { preferredNodeSelectors: [prefer(50, label('zone', 'a')), prefer(60, label('disk', 'ssd'))] }, [110, 50, 60]],
    [
      'ineligible nodes unscored',
      { nodeSelectors: [label('zone', 'b')], preferredNodeSelectors: [prefer(60, label('disk', 'ssd'))] },
      [no, no, 60],
    ],
    [
      'empty preference matches every eligible node',
      { nodeSelectors: [label('zone', 'a')], preferredNodeSelectors: [prefer(7, {})] },
      [7, 7, no],
    ],
    ['no matches', { preferredNodeSelectors: [prefer(100, label('zone', 'c'))] }, [0, 0, 0]],
    [
      'distinct weights',
      { preferredNodeSelectors: [prefer(1, label('name', 'n1')), prefer(100, label('name', 'n3'))] },
      [1, 0, 100],
    ],
  ])('%s', (_, spec, expected) => {
    expect(verdicts([spec])).toEqual(expected);
  });

  test('invalid operator', () => {
    const preference = { matchExpressions: [{ key: 'zone', operator: 'Near', values: ['a'] }] };
    const { config, issues } = compiled({
      pools: POOLS,
      advertisements: [advertisement('ad', { preferredNodeSelectors: [prefer(1, preference)] })],
    });
    expect(config).toBeUndefined();
    expect(issues).toMatchObject([
      { code: 'SELECTOR_INVALID', path: 'spec.preferredNodeSelectors[0].preference.matchExpressions[0].operator' },
    ]);
  });
});

describe('TestL2AdvertisementFromCRPreferred, TestSetL2AdvertisementsToPoolsPreferred', () => {
  const ssd = { preferredNodeSelectors: [prefer(60, label('disk', 'ssd'))] };
  const zone = { preferredNodeSelectors: [prefer(50, label('zone', 'a'))] };
  test.each<[string, Spec[], (number | string)[]]>([
    ['preferred selector scores matching nodes', [ssd], [60, 0, 60]],
    ['service selectors do not restrict preferred scoring', [{ ...ssd, serviceSelectors: [label('app', 'web')] }], [60, 0, 60]],
    [
      'but an advertisement for other Services does not count',
      [{}, { ...ssd, serviceSelectors: [label('app', 'db')] }],
      [0, 0, 0],
    ],
    ['preferred disjoint from node selectors yield no scores', [{ ...ssd, nodeSelectors: [label('name', 'n2')] }], [no, 0, no]],
    [
      'multiple sum',
      [{ preferredNodeSelectors: [...ssd.preferredNodeSelectors, ...zone.preferredNodeSelectors] }],
      [110, 50, 60],
    ],
    [
      'pool selected by name and selector attaches once',
      [{ ...ssd, ipAddressPools: ['pool'], ipAddressPoolSelectors: [label('tier', 'web')] }],
      [60, 0, 60],
    ],
    [
      'two advertisements attach independently',
      [
        { ...ssd, ipAddressPools: ['pool'] },
        { ...zone, ipAddressPools: ['pool'] },
      ],
      [110, 50, 60],
    ],
    ['that of another pool does not count', [{}, { ...ssd, ipAddressPools: ['other'] }], [0, 0, 0]],
  ])('%s', (_, specs, expected) => {
    expect(verdicts(specs)).toEqual(expected);
  });
});

describe('TestServiceSelectors', () => {
  const selecting = (...apps: string[]): Spec => ({ serviceSelectors: apps.map((app) => label('app', app)) });
  test.each<[string, Spec[], boolean]>([
    ['none: every Service', [{}], true],
    ['one that matches', [selecting('web')], true],
    ['one that does not', [selecting('db')], false],
    ['several, of which one matches (OR)', [selecting('db', 'web')], true],
    ['several advertisements, of which one matches', [selecting('db'), selecting('web')], true],
  ])('%s', (_, specs, isServed) => {
    expect(verdicts(specs)).toEqual(isServed ? [0, 0, 0] : [no, no, no]);
  });

  test('duplicate service selectors', () => {
    const { issues } = compiled({ pools: POOLS, advertisements: [advertisement('ad', selecting('web', 'web'))] });
    expect(issues).toMatchObject([{ code: 'DUPLICATE_ENTRY', path: 'spec.serviceSelectors[1]' }]);
    expect(issues[0]?.message).toContain('duplicate definition');
  });
});

// MetalLB drops an advertisement that equals another, unless it prefers nodes. What that comes to must hold of ours, which keeps all.
describe('an advertisement that is there twice (TestContainsAdvertisement)', () => {
  const anySpec: fc.Arbitrary<Spec> = fc.record(
    {
      ipAddressPools: fc.subarray(['pool', 'other']),
      nodeSelectors: fc.subarray([label('zone', 'a'), label('disk', 'ssd')]),
      interfaces: fc.subarray(['eth0', 'eth1']),
      serviceSelectors: fc.subarray([label('app', 'web'), label('app', 'db')]),
    },
    { requiredKeys: [] },
  );
  const announced = (specs: readonly Spec[]) =>
    announcementsFor({
      config: compile(specs),
      services: ['web', 'db', 'cache'].map((app, i) => ({
        service: service(app, { labels: { app } }),
        addresses: [address(`10.20.${30 + (i % 2)}.${i}`)],
      })),
      nodes: NODES,
      endpointSlices: [],
      self: 'n1',
      withoutSlices: 'serves-everywhere',
    });

  test('changes nothing, whichever it is', () => {
    fc.assert(
      fc.property(fc.array(anySpec, { minLength: 1, maxLength: 4 }), fc.nat(3), (specs, i) => {
        const again = specs[i % specs.length] ?? {};
        expect(announced([...specs, again])).toEqual(announced(specs));
      }),
    );
  });

  test('and prefers nodes counts twice', () => {
    const spec = { preferredNodeSelectors: [prefer(30, label('zone', 'b')), prefer(20, label('disk', 'ssd'))] };
    expect(verdicts([spec])).toEqual([20, 0, 50]);
    expect(verdicts([spec, spec])).toEqual([40, 0, 100]);
  });
});
