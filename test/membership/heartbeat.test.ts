import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Beat } from '../../src/membership/beat.js';
import {
  type Heartbeat,
  type HeartbeatEffect,
  type HeartbeatInput,
  type HeartbeatSettings,
  membershipOf,
  startHeartbeat,
  stepHeartbeat,
  unheardOf,
} from '../../src/membership/heartbeat.js';
import { formatEvidence, type Member } from '../../src/membership/membership.js';
import { anyBeat, beatOf } from './beats.js';
import { type Cluster, cluster } from './cluster.js';

const boot = (digit: number): string => digit.toString(16).padStart(16, '0');
const [A, B, C] = ['10.0.0.1:7946', '10.0.0.2:7946', '10.0.0.3:7946'];
const ALL = [A, B, C];
const settings = (self: string, change: Partial<HeartbeatSettings> = {}): HeartbeatSettings => ({
  self,
  bootId: boot(self.charCodeAt(0)),
  join: ALL,
  ...change,
});

/** Three nodes that have met, at 1 s. */
function three(): Cluster {
  const world = cluster();
  for (const [i, address] of ALL.entries()) world.start(address, settings('abc'[i] ?? ''));
  world.run(1000);
  return world;
}

/** What a node told about others since `since`: `320 a: b silent, 3 beats missed: 310 ms of silence`. */
const changes = ({ told }: Cluster, since = 0): string[] =>
  told.flatMap(({ at, node, effect }) =>
    effect.kind === 'changed' && at > since
      ? [`${at} ${node}: ${effect.member.name} ${stateOf(effect.member)}, ${formatEvidence(effect.member.evidence)}`]
      : [],
  );
const stateOf = ({ state, ready }: Member): string => (state === 'alive' && !ready ? 'alive but not ready' : state);
const kinds = ({ told }: Cluster, since = 0): string[] =>
  told.flatMap(({ at, node, effect }) => (at > since ? [`${node}: ${effect.kind}`] : []));

describe('a start', () => {
  test('without peers settles at once', () => {
    const { state, effects } = startHeartbeat(settings('a', { join: [] }), 0);
    expect(effects).toEqual([{ kind: 'settled', unheard: [], isReturn: false }]);
    const { state: ready } = stepHeartbeat(state, { kind: 'ready', ready: true }, 1);
    expect(membershipOf(ready)).toEqual({ self: 'a', settled: true, ready: true, members: [] });
  });

  test('settles as soon as every peer was heard; its own address among them is no peer', () => {
    const world = three();
    const settled = world.told.filter(({ effect }) => effect.kind === 'settled');
    expect(settled.map(({ node, effect }) => [node, effect])).toEqual(
      expect.arrayContaining(['a', 'b', 'c'].map((node) => [node, { kind: 'settled', unheard: [], isReturn: false }])),
    );
    expect(settled.every(({ at }) => at <= 10)).toBe(true);
    for (const address of ALL) expect(world.live(address)).toEqual(['a', 'b', 'c']);
  });

  test('waits three intervals and 200 ms for peers that do not answer, and says which', () => {
    const world = cluster();
    world.start(A, settings('a'));
    world.run(490);
    expect(world.live(A)).toEqual([]);
    world.run(600);
    expect(world.told).toEqual([{ at: 500, node: 'a', effect: { kind: 'settled', unheard: [B, C], isReturn: false } }]);
    expect(world.live(A)).toEqual(['a']);
  });

  test('while stalled does not count as waiting', () => {
    const world = cluster();
    world.start(A, settings('a'));
    world.stall(A, 800);
    world.start(B, settings('b'));
    world.start(C, settings('c'));
    world.run(1000);
    expect(world.told.filter(({ node, effect }) => node === 'a' && effect.kind === 'settled')).toEqual([
      { at: 800, node: 'a', effect: { kind: 'settled', unheard: [], isReturn: false } },
    ]);
  });

  test('is not told to peers as ready before it has settled', () => {
    const world = cluster();
    world.start(A, settings('a', { join: [B] }));
    world.start(B, settings('b', { join: [C] }));
    world.run(300);
    expect(world.live(A)).toEqual(['a']);
    world.run(600);
    expect(world.live(A)).toEqual(['a', 'b']);
  });

  test('of a node that nobody lists makes it known to those it lists', () => {
    const world = cluster();
    world.start(A, settings('a', { join: [] }));
    world.start(B, settings('b', { join: [A] }));
    world.run(300);
    expect(world.live(A)).toEqual(['a', 'b']);
    expect(world.live(B)).toEqual(['a', 'b']);
  });
});

