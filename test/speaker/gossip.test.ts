/**
 * Gossip on real sockets: 127.77.0.0/16 is this file's own.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Envelope } from '../../agents/speaker/wire/envelope.js';
import { GossipPort } from '../../agents/speaker/wire/gossipport.js';
import { ownAddress } from '../../agents/speaker/wire/ownaddress.js';
import { BEAT_VERSION, encodeBeat } from '../../src/membership/beat.js';
import { LIFELINE_HELLO } from '../../src/membership/lifeline.js';
import type { PushPull } from '../../src/membership/memberlist/message.js';
import { keyOfPassphrase } from '../../src/membership/memberlist/seal.js';
import { VERSIONS } from '../../src/membership/memberlist/settings.js';
import type { Word } from '../../src/ownership/word.js';
import { beatOf } from '../membership/beats.js';
import { ascii } from '../membership/memberlist/samples.js';
import { AgentNode, FAST, type NodeOptions, PORT, StockNode } from '../support/gossipnode.js';
import { addLoopbackAddresses } from '../support/loopback6.js';
import { until } from '../support/until.js';

const [A, B, C, D] = ['127.77.0.1', '127.77.0.2', '127.77.0.3', '127.77.0.4'];
const KEY = keyOfPassphrase(ascii('a secret'));
const OTHER_KEY = keyOfPassphrase(ascii('another secret'));

const running: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
});
async function agent(name: string, address: string, options?: NodeOptions): Promise<AgentNode> {
  const node = await AgentNode.start(name, address, options);
  running.push(node);
  return node;
}
async function stock(name: string, address: string, options?: NodeOptions): Promise<StockNode> {
  const node = await StockNode.start(name, address, options);
  running.push(node);
  return node;
}

const keyed = (key: typeof KEY): NodeOptions => (key === undefined ? {} : { key });
const CLEAR_AND_SEALED: readonly (readonly [string, typeof KEY])[] = [
  ['in the clear', undefined],
  ['sealed', KEY],
];

async function datagram(bytes: Uint8Array, to: string, from = D): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  await new Promise((resolve) => socket.send(bytes, PORT, to, resolve));
  socket.close();
}
async function connection(to: string, from = D): Promise<Socket> {
  const socket = createConnection({ host: to, port: PORT, localAddress: from });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}
const closed = (socket: Socket): Promise<unknown> => (socket.closed ? Promise.resolve() : once(socket, 'close'));

const TAKE: Word = { kind: 'take', node: 'b', bootId: '0'.repeat(16), number: 1, keys: [0xc0000201] };

describe.each(CLEAR_AND_SEALED)('a cluster of ours, %s', (_, key) => {
  test('finds all of its nodes from one of them, and each is ready by its beats', async () => {
    const a = await agent('a', A, keyed(key));
    const b = await agent('b', B, { ...keyed(key), join: [A] });
    const c = await agent('c', C, { ...keyed(key), join: [A] });
    const all = ['a: alive, ready, arpeggio', 'b: alive, ready, arpeggio', 'c: alive, ready, arpeggio'];
    for (const [node, own] of [
      [a, 'a'],
      [b, 'b'],
      [c, 'c'],
    ] as const) {
      const others = all.filter((text) => !text.startsWith(own));
      await until(`${own} has the others`, () => node.members.join() === others.join());
      expect(node.codes).toEqual([]);
    }
  });

  test('hands on what nodes of this life say about addresses', async () => {
    const a = await agent('a', A, keyed(key));
    const b = await agent('b', B, { ...keyed(key), join: [A] });
    await until('they know each other', () => a.member('b')?.ready === true && b.member('a')?.ready === true);
    b.liveness.say('a', TAKE);
    const word: Word = { ...TAKE, bootId: b.bootId };
    b.liveness.say('a', word);
    await until('the word is heard', () => a.words.length > 0);
    // The first was said by another life of b.
    expect(a.words).toEqual([word]);
  });

  test('notices the end of a process by its lifeline, and tells stock speakers sooner than they would find out', async () => {
    const a = await agent('a', A, keyed(key));
    const b = await agent('b', B, { ...keyed(key), join: [A] });
    const slow = { ...FAST, probeIntervalMs: 3_600_000 };
    const c = await stock('c', C, { ...keyed(key), join: [A], tuning: slow });
    await until('all know each other', () => c.members.length === 2 && a.member('b')?.ready === true && a.members.length === 2);
    b.kill();
    await until('a notices', () => a.crashes.includes('b'));
    a.liveness.crashed('b', 5);
    expect(a.member('b')).toMatchObject({ state: 'silent' });
    await until('the stock speaker knows', () => c.members.join() === 'a, arpeggio');
  });
});

describe.each(CLEAR_AND_SEALED)('a mixed cluster, %s', (_, key) => {
  test('shows a stock speaker as alive and ready, then as left, then again, then as dead', async () => {
    const a = await agent('a', A, keyed(key));
    const first = await stock('s', B, { ...keyed(key), join: [A] });
    await until('it is there', () => a.members.join() === 's: alive, ready, memberlist');
    await until('it has us', () => first.members.join() === 'a, arpeggio');
    await first.leave();
    await until('it has left', () => a.members.join() === 's: left, ready, memberlist');
    const second = await stock('s', B, { ...keyed(key), join: [A] });
    await until('it is back', () => a.members.join() === 's: alive, ready, memberlist');
    second.kill();
    await until('it is dead', () => a.members.join() === 's: silent, ready, memberlist');
    expect(a.member('s')?.evidence).toEqual({ kind: 'memberlist' });
    expect(a.codes).toEqual([]);
  });

  test('finds a stock speaker that comes later, and again when both have forgotten each other', async () => {
    const forgetful = { ...FAST, gossipToTheDeadMs: 50 };
    const a = await agent('a', A, { ...keyed(key), join: [B], tuning: forgetful });
    await until('it goes without', () => a.liveness.membership.settled);
    const first = await stock('s', B, keyed(key));
    await until('it is found', () => a.members.length === 1 && first.members.length === 1);
    first.kill();
    await until('it is forgotten', () => a.members.length === 0);
    const second = await stock('s', B, keyed(key));
    await until('it is found again', () => a.members.join() === 's: alive, ready, memberlist' && second.members.length === 1);
  });

  test('does not keep stock speakers busy with beats and lifelines', async () => {
    const s = await stock('s', B, keyed(key));
    const a = await agent('a', A, { ...keyed(key), join: [B] });
    const b = await agent('b', C, { ...keyed(key), join: [A] });
    await until('all are there', () => a.members.length === 2 && b.members.length === 2 && b.member('a')?.ready === true);
    const { heard } = s;
    await until('some beats have passed', () => b.liveness.counters.received > 8);
    expect(s.heard).toBe(heard);
  });

  test('learns that a leaving node of ours leaves', async () => {
    const s = await stock('s', B, keyed(key));
    const a = await agent('a', A, { ...keyed(key), join: [B] });
    const b = await agent('b', C, { ...keyed(key), join: [B] });
    await until('all are there', () => s.members.length === 2 && b.member('a')?.ready === true);
    await a.liveness.leave();
    a.kill();
    await until('the stock speaker knows', () => s.members.join() === 'b, arpeggio');
    expect(b.member('a')).toMatchObject({ state: 'left' });
  });
});

describe('a cluster with a key', () => {
  test.each<[string, typeof KEY]>([
    ['another key', OTHER_KEY],
    ['none', undefined],
  ])('is not changed by a node that has %s, and says so', async (_, key) => {
    const a = await agent('a', A, { ...keyed(KEY) });
    const b = await agent('b', B, { ...keyed(KEY), join: [A] });
    await until('both are there', () => a.member('b')?.ready === true && b.member('a')?.ready === true);
    const c = await agent('c', C, { ...keyed(key), join: [A, B] });
    await until('it is told', () => a.codes.includes('GOSSIP_KEY_MISMATCH') && b.codes.includes('GOSSIP_KEY_MISMATCH'));
    await until('it settles without anybody', () => c.liveness.membership.settled);
    expect([a.members, b.members, c.members]).toEqual([['b: alive, ready, arpeggio'], ['a: alive, ready, arpeggio'], []]);
    expect(a.liveness.sample.dropped['not-decrypted']).toBeGreaterThan(0);
    // Told once, however often it happens.
    expect(a.codes).toEqual(['GOSSIP_KEY_MISMATCH']);
  });

  test('takes no lifeline without it, and ends one that says nothing', async () => {
    const a = await agent('a', A, keyed(KEY));
    const silent = await connection(A);
    const unsealed = await connection(A);
    unsealed.write(new Envelope(undefined).stream({ kind: 'user', body: LIFELINE_HELLO }, 'initiator'));
    await Promise.all([closed(silent), closed(unsealed)]);
    const sealed = await connection(A, C);
    sealed.write(a.port.hello());
    const later = await connection(A);
    await closed(later);
    expect(sealed.closed).toBe(false);
    sealed.write('more than that is said by nobody');
    await closed(sealed);
    sealed.destroy();
  });

  test('keeps places for those that have it, however many say nothing', async () => {
    const a = await agent('a', A, keyed(KEY));
    const b = await agent('b', B, { ...keyed(KEY), join: [A] });
    await until('both are there', () => a.member('b')?.ready === true && b.member('a')?.ready === true);
    const idle = await Promise.all(Array.from({ length: 40 }, () => connection(A)));
    await until('most are refused', () => idle.filter((socket) => socket.closed).length >= 40 - 16);
    const c = await agent('c', C, { ...keyed(KEY), join: [A] });
    await until('another joins meanwhile', () => a.member('c')?.ready === true);
    expect(a.port.streams.counts.refused).toBeGreaterThanOrEqual(24);
    c.kill();
    await until('and has its lifeline', () => a.crashes.includes('c'));
    for (const socket of idle) socket.destroy();
  });
});

test('what is said after the end is lost, and ends nothing', async () => {
  const a = await agent('a', A);
  const b = await agent('b', B, { join: [A] });
  await until('both are there', () => a.member('b')?.ready === true && b.member('a')?.ready === true);
  a.kill();
  expect(() => a.liveness.say('b', { ...TAKE, node: 'a' })).not.toThrow();
  expect(() => b.liveness.say('nobody', TAKE)).not.toThrow();
  await until('b notices', () => b.crashes.includes('a'));
});

describe('what is wrong', () => {
  test('with a name that two nodes have is said', async () => {
    const a = await agent('a', A);
    await agent('b', B, { join: [A] });
    await until('b is there', () => a.member('b')?.ready === true);
    await agent('b', C, { join: [A] });
    await until('it is said', () => a.codes.includes('NODE_NAME_CLASH'));
    expect(a.issues.find(({ code }) => code === 'NODE_NAME_CLASH')?.message).toContain(`${B}:${PORT} and ${C}:${PORT}`);
  });

  test('with the version of beats is said, and they are no words', async () => {
    const a = await agent('a', A);
    const beat = beatOf({ node: 'b' });
    const later = encodeBeat(beat);
    later[4] = BEAT_VERSION + 1;
    await datagram(new Envelope(undefined).packet([{ kind: 'user', body: later }]), A);
    await until('it is said', () => a.codes.length > 0);
    expect(a.codes).toEqual(['GOSSIP_INCOMPATIBLE']);
    expect([a.words, a.liveness.counters.rejected]).toEqual([[], 1]);
  });

  test('with the version of the protocol is said, and nothing is learned', async () => {
    const a = await agent('a', A);
    const versions = { ...VERSIONS, min: 6, max: 9, current: 9 };
    const node = {
      name: 'z',
      address: Uint8Array.of(127, 77, 0, 9),
      port: PORT,
      incarnation: 1,
      meta: new Uint8Array(),
      versions,
    };
    const everything: PushPull = {
      kind: 'push-pull',
      join: true,
      nodes: [{ ...node, state: 'alive' }],
      userState: new Uint8Array(),
    };
    const socket = await connection(A);
    socket.write(new Envelope(undefined).stream(everything, 'initiator'));
    await until('it is said', () => a.codes.includes('GOSSIP_INCOMPATIBLE'));
    socket.destroy();
    expect(a.members).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a type that there is not', Uint8Array.of(99, 1, 2)],
    ['half a message', Uint8Array.of(4, 0x86)],
    ['a compound that lies', Uint8Array.of(7, 255, 255, 255)],
    ['a label', Uint8Array.of(244, 3, 97, 98, 99, 0)],
    ['a beat of before', ascii('ARPB')],
    ['a stream that says that it is sealed', Uint8Array.of(10, 255, 255, 255, 255)],
    ['a very large push-pull', Uint8Array.of(6, 0x81, 0xa5, ...ascii('Nodes'), 0xd2, 0x7f, 255, 255, 255)],
  ])('with %s is counted, and ends nothing', async (_, bytes) => {
    const a = await agent('a', A);
    const b = await agent('b', B, { join: [A] });
    await until('both are there', () => a.member('b')?.ready === true && b.member('a')?.ready === true);
    await datagram(bytes, A);
    const socket = await connection(A);
    socket.end(bytes);
    await closed(socket);
    await until('it is counted', () => Object.values(a.liveness.sample.dropped).some((count) => count > 0));
    const { received } = a.liveness.counters;
    await until('beats go on', () => a.liveness.counters.received > received);
    expect(a.members).toEqual(['b: alive, ready, arpeggio']);
  });
});

test('who connects and goes without a word is counted, and no reason to worry', async () => {
  const a = await agent('a', A);
  const socket = await connection(A);
  socket.end();
  await until('it is counted', () => a.liveness.sample.dropped['truncated'] === 1);
  expect(a.codes).toEqual([]);
});

describe('a port that cannot be had', () => {
  test.each<[string, string, RegExp]>([
    ['because another has it', A, /needs UDP port 7946 \(EADDRINUSE\); is another agent, or a MetalLB speaker, running here\?/],
    [
      'because the address is no one of this host',
      '192.0.2.1',
      /of 192\.0\.2\.1, and no interface of this host has that address/,
    ],
  ])('%s', async (_, address, message) => {
    await agent('a', A);
    const port = new GossipPort({ port: PORT, address, streamTimeoutMs: 200, report: () => undefined });
    const problem = await port.bind();
    expect(problem).toMatchObject({ code: 'PORT_IN_USE' });
    expect(problem?.message).toMatch(message);
  });
});

describe('over IPv6', () => {
  const [one = '', two = '', three = '', four = ''] = addLoopbackAddresses('fd77::', 4);

  test.each(CLEAR_AND_SEALED)('nodes find each other through one, and see a crash and a leave, %s', async (_, key) => {
    const a = await agent('a', one, keyed(key));
    const b = await agent('b', two, { ...keyed(key), join: [one] });
    const c = await agent('c', three, { ...keyed(key), join: [one] });
    await until('c knows b, of whom a told', () => c.members.join() === 'a: alive, ready, arpeggio,b: alive, ready, arpeggio');
    expect(c.member('b')?.address).toBe(`[${two}]:${PORT}`);
    await until('a knows all', () => a.members.length === 2 && a.member('b')?.ready === true);
    b.kill();
    await until('its connection tells of its end', () => a.crashes.includes('b'));
    a.liveness.crashed('b', 5);
    await until('c is told', () => c.member('b')?.state !== 'alive');
    await c.liveness.leave();
    await until('it has left', () => a.member('c')?.state === 'left');
    expect([a.codes, c.codes]).toEqual([[], []]);
  });

  test('a node takes the address from which it reaches a peer', async () => {
    expect(await ownAddress([`[${two}]:${PORT}`])).toBe(two);
  });

  test('words come, and a stock speaker is a member that hears no beats', async () => {
    const a = await agent('a', one);
    const b = await agent('b', two, { join: [one] });
    const s = await stock('s', four, { join: [one] });
    await until('all are there', () => a.members.length === 2 && b.members.length === 2 && s.members.length === 2);
    expect(b.member('s')).toMatchObject({ speaks: 'memberlist', address: `[${four}]:${PORT}` });
    b.liveness.say('a', { ...TAKE, node: 'b', bootId: b.bootId });
    await until('the word is there', () => a.words.length === 1);
    expect(s.heard).toBe(0);
  });
});
