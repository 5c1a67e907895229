import { describe, expect, test } from 'vitest';
import type { MemberlistEffect } from '../../../src/membership/memberlist/boundary.js';
import type { NodeState, PushPull } from '../../../src/membership/memberlist/message.js';
import { VERSIONS } from '../../../src/membership/memberlist/settings.js';
import { alive, at, Lone, sent } from './lone.js';

const kinds = (effects: readonly MemberlistEffect[]): string[] =>
  effects.map(({ kind }) => kind).filter((kind) => kind !== 'send' && kind !== 'open-stream');
const told = (name: string, state: NodeState['state'], incarnation = 1, versions = VERSIONS): NodeState => {
  const { kind: _, node: __, ...rest } = alive(name, incarnation, { versions });
  return { ...rest, name, state };
};
const pushPull = (nodes: readonly NodeState[], join = false): PushPull => ({
  ...{ kind: 'push-pull', join, nodes, userState: new Uint8Array() },
});

describe('a start', () => {
  test('makes us a member, of incarnation 1, and is over if there is nobody to join', () => {
    const lone = new Lone();
    expect(lone.member.nodes).toMatchObject([{ name: 'a', incarnation: 1, state: 'alive' }]);
    expect(lone.member.wakeAt).toBeGreaterThan(0);
  });
});

describe('gossip', () => {
  test('is passed on to others, as often as the size of the cluster asks for', () => {
    const lone = new Lone();
    lone.hear(alive('b'));
    const passedOn = sent(lone.run(3000), 'alive').filter(({ message }) => message.node === 'b');
    expect(passedOn.length).toBe(4);
    expect(passedOn[0]).toEqual({ to: at(2), message: alive('b') });
  });

  test('about us that is wrong is refuted, and makes us doubt our own health', () => {
    const lone = new Lone();
    lone.hear(alive('b'), { kind: 'suspect', node: 'a', incarnation: 7, from: 'b' });
    expect(lone.node('a')).toMatchObject({ state: 'alive', incarnation: 8 });
    expect(lone.member.health).toBe(1);
    expect(sent(lone.run(300), 'alive')).toContainEqual({ to: at(2), message: alive('a', 8) });
  });

  test('that could never be passed on is not believed', () => {
    const lone = new Lone();
    expect(lone.hear(alive('b'.repeat(1400)))).toEqual([]);
    expect(lone.hear(alive('b'), { kind: 'suspect', node: 'b', incarnation: 1, from: 'x'.repeat(1400) })).toHaveLength(1);
    expect(lone.node('b')?.state).toBe('alive');
  });

  test('of a port 0 means our own', () => {
    const lone = new Lone();
    lone.hear(alive('b', 1, { port: 0 }));
    expect(lone.node('b')?.port).toBe(7946);
  });

  test('of what belongs to others is handed on', () => {
    expect(new Lone().hear({ kind: 'user', body: Uint8Array.of(1) })).toEqual([
      { kind: 'user', from: at(99), body: Uint8Array.of(1) },
    ]);
  });

  test('leaves room in a datagram for what label and encryption add', () => {
    const crowd = Array.from({ length: 60 }, (_, i) => alive(`b${i}`));
    const length = (overheadBytes: number): number => {
      const lone = new Lone({ overheadBytes });
      lone.hear(...crowd);
      const [first] = lone.run(200).filter((effect) => effect.kind === 'send');
      return first?.kind === 'send' ? first.messages.length : 0;
    };
    // Each part is of 83 bytes (82 for short names) and two more for its length.
    expect([length(0), length(29 + 5), length(700)]).toEqual([16, 16, 8]);
  });
});

describe('a conflict', () => {
  test('is told now and then, and changes nothing', () => {
    const lone = new Lone();
    lone.hear(alive('b'));
    const other = alive('b', 9, { port: 7947 });
    const conflict = { kind: 'conflict', node: lone.node('b'), other: { ...at(2), port: 7947 } };
    expect(lone.hear(other, other)).toEqual([conflict]);
    lone.now = 9999;
    expect(kinds(lone.hear(other))).toEqual([]);
    lone.now = 10_000;
    expect(kinds(lone.hear(other))).toEqual(['conflict']);
    expect(lone.node('b')).toMatchObject({ incarnation: 1, port: 7946 });
  });
});