test('who spreads addresses says so, and a restart that does no more is news', () => {
  const world = cluster();
  world.start(A, settings('a', { spreads: true }));
  world.start(B, settings('b'));
  world.run(500);
  const seen = (address: string): (boolean | undefined)[] =>
    membershipOf(world.state(address)).members.map(({ spreads }) => spreads);
  expect([seen(A), seen(B)]).toEqual([[false], [true]]);
  world.kill(A);
  world.start(A, settings('a', { bootId: boot(99) }));
  world.run(1000);
  expect(seen(B)).toEqual([false]);
});

describe('a start that joins', () => {
  const joining = (change: Partial<HeartbeatSettings> = {}): Heartbeat =>
    startHeartbeat(settings('a', { join: [A, B], joinMs: 2000, ...change }), 0).state;
  const isSettled = (state: Heartbeat): boolean => membershipOf(state).settled;
  const later = (state: Heartbeat, ...inputs: readonly (readonly [number, HeartbeatInput])[]): Heartbeat =>
    inputs.reduce((before, [now, input]) => stepHeartbeat(before, input, now).state, state);
  const heard = (node: string, from: string): HeartbeatInput => ({
    ...{ kind: 'beat', from },
    beat: beatOf({ node, bootId: boot(node.charCodeAt(0)) }),
  });
  const joined: HeartbeatInput = { kind: 'joined' };
  const told = (ours: string[], stock: string[] = []): HeartbeatInput => ({ kind: 'told', ours, stock });

  test.each<[string, readonly (readonly [number, HeartbeatInput])[], boolean]>([
    [
      'waits for that, though every peer was heard',
      [
        [5, heard('b', B)],
        [6, heard('a', A)],
      ],
      false,
    ],
    [
      'settles when both are done',
      [
        [5, heard('b', B)],
        [6, heard('a', A)],
        [7, joined],
      ],
      true,
    ],
    ['goes on waiting for beats when it has joined', [[7, joined]], false],
    [
      'waits for those at other addresses that it was told of',
      [
        [5, heard('b', B)],
        [6, heard('a', A)],
        [7, told([C])],
        [8, joined],
      ],
      false,
    ],
    [
      'until they are heard',
      [
        [6, heard('a', A)],
        [7, told([C])],
        [8, joined],
        [9, heard('c', C)],
        [10, heard('b', B)],
      ],
      true,
    ],
    [
      'waits for no beats of stock speakers',
      [
        [5, told([], [B])],
        [6, heard('a', A)],
        [7, joined],
      ],
      true,
    ],
  ])('%s', (_, inputs, expected) => {
    expect(isSettled(later(joining(), ...inputs))).toBe(expected);
  });

  test('waits two seconds and no longer', () => {
    const state = joining();
    const ticks = (until: number): Heartbeat =>
      later(state, ...Array.from({ length: until / 100 }, (_, i): [number, HeartbeatInput] => [100 * (i + 1), { kind: 'tick' }]));
    expect(isSettled(ticks(1900))).toBe(false);
    expect(isSettled(ticks(2000))).toBe(true);
  });

  test('sends beats to those it was told of, and no longer when it is told of them no more; never to stock speakers', () => {
    const { state, effects } = stepHeartbeat(joining(), told([C], [B]), 5);
    expect(effects).toMatchObject([{ kind: 'send', to: [A, C] }]);
    expect(stepHeartbeat(stepHeartbeat(state, told([]), 6).state, { kind: 'tick' }, 200).effects).toMatchObject([
      { kind: 'send', to: [A, B] },
    ]);
  });
});

