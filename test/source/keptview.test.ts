import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KeptView } from '../../agents/source/keptview.js';
import { temporaryFolder } from '../support/folder.js';
import { snapshotOf } from '../support/source.js';
import { until } from '../support/until.js';

const OBJECTS = snapshotOf([
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'p', namespace: 'metallb-system' },
    spec: { addresses: ['192.0.2.0/28'] },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'LoadBalancer' } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { a: 'b' } } },
]).objects;

test('a view that was kept is read as it was, and known to be old', async () => {
  const folder = join(temporaryFolder(), 'made');
  new KeptView(folder).keep(OBJECTS, ['192.0.2.12']);
  const kept = await until('it is written', () => new KeptView(folder).read());
  const { snapshot, peers, keptAtMs } = kept;
  expect(keptAtMs).toBe(statSync(join(folder, 'view.json')).mtimeMs);
  expect(peers).toEqual(['192.0.2.12']);
  expect(snapshot.stale).toBe(true);
  expect(snapshot.objects.services).toEqual(OBJECTS.services);
  expect(snapshot.objects.nodes).toEqual(OBJECTS.nodes);
  expect(snapshot.objects.pools.map(({ object }) => object)).toEqual(OBJECTS.pools.map(({ object }) => object));
  expect(snapshot.objects.pools[0]?.locate('spec')).toBeUndefined();
});

test.each<[string, (text: string) => string]>([
  ['cut short', (text) => text.slice(0, -10)],
  ['of another version', (text) => text.replace('"version":1', '"version":2')],
  ['empty', () => ''],
])('a view that is %s is none', async (_, spoil) => {
  const folder = temporaryFolder();
  new KeptView(folder).keep(OBJECTS, []);
  await until('it is written', () => new KeptView(folder).read());
  const file = join(folder, 'view.json');
  writeFileSync(file, spoil(readFileSync(file, 'utf8')));
  expect(await new KeptView(folder).read()).toBeUndefined();
});

test('a folder without a view has none', async () => {
  expect(await new KeptView(temporaryFolder()).read()).toBeUndefined();
});