describe('as many members as may be', () => {
  test('let a newcomer in only if one of them is gone: that is forgotten', () => {
    const lone = new Lone({ maxMembers: 3 });
    lone.hear(alive('b'), alive('c'));
    expect(lone.hear(alive('d'), alive('e'))).toEqual([{ kind: 'too-many-members', name: 'd' }]);
    expect(kinds(lone.hear({ kind: 'dead', node: 'b', incarnation: 1, from: 'b' }, alive('d')))).toEqual([
      'left',
      'forgotten',
      'joined',
    ]);
    expect(lone.member.nodes.map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  });
});

describe('an exchange of everything', () => {
  test('is answered with what we knew before, and learned from', () => {
    const lone = new Lone();
    const message = pushPull([told('b', 'alive')], true);
    const effects = lone.input({ kind: 'stream-request', request: 5, from: at(2), message });
    expect(effects[0]).toMatchObject({ kind: 'answer-stream', request: 5, message: { join: true, nodes: [{ name: 'a' }] } });
    expect(kinds(effects)).toEqual(['answer-stream', 'joined']);
  });

  test('takes the dead of others for suspects of our own', () => {
    const lone = new Lone();
    lone.hear(alive('b'), alive('c'), alive('d'));
    const message = pushPull([told('b', 'dead'), told('c', 'suspect'), told('d', 'left'), told('e', 'dead')]);
    lone.input({ kind: 'stream-request', request: 5, from: at(2), message });
    expect(lone.member.nodes.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a alive',
      'b suspect',
      'c suspect',
      'd left',
    ]);
    expect(lone.node('b')).toMatchObject({ suspicion: { accuser: 'a' } });
  });

  test('with nodes that do not understand each other is refused as a whole', () => {
    const lone = new Lone();
    const message = pushPull([told('b', 'alive'), told('c', 'dead', 1, { ...VERSIONS, current: 0 })]);
    const effects = lone.input({ kind: 'stream-request', request: 5, from: at(2), message });
    expect(effects.slice(1)).toEqual([{ kind: 'refused', from: at(2), because: { kind: 'protocol', node: 'c', version: 0 } }]);
    expect(lone.node('b')).toBeUndefined();
  });

  test('comes to us as an answer only if we asked', () => {
    const lone = new Lone({ join: [at(2)] });
    expect(kinds(lone.input({ kind: 'stream-answer', stream: 1, message: pushPull([told('b', 'alive')], true) }))).toEqual([
      'joined',
      'join-settled',
    ]);
    expect(kinds(lone.input({ kind: 'stream-answer', stream: 1, message: pushPull([told('c', 'alive')], true) }))).toEqual([]);
  });

  test('happens now and then with a member', () => {
    const lone = new Lone();
    lone.hear(alive('b'));
    const opened = lone.run(120_000).filter((effect) => effect.kind === 'open-stream' && effect.message.kind === 'push-pull');
    // The member says nothing, so it is soon dead, and asked no more than once.
    expect(opened.length).toBeLessThanOrEqual(1);
  });
});

describe('a stream of another', () => {
  test.each([
    ['that pings us is answered', { kind: 'ping', seqNo: 4, node: 'a' }, ['answer-stream']],
    ['that pings another is closed', { kind: 'ping', seqNo: 4, node: 'b' }, ['close-stream']],
    ['with a message of an application is closed', { kind: 'user', body: new Uint8Array() }, ['close-stream', 'user']],
    ['that complains is closed', { kind: 'error', error: 'no' }, ['close-stream']],
  ] as const)('%s', (_, message, expected) => {
    expect(kinds(new Lone().input({ kind: 'stream-request', request: 1, from: at(2), message }))).toEqual(expected);
  });
});