describe('a peer whose name got its address late', () => {
  test('is waited for while the start has not settled', () => {
    const world = cluster();
    world.start(A, settings('a', { join: [B] }));
    world.input(A, { kind: 'join', address: C });
    world.start(B, settings('b', { join: [] }));
    world.run(600);
    expect(world.told.filter(({ node, effect }) => node === 'a' && effect.kind === 'settled')).toEqual([
      { at: 500, node: 'a', effect: { kind: 'settled', unheard: [C], isReturn: false } },
    ]);
  });

  test('is waited for, and was not heard, while it has none', () => {
    const world = cluster();
    world.start(A, settings('a', { join: [], nameless: ['b.example:7946'] }));
    world.run(600);
    expect(world.told).toEqual([
      { at: 500, node: 'a', effect: { kind: 'settled', unheard: ['b.example:7946'], isReturn: false } },
    ]);
    expect(unheardOf(world.state(A))).toEqual(['b.example:7946']);
    world.input(A, { kind: 'join', address: B, name: 'b.example:7946' });
    expect(unheardOf(world.state(A))).toEqual([B]);
    world.start(B, settings('b', { join: [] }));
    world.run(800);
    expect(unheardOf(world.state(A))).toEqual([]);
  });

  test('that has the address of another is waited for no more', () => {
    const { state } = startHeartbeat(settings('a', { join: [B], nameless: ['b.example:7946'] }), 0);
    const { state: next } = stepHeartbeat(state, { kind: 'join', address: B, name: 'b.example:7946' }, 50);
    expect(unheardOf(next)).toEqual([B]);
  });

  test('gets beats at once', () => {
    const { state } = startHeartbeat(settings('a', { join: [] }), 0);
    const { effects } = stepHeartbeat(state, { kind: 'join', address: B }, 50);
    expect(effects).toMatchObject([{ kind: 'send', to: [B], beat: { sequence: 2 } }]);
  });
});

