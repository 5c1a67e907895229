/**
 * Who is ranked, as the view thread sees the nodes and the members.
 */
import { describe, expect, test } from 'vitest';
import { NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { Contents } from '../../agents/source/contents.js';
import { announcementsOf, OF_A_FOLDER } from '../../agents/speaker/view/announce.js';
import { rank } from '../../src/layer2/ranking.js';
import { newRankingMemory } from '../../src/layer2/rankingmemory.js';
import type { Member, MemberState } from '../../src/membership/membership.js';

const META = { namespace: 'metallb-system' };
const OBJECTS = [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { ...META, name: 'p' },
    spec: { addresses: ['192.0.2.1/32'] },
  },
  { apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { ...META, name: 'a' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } },
  ...['n1', 'n2'].map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { unschedulable: name === 'n2' } })),
];

const member = (speaks: Member['speaks'], state: MemberState): Member => ({
  ...{
    name: 'n2',
    address: '192.0.2.12:7946',
    state,
    ready: true,
    returning: false,
    stale: false,
    spreads: speaks === 'arpeggio',
    speaks,
    macs: [],
    since: 0,
  },
  evidence: { kind: 'heard' },
});

test.each<[string, Member, readonly string[]]>([
  ['a cordoned node comes last', member('arpeggio', 'alive'), ['n1', 'n2']],
  ['not beside a stock speaker, to whom a cordon is nothing', member('memberlist', 'alive'), ['n2', 'n1']],
  ['again when that is gone', member('memberlist', 'left'), ['n1', 'n2']],
])('%s', (_, one, ranking) => {
  expect(rankingsOf(OBJECTS, one, { spread: false })).toEqual([ranking]);
});

function rankingsOf(objects: readonly object[], one: Member, options: { readonly spread: boolean }): (readonly string[])[] {
  const contents = new Contents((path) => path);
  contents.update([{ path: 'all.yaml', bytes: Buffer.from(objects.map((object) => JSON.stringify(object)).join('\n---\n')) }]);
  const inForce = reconcile(NOTHING, { ...contents.view(), revision: 1 });
  const membership = { self: 'n1', settled: true, ready: true, members: [one] };
  const rules = { ...options, electorate: OF_A_FOLDER, rankings: newRankingMemory() };
  return announcementsOf(inForce, membership, rules).announcements.map(({ ranking }) => ranking);
}

describe('with --spread', () => {
  const objects = [
    { ...OBJECTS[0], spec: { addresses: ['10.20.30.1-10.20.30.12'] } },
    { ...OBJECTS[1] },
    ...Array.from({ length: 12 }, (_, i) => ({ ...OBJECTS[2], metadata: { name: `web${i}` } })),
    ...['n1', 'n2'].map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
  ];
  const scored = ['n1', 'n2'].map((node) => ({ node, score: 0 }));
  const byHash = Array.from({ length: 12 }, (_, i) => rank(scored, `10.20.30.${i + 1}`));
  const firsts = (rankings: readonly (readonly string[])[]): number =>
    Math.max(...['n1', 'n2'].map((node) => rankings.filter(([first]) => first === node).length));

  test('no node is first for more than half', () => {
    const rankings = rankingsOf(objects, member('arpeggio', 'alive'), { spread: true });
    expect([firsts(byHash), firsts(rankings)]).toEqual([7, 6]);
    expect(rankings.every((ranking) => [...ranking].sort().join() === 'n1,n2')).toBe(true);
  });

  test.each<[string, Member, boolean, boolean]>([
    ['off where it was not asked for', member('arpeggio', 'alive'), false, false],
    ['off beside a stock speaker, who does not know it', member('memberlist', 'alive'), true, false],
    ['on again when that is gone', member('memberlist', 'silent'), true, true],
    ['off beside one of ours without it', { ...member('arpeggio', 'alive'), spreads: false }, true, false],
    ['on again when that is gone', { ...member('arpeggio', 'left'), spreads: false }, true, true],
    ['off beside one that has no Node', { ...member('arpeggio', 'alive'), name: 'n0' }, true, false],
    ['on beside one that was not heard yet', { ...member('arpeggio', 'alive'), spreads: undefined }, true, true],
  ])('it is %s', (_, one, spread, isOn) => {
    const rankings = rankingsOf(objects, one, { spread });
    if (isOn) expect(firsts(rankings)).toBe(6);
    else expect(rankings.map((ranking) => ranking.filter((node) => node !== 'n0'))).toEqual(byHash);
  });
});
