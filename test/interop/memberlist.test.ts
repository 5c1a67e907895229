/**
 * Clusters of our nodes and the reference implementation of memberlist, on the loopback network: 127.78.0.0/16 is this file's own.
 */
import { afterEach, expect, test } from 'vitest';
import { keyOfPassphrase } from '../../src/membership/memberlist/seal.js';
import { LAN, type Tuning } from '../../src/membership/memberlist/settings.js';
import { OUR_META } from '../../src/membership/ourmeta.js';
import { ascii } from '../membership/memberlist/samples.js';
import { AgentNode, type NodeOptions } from '../support/gossipnode.js';
import { addLoopbackAddresses } from '../support/loopback6.js';
import { describeWithReference, ReferenceNode, type ReferenceOptions } from '../support/referencenode.js';
import { until } from '../support/until.js';

const SECRET = 'a secret of MetalLB';
const OURS_HEX = Buffer.from(OUR_META).toString('hex');
/** As fast as the reference is told to be. */
const TUNING: Tuning = { ...LAN, probeIntervalMs: 200, probeTimeoutMs: 100, gossipIntervalMs: 40, pushPullIntervalMs: 1000 };
const address = (index: number): string => `127.78.0.${index}`;

const running: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()));
});
async function agent(index: number, options: NodeOptions, at: number = index): Promise<AgentNode> {
  const node = await AgentNode.start(`ours-${index}`, address(at), { tuning: TUNING, ...options });
  running.push(node);
  return node;
}
async function reference(index: number, options: ReferenceOptions, at: number = index): Promise<ReferenceNode> {
  const node = await ReferenceNode.start(`stock-${index}`, address(at), options);
  running.push(node);
  return node;
}

interface Variant {
  readonly sizes: readonly number[];
  readonly ours: NodeOptions;
  readonly theirs: ReferenceOptions;
}
const key = keyOfPassphrase(ascii(SECRET));
const SEALED: NodeOptions = key === undefined ? {} : { key };
const VARIANTS: readonly (readonly [string, Variant])[] = [
  ['in the clear', { sizes: [3, 5, 10], ours: {}, theirs: {} }],
  ['in the clear and not compressed', { sizes: [4], ours: {}, theirs: { compress: false } }],
  ['sealed', { sizes: [3, 5, 10], ours: SEALED, theirs: { secret: SECRET } }],
  ['sealed and not compressed', { sizes: [4], ours: SEALED, theirs: { secret: SECRET, compress: false } }],
];

interface Mixed {
  readonly ours: readonly AgentNode[];
  readonly theirs: readonly ReferenceNode[];
}

/** Every second node is ours; each joins one of the other kind, if there is one. */
async function cluster(size: number, { ours, theirs }: Variant): Promise<Mixed> {
  const all: Mixed & { ours: AgentNode[]; theirs: ReferenceNode[] } = { ours: [], theirs: [] };
  for (let index = 1; index <= size; index++) {
    if (index % 2 === 1) {
      all.ours.push(await agent(index, { ...ours, join: index === 1 ? [] : [address(index - 1)] }));
    } else {
      const node = await reference(index, theirs);
      expect(await node.join(address(index - 1))).toBe(1);
      all.theirs.push(node);
    }
  }
  return all;
}

/** Whether each has each other, told apart by what they say of themselves. */
function isWhole({ ours, theirs }: Mixed): boolean {
  const names = [...ours.map(({ liveness }) => liveness.membership.self), ...theirs.map(({ name }) => name)].sort();
  const wanted = (self: string, ofOurs: string, ofTheirs: string): string =>
    names.flatMap((name) => (name === self ? [] : [`${name}: ${name.startsWith('ours') ? ofOurs : ofTheirs}`])).join();
  return (
    ours.every(
      (node) =>
        node.members.join() === wanted(node.liveness.membership.self, 'alive, ready, arpeggio', 'alive, ready, memberlist'),
    ) &&
    theirs.every(
      ({ name, members }) =>
        [...members]
          .map((pair) => pair.join(': '))
          .sort()
          .join() === wanted(name, OURS_HEX, ''),
    )
  );
}

const dropped = ({ ours }: Mixed): readonly unknown[] => ours.map(({ liveness }) => liveness.sample.dropped);