describe('a peer', () => {
  test('that dies is silent after three missed beats', () => {
    const world = three();
    world.kill(C);
    world.run(2000);
    // All settled at 2 ms, so the last beat was sent at 902 and came a millisecond later.
    expect(changes(world, 1000)).toEqual([
      '1213 a: c silent, 3 beats missed: 310 ms of silence',
      '1213 b: c silent, 3 beats missed: 310 ms of silence',
    ]);
    expect(world.live(A)).toEqual(['a', 'b']);
  });

  test('that misses two beats lives', () => {
    const world = three();
    world.cut.add(C);
    world.run(1150);
    world.cut.clear();
    world.run(3000);
    expect(changes(world, 1000)).toEqual([]);
  });

  test('that leaves has left at once, and is sent no more beats but where it is listed', () => {
    const world = three();
    world.input(C, { kind: 'leave' });
    world.run(1001);
    expect(changes(world, 999)).toEqual(['1001 a: c left, said that it leaves', '1001 b: c left, said that it leaves']);
    world.run(1200);
    world.kill(C);
    world.run(5000);
    expect(changes(world, 1001)).toEqual([]);
  });

  test('that is not ready is alive and owns nothing', () => {
    const world = three();
    world.input(C, { kind: 'ready', ready: false });
    world.run(1002);
    expect(world.live(A)).toEqual(['a', 'b']);
    expect(membershipOf(world.state(A)).members.map(({ name, state }) => `${name} ${state}`)).toEqual(['b alive', 'c alive']);
    world.input(C, { kind: 'ready', ready: true });
    world.run(1004);
    expect(world.live(A)).toEqual(['a', 'b', 'c']);
  });

  test('tells at once from which MACs it claims addresses, and they are remembered when it is gone', () => {
    const world = three();
    const macs = [{ high: 0x02000000, low: 3 }];
    world.input(C, { kind: 'macs', macs });
    world.run(1002);
    const ofC = () => membershipOf(world.state(A)).members.find(({ name }) => name === 'c');
    expect(ofC()?.macs).toEqual(macs);
    world.kill(C);
    world.run(2000);
    expect(ofC()).toMatchObject({ state: 'silent', macs });
  });

  test('that restarts is known by its new boot id, and owns nothing until it is ready', () => {
    const world = three();
    world.kill(C);
    world.run(1150);
    world.start(C, settings('c', { bootId: boot(0xc2) }));
    world.run(3000);
    expect(changes(world, 1000).filter((line) => line.includes('boot'))).toEqual([
      `1151 a: c alive but not ready, new boot id ${boot(0xc2)}`,
      `1151 b: c alive but not ready, new boot id ${boot(0xc2)}`,
      `1153 a: c alive, new boot id ${boot(0xc2)}`,
      `1153 b: c alive, new boot id ${boot(0xc2)}`,
    ]);
    expect(kinds(world, 1000)).not.toContain('a: name-clash');
    expect(world.live(A)).toEqual(['a', 'b', 'c']);
  });

  test('that comes back is alive again', () => {
    const world = three();
    world.cut.add(C);
    world.run(2000);
    world.cut.clear();
    world.run(2200);
    expect(changes(world, 1900)).toEqual(['2003 a: c alive, heard', '2003 b: c alive, heard']);
  });

  test('that is dead stays listed for a while', () => {
    const world = three();
    world.kill(C);
    world.run(500_000);
    expect(membershipOf(world.state(A)).members.map(({ name, state }) => `${name} ${state}`)).toEqual(['b alive', 'c silent']);
    world.run(601_500);
    expect(membershipOf(world.state(A)).members.map(({ name }) => name)).toEqual(['b']);
    expect(kinds(world, 1400)).toEqual(['a: forgotten', 'b: forgotten']);
  });

  test('with a slower beat is given its own time', () => {
    const world = cluster();
    world.start(A, settings('a', { join: [B] }));
    world.start(B, settings('b', { join: [A], intervalMs: 1000 }));
    world.run(10_000);
    expect(changes(world, 10)).toEqual([]);
    world.kill(B);
    world.run(12_000);
    expect(world.live(A)).toEqual(['a', 'b']);
    world.run(12_100);
    expect(world.live(A)).toEqual(['a']);
  });
});

describe('our own stall', () => {
  test.each([350, 2000, 60_000])('of %s ms declares nobody dead', (stallMs) => {
    const world = three();
    world.stall(A, 1000 + stallMs);
    world.run(1000 + stallMs + 1000);
    expect(changes(world, 1000).filter((line) => line.includes(' a: '))).toEqual([]);
    expect(world.live(A)).toEqual(['a', 'b', 'c']);
  });

  test('does not hide a death for longer than it lasted', () => {
    const world = three();
    world.kill(C);
    world.stall(A, 1500);
    world.run(3000);
    const [line] = changes(world, 1000).filter((one) => one.includes(' a: '));
    expect(line).toMatch(/ a: c silent, 3 beats missed: 310 ms of silence/);
    expect(Number(line?.split(' ')[0])).toBeLessThanOrEqual(1213 + 500);
  });
});

/** One node alone with a script: what comes in, by hand. */
function alone(change: Partial<HeartbeatSettings> = {}): {
  readonly hear: (beat: Partial<Beat> & { readonly node: string }, from: string, now: number) => readonly HeartbeatEffect[];
  readonly step: (input: HeartbeatInput, now: number) => readonly HeartbeatEffect[];
  readonly state: () => Heartbeat;
} {
  let { state } = startHeartbeat(settings('a', { join: [], ...change }), 0);
  const step = (input: HeartbeatInput, now: number): readonly HeartbeatEffect[] => {
    const next = stepHeartbeat(state, input, now);
    state = next.state;
    return next.effects.filter(({ kind }) => kind !== 'send');
  };
  return {
    step,
    hear: (beat, from, now) =>
      step(
        {
          kind: 'beat',
          from,
          beat: beatOf({ bootId: boot(1), ...beat }),
        },
        now,
      ),
    state: () => state,
  };
}

