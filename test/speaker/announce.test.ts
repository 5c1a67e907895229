/**
 * Who is ranked, as the view thread sees the nodes and the members.
 */
import { expect, test } from 'vitest';
import { NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { Contents } from '../../agents/source/contents.js';
import { announcementsOf } from '../../agents/speaker/view/announce.js';
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
  ...{ name: 'n2', address: '192.0.2.12:7946', state, ready: true, returning: false, stale: false, speaks, macs: [], since: 0 },
  evidence: { kind: 'heard' },
});

test.each<[string, Member, readonly string[]]>([
  ['a cordoned node comes last', member('arpeggio', 'alive'), ['n1', 'n2']],
  ['not beside a stock speaker, to whom a cordon is nothing', member('memberlist', 'alive'), ['n2', 'n1']],
  ['again when that is gone', member('memberlist', 'left'), ['n1', 'n2']],
])('%s', (_, one, ranking) => {
  const contents = new Contents((path) => path);
  contents.update([{ path: 'all.yaml', bytes: Buffer.from(OBJECTS.map((object) => JSON.stringify(object)).join('\n---\n')) }]);
  const inForce = reconcile(NOTHING, { ...contents.view(), revision: 1 });
  const { announcements } = announcementsOf(inForce, { self: 'n1', settled: true, ready: true, members: [one] });
  expect(announcements.map((announcement) => announcement.ranking)).toEqual([ranking]);
});