describeWithReference.each(VARIANTS)('the reference and ours, %s', (_, variant) => {
  test.each(variant.sizes)('are one cluster of %i, and stay it over many exchanges', async (size) => {
    const mixed = await cluster(size, variant);
    await until('all have all', () => isWhole(mixed));
    const exchanges = mixed.ours.map(({ port }) => port.streams.counts.taken);
    await until('each was asked again', () =>
      mixed.ours.every(({ port }, i) => port.streams.counts.taken > (exchanges[i] ?? 0) + 1),
    );
    await until('all still have all', () => isWhole(mixed));
    expect(dropped(mixed)).toEqual(mixed.ours.map(() => ({})));
    expect(mixed.theirs.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(mixed.ours.flatMap(({ codes }) => codes)).toEqual([]);
  });

  test('see each other leave, and return from another address, as only a node may that said that it leaves', async () => {
    const mixed = await cluster(4, variant);
    await until('all have all', () => isWhole(mixed));
    const [[a, b], [s, t]] = [mixed.ours, mixed.theirs];
    await t?.leave();
    await until('it has left', () => mixed.ours.every((node) => node.member('stock-4')?.state === 'left'));
    await b?.liveness.leave();
    b?.kill();
    await until('ours has left', () => s?.members.has('ours-3') === false);
    const again = await reference(4, variant.theirs, 40);
    await again.join(address(2));
    const ours = await agent(3, { ...variant.ours, join: [address(1)] }, 30);
    const back = { ours: [a, ours].flatMap((node) => node ?? []), theirs: [s, again].flatMap((node) => node ?? []) };
    await until('all are back', () => isWhole(back));
  });

  test('see each other crash, and return', async () => {
    const mixed = await cluster(5, variant);
    await until('all have all', () => isWhole(mixed));
    const [[a, b, c], [s, t]] = [mixed.ours, mixed.theirs];
    await t?.kill();
    await until('it is dead', () => mixed.ours.every((node) => node.member('stock-4')?.state === 'silent'));
    c?.kill();
    await until('ours is dead', () => s?.members.has('ours-5') === false);
    expect([a, b].map((node) => node?.member('ours-5')?.state)).toEqual(['silent', 'silent']);
    const again = await reference(4, variant.theirs);
    await again.join(address(1));
    const ours = await agent(5, { ...variant.ours, join: [address(2)] });
    const back = { ours: [a, b, ours].flatMap((node) => node ?? []), theirs: [s, again].flatMap((node) => node ?? []) };
    await until('all are back', () => isWhole(back));
  });

  test('are told apart whatever metadata a stock speaker has, and when it changes', async () => {
    const a = await agent(1, variant.ours);
    const s = await reference(2, { ...variant.theirs, meta: 'zone=a' });
    await s.join(address(1));
    await until('it is there', () => a.members.join() === 'stock-2: alive, ready, memberlist');
    await s.describe('zone=b');
    const third = await reference(3, variant.theirs);
    await third.join(address(1));
    await until('a third learns it from ours', () => third.members.get('stock-2') === Buffer.from('zone=b').toString('hex'));
    expect(third.members.get('ours-1')).toBe(OURS_HEX);
    expect(a.members).toEqual(['stock-2: alive, ready, memberlist', 'stock-3: alive, ready, memberlist']);
    expect(a.codes).toEqual([]);
  });

  test('of another label do not mix, and ours stays whole', async () => {
    const mixed = await cluster(3, variant);
    await until('all have all', () => isWhole(mixed));
    const other = await reference(9, { ...variant.theirs, label: 'others' });
    expect(await other.join(address(1), address(2))).toBe(0);
    await until('it is counted', () => (mixed.ours[0]?.liveness.sample.dropped['label-mismatch'] ?? 0) > 0);
    await until('all still have all', () => isWhole(mixed));
    expect(other.members.size).toBe(0);
    expect(mixed.ours[0]?.codes).toEqual(['GOSSIP_UNREADABLE']);
  });
});

describeWithReference('the reference with another secret', () => {
  test.each<[string, NodeOptions, ReferenceOptions]>([
    ['than ours', SEALED, { secret: 'another' }],
    ['where ours has one and it has none', SEALED, {}],
    ['where it has one and ours has none', {}, { secret: 'another' }],
  ])('%s, does not become a member, and it is said', async (_, ours, theirs) => {
    const a = await agent(1, ours);
    const s = await reference(2, theirs);
    expect(await s.join(address(1))).toBe(0);
    await until('it is said', () => a.codes.includes('GOSSIP_KEY_MISMATCH'));
    expect([a.members, s.members.size]).toEqual([[], 0]);
  });
});

describeWithReference.each<[string, NodeOptions, ReferenceOptions]>([
  ['in the clear', {}, {}],
  ['sealed', SEALED, { secret: SECRET }],
])('the reference and ours over IPv6, %s', (_, ours, theirs) => {
  test('are one cluster, see each other crash, and leave', async () => {
    const [one = '', two = '', three = '', four = ''] = addLoopbackAddresses('fd78::', 4);
    const start = async (index: number, at: string, join: string): Promise<AgentNode> => {
      const node = await AgentNode.start(`ours-${index}`, at, { tuning: TUNING, ...ours, join: join === '' ? [] : [join] });
      running.push(node);
      return node;
    };
    const startStock = async (index: number, at: string): Promise<ReferenceNode> => {
      const node = await ReferenceNode.start(`stock-${index}`, at, theirs);
      running.push(node);
      return node;
    };
    const a = await start(1, one, '');
    const s = await startStock(2, two);
    expect(await s.join(one)).toBe(1);
    const b = await start(3, three, two);
    const t = await startStock(4, four);
    expect(await t.join(three)).toBe(1);
    const whole = { ours: [a, b], theirs: [s, t] };
    await until('all have all', () => isWhole(whole));
    const exchanges = a.port.streams.counts.taken;
    await until('it was asked again', () => a.port.streams.counts.taken > exchanges + 1);
    expect(isWhole(whole)).toBe(true);
    expect([dropped(whole), a.codes, b.codes]).toEqual([[{}, {}], [], []]);
    expect([...s.complaints, ...t.complaints]).toEqual([]);
    await t.kill();
    await until('it is dead', () => [a, b].every((node) => node.member('stock-4')?.state === 'silent'));
    await b.liveness.leave();
    b.kill();
    await until('ours has left', () => !s.members.has('ours-3'));
  });
});