describe('beats that are not news', () => {
  test('of an old sequence are no life sign', () => {
    const node = alone();
    node.hear({ node: 'b', sequence: 5 }, B, 0);
    expect(node.step({ kind: 'tick' }, 100)).toEqual([]);
    node.step({ kind: 'tick' }, 200);
    node.hear({ node: 'b', sequence: 5 }, B, 200);
    node.step({ kind: 'tick' }, 210);
    node.hear({ node: 'b', sequence: 4, leaving: true }, B, 250);
    node.step({ kind: 'tick' }, 300);
    expect(node.step({ kind: 'tick' }, 310)).toMatchObject([
      { kind: 'changed', member: { name: 'b', state: 'silent' }, was: 'alive' },
    ]);
  });

  test('of our own, come back, mark the address as ours', () => {
    const node = alone({ join: [A, B] });
    node.hear({ node: 'a', bootId: boot('a'.charCodeAt(0)) }, A, 1);
    const { effects } = stepHeartbeat(node.state(), { kind: 'tick' }, 100);
    expect(effects).toMatchObject([{ kind: 'send', to: [B] }]);
  });

  test('of our own from where no peer was listed silence nobody', () => {
    const node = alone();
    node.hear({ node: 'b' }, B, 1);
    node.hear({ node: 'a', bootId: boot('a'.charCodeAt(0)) }, B, 2);
    expect(stepHeartbeat(node.state(), { kind: 'tick' }, 101).effects).toMatchObject([{ kind: 'send', to: [B] }]);
  });
});

describe('a node that has nobody to send beats to', () => {
  test('is woken once a second', () => {
    const node = alone();
    expect(node.state().wakeAt).toBe(1000);
  });

  test('sends beats at their pace from the moment in which it hears somebody, and they tell how long it runs', () => {
    const node = alone();
    node.step({ kind: 'tick' }, 1000);
    const beat = beatOf({ node: 'b', bootId: boot(1) });
    const { state, effects } = stepHeartbeat(node.state(), { kind: 'beat', from: B, beat }, 1450);
    const sent = effects.flatMap((one) => (one.kind === 'send' ? [one.beat] : []));
    expect(sent.map(({ sequence, intervalMs }) => sequence * intervalMs)).toEqual([1500, 1600]);
    expect(state.wakeAt).toBe(1550);
  });
});

describe('a silent peer', () => {
  const silent = (): ReturnType<typeof alone> => {
    const node = alone({ forgetAfterMs: 1000 });
    node.hear({ node: 'b' }, B, 0);
    for (const now of [100, 200, 210, 300, 310]) node.step({ kind: 'tick' }, now);
    return node;
  };
  const ticks = (node: ReturnType<typeof alone>, from: number, to: number): readonly HeartbeatEffect[] =>
    Array.from({ length: (to - from) / 10 }, (_, i) => node.step({ kind: 'tick' }, from + i * 10)).flat();

  test('falters before it is silent, and is steady again when it is heard in time', () => {
    const node = alone();
    node.hear({ node: 'b' }, B, 0);
    for (const now of [100, 200]) expect(node.step({ kind: 'tick' }, now)).toEqual([]);
    expect(node.step({ kind: 'tick' }, 210)).toEqual([{ kind: 'faltering', name: 'b' }]);
    expect(node.hear({ node: 'b', sequence: 2 }, B, 250)).toEqual([{ kind: 'steady', name: 'b' }]);
  });

  test('is forgotten, but not as long as it answers on the wire', () => {
    expect(ticks(silent(), 320, 1400)).toEqual([{ kind: 'forgotten', name: 'b' }]);
    const node = silent();
    expect(ticks(node, 320, 1200)).toEqual([]);
    node.step({ kind: 'answered', name: 'b' }, 1200);
    expect(ticks(node, 1210, 2190)).toEqual([]);
    expect(ticks(node, 2190, 2300)).toEqual([{ kind: 'forgotten', name: 'b' }]);
  });

  test('is silent at once when its process has ended, and is back with its next life', () => {
    const node = alone();
    node.hear({ node: 'b' }, B, 0);
    expect(node.step({ kind: 'crashed', name: 'b', sinceMs: 6 }, 50)).toMatchObject([
      { kind: 'changed', was: 'alive', member: { state: 'silent', evidence: { kind: 'crash', sinceMs: 6 } } },
    ]);
    expect(node.step({ kind: 'crashed', name: 'b', sinceMs: 6 }, 51)).toEqual([]);
    expect(node.hear({ node: 'b', bootId: boot(2) }, B, 90)).toMatchObject([{ kind: 'changed', was: 'silent' }]);
  });
});