describe('an address to join', () => {
  const opened = (effects: readonly MemberlistEffect[]): number[] =>
    effects.flatMap((effect) =>
      effect.kind === 'open-stream' && effect.message.kind === 'push-pull' && effect.message.join ? [effect.stream] : [],
    );

  test('is tried every second while nobody is there, never twice at a time', () => {
    const lone = new Lone({ join: [at(1), at(2)] });
    expect(opened(lone.run(2900))).toEqual([]);
    expect(kinds(lone.input({ kind: 'stream-failed', stream: 1 }))).toEqual(['join-settled']);
    expect(opened(lone.run(3000))).toEqual([2]);
    lone.input({ kind: 'stream-answer', stream: 2, message: pushPull([told('b', 'alive')], true) });
    expect(opened(lone.run(4900))).toEqual([]);
  });

  test('that is our own is not asked, nor is any by a node that leaves', () => {
    const lone = new Lone();
    const endpoints = [at(1), at(2)];
    expect(lone.input({ kind: 'join', endpoints })).toMatchObject([{ kind: 'open-stream', to: at(2) }]);
    lone.input({ kind: 'leave', timeoutMs: 60_000 });
    lone.input({ kind: 'stream-failed', stream: 1 });
    expect(opened(lone.run(10_000))).toEqual([]);
  });

  test('without any answer counts as failed after a while', () => {
    const lone = new Lone({ join: [at(2)] });
    const effects = lone.run(3500);
    expect(effects).toContainEqual({ kind: 'join-settled', unreached: [at(2)] });
    expect(opened(effects)).toEqual([2]);
  });

  test('is one of few at a time: the rest follow as those answer or fail, unless a member is there by then', () => {
    const lone = new Lone({ join: [] });
    const first = lone.input({ kind: 'join', endpoints: Array.from({ length: 20 }, (_, i) => at(2 + i)) });
    expect(opened(first)).toHaveLength(8);
    expect(opened(lone.input({ kind: 'stream-failed', stream: 1 }))).toEqual([9]);
    const all = Array.from({ length: 20 }, (_, i) => told(String.fromCharCode(98 + i), 'alive'));
    expect(opened(lone.input({ kind: 'stream-answer', stream: 2, message: pushPull(all, true) }))).toEqual([]);
    expect(lone.member.nodes).toHaveLength(21);
  });

  test('that never answers keeps no other waiting', () => {
    const lone = new Lone({ join: Array.from({ length: 20 }, (_, i) => at(2 + i)) });
    const asked = lone.run(6500).flatMap((effect) => (effect.kind === 'open-stream' ? [effect.to.address.at(-1)] : []));
    // Eight were asked before; each three seconds the next eight are.
    expect(asked).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 2, 3, 4, 5]);
  });

  test('is the same in both forms of IPv4', () => {
    const lone = new Lone();
    const mapped = { address: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2), port: 7946 };
    lone.hear(alive('b'));
    expect(opened(lone.input({ kind: 'join', endpoints: [mapped] }))).toEqual([]);
  });
});

describe('leaving', () => {
  test('alone is over at once', () => {
    expect(kinds(new Lone().input({ kind: 'leave', timeoutMs: 1000 }))).toEqual(['left', 'gone']);
  });

  test('ends when the others were told as often as need be, or when its time is over', () => {
    for (const [timeoutMs, gone] of [
      [5000, 600],
      [100, 100],
    ] as const) {
      const lone = new Lone();
      lone.hear(alive('b'));
      lone.run(2000);
      const farewell = sent(lone.input({ kind: 'leave', timeoutMs }), 'dead');
      expect(farewell).toEqual([{ to: at(2), message: { kind: 'dead', node: 'a', incarnation: 1, from: 'a' } }]);
      expect(kinds(lone.run(2000 + gone - 1))).not.toContain('gone');
      expect(kinds(lone.run(2000 + gone + 1))).toContain('gone');
    }
  });

  test('is not undone by what others still say of us', () => {
    const lone = new Lone();
    lone.hear(alive('b'));
    lone.input({ kind: 'leave', timeoutMs: 1000 });
    lone.hear(alive('a', 9), { kind: 'suspect', node: 'a', incarnation: 9, from: 'b' });
    lone.hear({ kind: 'dead', node: 'a', incarnation: 9, from: 'b' });
    lone.input({ kind: 'meta', meta: Uint8Array.of(1) });
    expect(lone.node('a')).toMatchObject({ state: 'left', incarnation: 1 });
    expect(sent(lone.run(5000), 'alive').filter(({ message }) => message.node === 'a')).toEqual([]);
  });

  test('is said once', () => {
    const lone = new Lone();
    lone.input({ kind: 'leave', timeoutMs: 1000 });
    expect(kinds(lone.input({ kind: 'leave', timeoutMs: 1000 }))).toEqual([]);
  });
});

describe('an accusation of our own', () => {
  test.each(['suspect', 'dead'] as const)('that a node is %s goes out at once', (evidence) => {
    const lone = new Lone();
    lone.hear(alive('b', 3), alive('c'));
    const said = sent(lone.input({ kind: 'accuse', name: 'b', evidence }), evidence);
    expect(new Set(said.map(({ message }) => message.incarnation))).toEqual(new Set([3]));
    expect(lone.node('b')?.state).toBe(evidence);
  });
  test.each(['a', 'x'])('of ourselves or of nobody (%s) is nothing', (name) => {
    const lone = new Lone();
    expect(lone.input({ kind: 'accuse', name, evidence: 'dead' })).toEqual([]);
    expect(lone.node('a')).toMatchObject({ state: 'alive', incarnation: 1 });
  });
});
