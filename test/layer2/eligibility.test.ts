import { describe, expect, test } from 'vitest';
import type { NodeView, ServiceView } from '../../src/api/views.js';
import type { Advertisement } from '../../src/config/config.js';
import { advertisementsByPool, advertisementsFor, candidates, type EligibilityInput } from '../../src/layer2/eligibility.js';
import { ad, EXCLUDED, named, node, selector, service, slice } from './world.js';

const LOCAL = { externalTrafficPolicy: 'Local' } as const;
const BOTH = [node('iris1'), node('iris2')];

/** Each node as its score, or why not. */
function verdicts(change: Partial<EligibilityInput> & { service?: ServiceView }): (number | string)[] {
  const input: EligibilityInput = {
    service: service('svc'),
    advertisements: [ad('ad')],
    nodes: BOTH,
    endpoints: [slice('svc', 'iris1', 'iris2')],
    ignoreExcludeLabel: false,
    ...change,
  };
  return candidates(input).map((one) => (one.eligible ? one.score : one.reason));
}

describe('where endpoints are (TestUsableNodesEPSlices), under the policy Local', () => {
  const no = 'noLocalEndpoints';
  test.each([
    ['two endpoints on different hosts in two slices', [slice('svc', 'iris1'), slice('svc', 'iris2')], [0, 0]],
    ['different hosts', [slice('svc', 'iris1', 'iris2')], [0, 0]],
    ['the same host', [slice('svc', 'iris1', 'iris1')], [0, no]],
    ['the same host, one not ready', [slice('svc', 'iris1', '!iris1')], [0, no]],
    ['one of two hosts cannot serve', [slice('svc', '!iris1', 'iris2')], [no, 0]],
    ['none can serve', [slice('svc', '!iris1', '!iris2')], ['noEndpoints', 'noEndpoints']],
    ['no slice', [], ['noEndpoints', 'noEndpoints']],
    ['an endpoint on no node', [slice('svc', '')], [no, no]],
    ['nothing is known', 'unknown' as const, [0, 0]],
  ])('%s', (_, endpoints, expected) => {
    expect(verdicts({ service: service('svc', LOCAL), endpoints })).toEqual(expected);
  });

  test('under the policy Cluster they need only exist', () => {
    expect(verdicts({ endpoints: [slice('svc', 'iris1')] })).toEqual([0, 0]);
    expect(verdicts({ endpoints: [slice('svc', '')] })).toEqual([0, 0]);
    expect(verdicts({ endpoints: [slice('svc', '!iris1')] })).toEqual(['noEndpoints', 'noEndpoints']);
  });
});

describe('which nodes are covered (TestShouldAnnounceFromNodes)', () => {
  const no = 'noMatchingAdvertisement';
  const excluded = 'nodeLabeledExcludeBalancers';
  const split = [ad('one', { nodeSelectors: named('iris1') }), ad('two', { nodeSelectors: named('iris2') })];
  const without = (...names: string[]): NodeView[] =>
    ['iris1', 'iris2'].map((name) => node(name, names.includes(name) ? { labels: EXCLUDED } : {}));
  test.each<[string, Partial<EligibilityInput>, (number | string)[]]>([
    ['a selector on iris1', { advertisements: [ad('ad', { nodeSelectors: named('iris1') })] }, [0, no]],
    ['a selector on both', { advertisements: [ad('ad', { nodeSelectors: named('iris1', 'iris2') })] }, [0, 0]],
    ['an advertisement each', { advertisements: split }, [0, 0]],
    [
      'an advertisement each, Local, endpoint on iris1',
      { advertisements: split, service: service('svc', LOCAL), endpoints: [slice('svc', 'iris1')] },
      [0, 'noLocalEndpoints'],
    ],
    [
      'Local endpoint on iris1, advertisement on iris2',
      { advertisements: split.slice(1), service: service('svc', LOCAL), endpoints: [slice('svc', 'iris1')] },
      [no, 'noLocalEndpoints'],
    ],
    ['iris1 excluded', { nodes: without('iris1') }, [excluded, 0]],
    ['iris2 excluded', { nodes: without('iris2') }, [0, excluded]],
    ['both excluded', { nodes: without('iris1', 'iris2') }, [excluded, excluded]],
    [
      'both excluded, the label ignored, Local',
      {
        nodes: without('iris1', 'iris2'),
        ignoreExcludeLabel: true,
        service: service('svc', LOCAL),
        endpoints: [slice('svc', 'iris1')],
      },
      [0, 'noLocalEndpoints'],
    ],
    [
      'the network of iris1 is unavailable',
      { nodes: [node('iris1', { networkUnavailable: true, labels: EXCLUDED }), node('iris2')] },
      ['nodeNetworkUnavailable', 0],
    ],
    ['no advertisement', { advertisements: [] }, [no, no]],
    ['no endpoint comes before no advertisement', { advertisements: [], endpoints: [] }, ['noEndpoints', 'noEndpoints']],
  ])('%s', (_, change, expected) => {
    expect(verdicts(change)).toEqual(expected);
  });
});