describe('two nodes of one name', () => {
  test('are noticed, and do not flap', () => {
    const node = alone();
    const told: HeartbeatEffect[] = [];
    for (let i = 1; i <= 20; i++) {
      told.push(...node.hear({ node: 'b', bootId: boot(1), sequence: i }, B, i * 100));
      told.push(...node.hear({ node: 'b', bootId: boot(2), sequence: i }, C, i * 100 + 50));
      node.step({ kind: 'tick' }, i * 100 + 60);
    }
    expect(told.map(({ kind }) => kind)).toEqual(['changed', 'changed', 'name-clash']);
    expect(told[2]).toEqual({ kind: 'name-clash', name: 'b', addresses: [B, C] });
  });

  test('are said again after ten seconds', () => {
    const node = alone();
    const clashes: number[] = [];
    for (let i = 1; i <= 250; i++) {
      const effects = [
        ...node.hear({ node: 'b', bootId: boot(1), sequence: i }, B, i * 100),
        ...node.hear({ node: 'b', bootId: boot(2), sequence: i }, C, i * 100 + 50),
      ];
      if (effects.some(({ kind }) => kind === 'name-clash')) clashes.push(i * 100);
    }
    expect(clashes).toEqual([300, 10_300, 20_300]);
  });

  test('are noticed when one is we', () => {
    const node = alone();
    expect(node.hear({ node: 'a', bootId: boot(9), sequence: 1 }, B, 0)).toEqual([]);
    expect(node.hear({ node: 'a', bootId: boot(9), sequence: 2 }, B, 100)).toEqual([
      { kind: 'name-clash', name: 'a', addresses: [B] },
    ]);
  });

  test('is not what one straggler of an old life makes', () => {
    const node = alone();
    node.hear({ node: 'b', bootId: boot(1), sequence: 8 }, B, 0);
    node.hear({ node: 'b', bootId: boot(2), sequence: 1 }, B, 50);
    expect(node.hear({ node: 'b', bootId: boot(1), sequence: 9, leaving: true }, B, 51)).toEqual([]);
    expect(membershipOf(node.state()).members).toMatchObject([{ name: 'b', state: 'alive' }]);
  });

  test('are one again when the other falls silent', () => {
    const node = alone();
    node.hear({ node: 'b', bootId: boot(1), sequence: 1 }, B, 0);
    node.hear({ node: 'b', bootId: boot(2), sequence: 1 }, C, 50);
    for (const now of [100, 200, 260, 300, 360]) node.step({ kind: 'tick' }, now);
    expect(node.hear({ node: 'b', bootId: boot(1), sequence: 9 }, B, 400)).toMatchObject([
      { kind: 'changed', member: { state: 'alive', address: B, evidence: { kind: 'restarted' } }, was: 'silent' },
    ]);
  });
});

