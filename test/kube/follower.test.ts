import { expect, onTestFinished, test } from 'vitest';
import { Follower } from '../../agents/kube/follower.js';
import { Transport } from '../../agents/kube/transport.js';
import type { Trouble } from '../../src/kube/reflector.js';
import { FakeApi, type Fault } from '../support/fakeapi.js';
import { testSignal } from '../support/folder.js';
import { startHttps } from '../support/httpsserver.js';
import { generator } from '../support/random.js';
import { until } from '../support/until.js';

interface World {
  readonly api: FakeApi;
  readonly follower: Follower<string>;
  /** `+a=1`, `-a`, and `synced`. */
  readonly told: string[];
  readonly troubles: (Trouble | undefined)[];
  readonly connections: () => number;
}

/** Waits are shortened by a clock on which failures lie hours apart, and by chance: what waits is 0.8 s. */
async function follow(api: FakeApi, optional = false): Promise<World> {
  const server = await startHttps(api.handle);
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  const [told, troubles]: [string[], (Trouble | undefined)[]] = [[], []];
  let now = 0;
  const follower = new Follower<string>({
    transport,
    path: '/things',
    optional,
    project: ({ data }) => (data === 'of no use' ? undefined : String(data)),
    onChange: (key, _, after) => void told.push(after === undefined ? `-${key}` : `+${key}=${after}`),
    onSynced: () => void told.push('synced'),
    onTrouble: (trouble) => void troubles.push(trouble),
    now: () => (now += 200_000),
    chance: () => 0,
  });
  follower.run(testSignal());
  return { api, follower, told, troubles, connections: server.connections };
}

const has = ({ follower }: World): Record<string, string> => Object.fromEntries([...follower.objects].sort());
const agree = (world: World): Promise<unknown> =>
  until(
    'the follower knows what the server has',
    () => world.follower.isSynced && JSON.stringify(has(world)) === JSON.stringify(world.api.expected),
  );
const watching = ({ api }: World): Promise<unknown> => until('a watch is open', () => api.watches === 1);

const filled = (): FakeApi => {
  const api = new FakeApi();
  for (const name of ['a', 'b', 'c']) api.set(name, '1');
  return api;
};

test('everything is known at once, then each change', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.set('a', '2');
  world.api.remove('b');
  world.api.set('d', '1');
  await agree(world);
  expect(world.told).toEqual(['synced', '+a=2', '-b', '+d=1']);
  expect([world.api.asked, world.troubles, world.connections()]).toEqual([['watch-list'], [], 1]);
});

test('an older server is asked in pages', async () => {
  const api = filled();
  api.watchList = false;
  const world = await follow(api);
  await agree(world);
  await watching(world);
  api.set('a', '2');
  await agree(world);
  expect(api.asked).toEqual(['watch-list', 'list', 'list 4-2', 'watch 4']);
  expect(world.told).toEqual(['synced', '+a=2']);
});

test('a watch that ends is begun again from the newest bookmark, without a list', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.pass();
  world.api.bookmark();
  world.api.set('a', '2');
  await agree(world);
  world.api.endWatches('end');
  await watching(world);
  world.api.set('b', '2');
  await agree(world);
  expect(world.api.asked).toEqual(['watch-list', 'watch 6']);
  expect(world.connections()).toBe(1);
});

test('what changes while the connection is lost comes later', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.endWatches('reset');
  world.api.set('a', '2');
  world.api.remove('c');
  await agree(world);
  expect(world.api.asked).toEqual(['watch-list', 'watch 4']);
  expect(world.troubles).toEqual([{ lost: expect.stringContaining('ECONNRESET') }, undefined]);
});

test('what was forgotten by the server is listed anew, and what is gone goes at once', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.endWatches('reset');
  world.api.remove('a');
  world.api.set('d', '1');
  world.api.compact();
  await agree(world);
  expect(world.api.asked).toEqual(['watch-list', 'watch 4', 'watch-list']);
  expect(world.told).toEqual(['synced', 'synced']);
});

test('a version that grows old during a watch is listed anew', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.endWatches('expired');
  await until('it is listed anew', () => world.told.length === 2);
  await agree(world);
  expect(world.api.asked).toEqual(['watch-list', 'watch-list']);
});

test('half a list is not taken for the whole', async () => {
  const api = filled();
  api.faults.push({ cutAfter: 2 });
  const world = await follow(api);
  await until('the list broke off', () => world.troubles.length > 0);
  expect([world.follower.isSynced, world.follower.objects.size]).toEqual([false, 0]);
  await agree(world);
});

test('what was known stays known while it is listed anew', async () => {
  const world = await follow(filled());
  await agree(world);
  world.api.faults.push({ cutAfter: 1 });
  world.api.endWatches('expired');
  await until('the list broke off', () => world.troubles.length > 0);
  expect(has(world)).toEqual({ a: '1', b: '1', c: '1' });
  await agree(world);
});

test('objects of no use are not kept', async () => {
  const api = filled();
  api.set('a', 'of no use');
  const world = await follow(api);
  await until('it is synced', () => world.follower.isSynced);
  expect(has(world)).toEqual({ b: '1', c: '1' });
  api.set('b', 'of no use');
  await until('b is gone', () => world.follower.objects.size === 1);
});

test('a kind that the server does not know has no objects', async () => {
  const api = new FakeApi();
  api.faults.push({ status: 404 });
  const world = await follow(api, true);
  await until('it is synced', () => world.follower.isSynced);
  expect([has(world), world.troubles]).toEqual([{}, []]);
});

test.each<[string, Fault]>([
  ['an error of the server', { status: 500 }],
  ['a server that is too busy', { status: 429, headers: { 'retry-after': '1' } }],
  ['a token that is not accepted', { status: 401 }],
  ['a right that is missing', { status: 403 }],
  ['a reset', 'reset'],
  ['events out of shape', 'garbage'],
  ['a line cut short', { cutAfter: 0 }],
])('%s is got over', async (_, fault) => {
  const world = await follow(filled());
  await agree(world);
  world.api.faults.push(fault);
  world.api.endWatches('end');
  world.api.set('a', '2');
  await agree(world);
  expect(world.troubles).toEqual([expect.anything(), undefined]);
});

test('nothing is lost and nothing invented in a long run of faults', async () => {
  const random = generator(7);
  const below = (bound: number): number => Math.floor(random() * bound);
  const faults: readonly Fault[] = ['reset', 'garbage', { status: 500 }, { status: 410, reason: 'Expired' }, { cutAfter: 1 }];
  const world = await follow(filled());
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 5; i++) {
      const name = `n${below(8)}`;
      if (below(3) > 0) world.api.set(name, String(below(100)));
      else if (name in world.api.expected) world.api.remove(name);
    }
    if (below(2) === 0) world.api.compact();
    const fault = faults[below(faults.length)];
    if (below(3) === 0 && fault !== undefined) world.api.faults.push(fault);
    world.api.endWatches((['end', 'reset', 'expired'] as const)[below(3)] ?? 'end');
    await agree(world);
  }
  expect(world.connections()).toBeGreaterThan(1);
});