describe('Service selectors (TestL2ServiceSelectors, TestL2SharedIPWithServiceSelectors)', () => {
  const selecting = ad('selecting', { serviceSelectors: [selector({ app: 'web' })] });
  const shared = 'sharedIPWithServiceSelector';
  const web = (annotations: Record<string, string>): ServiceView => service('svc', { labels: { app: 'web' }, annotations });
  test.each<[string, ServiceView, Advertisement[], (number | string)[]]>([
    [
      'allow-shared-ip with serviceSelectors is denied',
      web({ 'metallb.io/allow-shared-ip': 'key' }),
      [selecting],
      [shared, shared],
    ],
    ['an empty key is denied too', web({ 'metallb.io/allow-shared-ip': '' }), [selecting], [shared, shared]],
    ['the deprecated annotation is denied', web({ 'metallb.universe.tf/allow-shared-ip': 'key' }), [selecting], [shared, shared]],
    ['mixed advertisements are denied', web({ 'metallb.io/allow-shared-ip': 'key' }), [ad('plain'), selecting], [shared, shared]],
    ['allow-shared-ip without serviceSelectors is allowed', web({ 'metallb.io/allow-shared-ip': 'key' }), [ad('plain')], [0, 0]],
    ['no annotation is allowed', web({}), [selecting], [0, 0]],
  ])('%s', (_, asked, advertisements, expected) => {
    expect(verdicts({ service: asked, advertisements })).toEqual(expected);
  });

  const other = ad('other', { serviceSelectors: [selector({ app: 'db' }), selector({ app: 'cache' })] });
  const elsewhere = ad('elsewhere', { pools: new Set(['another']) });
  test.each([
    ['no selector matches every Service', {}, ['plain']],
    ['a selector that matches', { app: 'web' }, ['plain', 'selecting']],
    ['one of several selectors that matches', { app: 'cache' }, ['plain', 'other']],
  ])('%s', (_, labels, names) => {
    const all = [ad('plain'), selecting, other, elsewhere];
    expect(
      advertisementsFor(advertisementsByPool(all).get('pool') ?? [], service('svc', { labels })).map(({ name }) => name),
    ).toEqual(names);
  });
});

describe('preferences (TestPreferredScoresFor)', () => {
  const prefers = (name: string, weight: number, change: Partial<Advertisement> = {}): Advertisement =>
    ad(`${name}-${weight}`, { preferredNodes: [{ weight, selector: selector({ name }) }], ...change });
  test.each([
    ['none', [ad('ad')], [0, 0]],
    ['one', [prefers('iris1', 100)], [100, 0]],
    ['sum across advertisements', [prefers('iris1', 60), prefers('iris1', 50), prefers('iris2', 60)], [110, 60]],
    [
      'sum within one',
      [
        ad('ad', {
          preferredNodes: [
            { weight: 1, selector: selector({}) },
            { weight: 2, selector: selector({ name: 'iris2' }) },
          ],
        }),
      ],
      [1, 3],
    ],
    [
      'do not reach beyond the nodes their advertisement covers',
      [ad('ad'), prefers('iris1', 100, { nodeSelectors: named('iris2') })],
      [0, 0],
    ],
  ])('%s', (_, advertisements, scores) => {
    expect(verdicts({ advertisements })).toEqual(scores);
  });
});