describe('memory is bounded', () => {
  test('a stranger too many waits, and that is said once', () => {
    const node = alone({ maxMembers: 2 });
    node.hear({ node: 'b' }, B, 0);
    node.hear({ node: 'c' }, C, 0);
    expect(node.hear({ node: 'd' }, '10.0.0.4:7946', 1)).toEqual([
      { kind: 'too-many-members', name: 'd', address: '10.0.0.4:7946' },
    ]);
    expect(node.hear({ node: 'e' }, '10.0.0.5:7946', 2)).toEqual([]);
  });

  test('the dead make room for the living, longest dead first', () => {
    const node = alone({ maxMembers: 2 });
    node.hear({ node: 'b', leaving: true }, B, 0);
    node.hear({ node: 'c', leaving: true }, C, 1);
    expect(node.hear({ node: 'd' }, '10.0.0.4:7946', 2)).toMatchObject([
      { kind: 'forgotten', name: 'b' },
      { kind: 'changed', member: { name: 'd' } },
    ]);
  });

  test('whatever comes in: nothing throws, the table keeps its size, the tick its time', () => {
    const beat = anyBeat({
      node: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      bootId: fc.nat(7).map(boot),
      sequence: fc.integer({ min: 1, max: 20 }),
      intervalMs: fc.constantFrom(1, 100, 65_535),
      macs: fc.array(fc.record({ high: fc.nat(1), low: fc.nat(1) }), { maxLength: 3 }),
    });
    const input = fc.oneof(
      fc.record({ kind: fc.constant('beat' as const), from: fc.constantFrom(...ALL, 'elsewhere:1'), beat }),
      fc.constant({ kind: 'tick' as const }),
      fc.record({ kind: fc.constant('ready' as const), ready: fc.boolean() }),
      fc.record({ kind: fc.constant('macs' as const), macs: fc.array(fc.record({ high: fc.nat(1), low: fc.nat(1) })) }),
      fc.constant({ kind: 'leave' as const }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.nat(400)), { maxLength: 80 }), (history) => {
        let { state } = startHeartbeat(settings('a', { maxMembers: 3, forgetAfterMs: 1000 }), 0);
        let now = 0;
        for (const [one, waitMs] of history) {
          now += waitMs;
          const before = state;
          state = stepHeartbeat(state, one, now).state;
          expect(state.peers.size).toBeLessThanOrEqual(3);
          expect(state.sequence).toBeGreaterThanOrEqual(before.sequence);
          expect(state.nextBeatAt).toBeGreaterThan(now);
          expect(state.warned.size).toBeLessThanOrEqual(8);
          for (const peer of state.peers.values()) expect(peer.rivals.length).toBeLessThanOrEqual(4);
        }
      }),
    );
  });
});

test('leaving is told with every beat that follows', () => {
  const world = three();
  world.input(C, { kind: 'leave' });
  expect(world.live(C)).toEqual(['a', 'b']);
  world.run(1150);
  expect(world.live(A)).toEqual(['a', 'b']);
  expect(kinds(world, 1001)).toEqual([]);
});

describe('a large cluster', () => {
  const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
  const large = (): Cluster => {
    const world = cluster();
    for (const name of names) world.start(`${name}:7946`, settings(name, { join: names.map((one) => `${one}:7946`) }));
    world.run(2000);
    return world;
  };

  test('sends no more beats a second than one of 25 nodes', () => {
    const { sequence, intervalMs } = large().state('n0:7946');
    expect(intervalMs).toBe(413);
    expect(sequence).toBeLessThan(150);
  });

  test('takes nobody for dead who beats more seldom, and who is dead for dead after three of those beats', () => {
    const world = large();
    world.run(6000);
    expect(changes(world, 1000)).toEqual([]);
    world.kill('n7:7946');
    world.run(6000 + 3 * 413 + 10 - 413);
    expect(world.live('n0:7946')).toHaveLength(100);
    world.run(6000 + 3 * 413 + 20);
    expect(world.live('n0:7946')).toHaveLength(99);
  });
});
