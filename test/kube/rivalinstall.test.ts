import { expect, test } from 'vitest';
import { rivalOf } from '../../src/kube/rivalinstall.js';

const lease = (namespace: string, creationTimestamp: string, serves?: string): object => ({
  metadata: {
    ...{ name: 'lease', namespace, creationTimestamp },
    ...(serves === undefined ? {} : { annotations: { 'arpeggio.dev/load-balancer-class': serves } }),
  },
});
const [EARLY, LATE] = ['2026-01-02T03:04:05Z', '2026-01-02T03:04:06Z'];

test.each<[what: string, own: { readonly loadBalancerClass?: string }, leases: readonly object[], rival: string | undefined]>([
  ['of nobody', {}, [], undefined],
  ['that is alone', {}, [lease('own', EARLY)], undefined],
  ['that has no Lease yet, beside another', {}, [lease('other', LATE)], 'other'],
  ['that was there before another', {}, [lease('own', EARLY), lease('other', LATE)], undefined],
  ['that came after another', {}, [lease('own', LATE), lease('other', EARLY)], 'other'],
  ['that came in the same second, first by name', {}, [lease('own', EARLY), lease('zone', EARLY)], undefined],
  ['that came in the same second, second by name', {}, [lease('own', EARLY), lease('b', EARLY)], 'b'],
  ['that came after two', {}, [lease('own', LATE), lease('z', EARLY), lease('b', EARLY)], 'b'],
  ['without a class, beside one with a class', {}, [lease('other', EARLY, 'theirs')], undefined],
  ['with a class, beside one without', { loadBalancerClass: 'ours' }, [lease('other', EARLY)], undefined],
  ['with the class of another', { loadBalancerClass: 'ours' }, [lease('other', EARLY, 'ours')], 'other'],
])('the rival of an install %s', (_, own, items, rival) => {
  expect(rivalOf({ namespace: 'own', ...own }, { items })).toBe(rival);
});

test('what is no list has no rivals', () => {
  expect([rivalOf({ namespace: 'own' }, undefined), rivalOf({ namespace: 'own' }, { items: ['no'] })]).toEqual([
    undefined,
    undefined,
  ]);
});
