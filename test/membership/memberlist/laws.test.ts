import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberlistEffect, MemberlistInput } from '../../../src/membership/memberlist/boundary.js';
import { Memberlist } from '../../../src/membership/memberlist/memberlist.js';
import type { Endpoint, PacketMessage, StreamMessage, Versions } from '../../../src/membership/memberlist/message.js';
import type { MemberRecord } from '../../../src/membership/memberlist/record.js';
import { at, SETTINGS } from './lone.js';

const MOST = 6;
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', '', 'x'.repeat(1500));
const incarnation = fc.oneof(fc.nat(5), fc.constantFrom(0xffffffff, 0xfffffffe));
const bytes = fc.uint8Array({ maxLength: 3 });
const byte = fc.nat(6);
const versions: fc.Arbitrary<Versions> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ min: 1, max: 5, current: 2, delegateMin: 0, delegateMax: 0, delegateCurrent: 0 }) },
  fc.record({ min: byte, max: byte, current: byte, delegateMin: byte, delegateMax: byte, delegateCurrent: byte }),
);
const endpoint: fc.Arbitrary<Endpoint> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 8 }).map(at) },
  fc.record({ address: fc.uint8Array({ maxLength: 17 }), port: fc.integer({ min: 0, max: 65_535 }) }),
);
const source = fc.tuple(endpoint, name).map(([one, node]) => ({ ...one, node }));
const seqNo = fc.oneof(fc.nat(20), fc.constant(0xffffffff));

const alive = fc
  .record({ node: name, incarnation, meta: bytes, versions, endpoint })
  .map(({ endpoint: { address, port }, ...rest }): PacketMessage => ({ kind: 'alive', address, port, ...rest }));
const packetMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  { weight: 4, arbitrary: alive },
  fc.record({ kind: fc.constantFrom('suspect', 'dead'), node: name, incarnation, from: name }),
  fc.record({ kind: fc.constant('ping'), seqNo, node: name, source }),
  fc.record({ kind: fc.constant('indirect-ping'), seqNo, node: name, target: endpoint, nack: fc.boolean() }),
  fc.record({ kind: fc.constant('ack'), seqNo, payload: bytes }),
  fc.record({ kind: fc.constant('nack'), seqNo }),
  fc.record({ kind: fc.constant('user'), body: bytes }),
);
const nodeState = fc
  .record({ name, incarnation, meta: bytes, versions, endpoint, state: fc.constantFrom('alive', 'suspect', 'dead', 'left') })
  .map(({ endpoint: { address, port }, ...rest }) => ({ address, port, ...rest }));
const streamMessage: fc.Arbitrary<StreamMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('push-pull'),
    join: fc.boolean(),
    nodes: fc.array(nodeState, { maxLength: MOST + 1 }),
    userState: bytes,
  }),
  fc.record({ kind: fc.constant('ping'), seqNo, node: name }),
  fc.record({ kind: fc.constant('ack'), seqNo, payload: bytes }),
  fc.record({ kind: fc.constant('error'), error: name }),
);
const input: fc.Arbitrary<MemberlistInput> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('packet'), from: endpoint, messages: fc.array(packetMessage, { maxLength: 4 }) }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'tick' }) },
  fc.record({ kind: fc.constant('stream-request'), request: fc.nat(9), from: endpoint, message: streamMessage }),
  fc.record({ kind: fc.constant('stream-answer'), stream: fc.nat(9), message: streamMessage }),
  fc.record({ kind: fc.constant('stream-failed'), stream: fc.nat(9) }),
  fc.record({ kind: fc.constant('send-failed'), seqNo, because: fc.constantFrom('network', 'local') }),
  fc.record({ kind: fc.constant('join'), endpoints: fc.array(endpoint, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('accuse'), name, evidence: fc.constantFrom('suspect', 'dead') }),
  fc.record({ kind: fc.constant('meta'), meta: bytes }),
);
/** Inputs, each this long after the wish to be called: late, early, or after a long stall. */
const history = fc.array(
  fc.record({ input, waitMs: fc.oneof(fc.nat(50), fc.nat(2000), fc.constant(100_000)), onTime: fc.boolean() }),
  { maxLength: 60 },
);

interface Moment {
  readonly now: number;
  readonly wakeAt: number;
  readonly nodes: readonly MemberRecord[];
  readonly effects: readonly MemberlistEffect[];
}
function play(story: readonly { input: MemberlistInput; waitMs: number; onTime: boolean }[]): Moment[] {
  const member = new Memberlist({ ...SETTINGS, maxMembers: MOST, join: [at(2), at(3)] }, 0);
  let now = 0;
  return story.map(({ input: one, waitMs, onTime }) => {
    now = onTime ? Math.max(now, Math.min(member.wakeAt, now + waitMs)) : now + waitMs;
    const effects = member.step(one, now);
    return { now, wakeAt: member.wakeAt, nodes: member.nodes, effects };
  });
}

describe('whatever anybody says', () => {
  test('nothing is thrown, members are bounded, we stay one of them, and time goes on', () => {
    fc.assert(
      fc.property(history, (story) => {
        for (const { now, wakeAt, nodes } of play(story)) {
          expect(nodes.length).toBeLessThanOrEqual(MOST);
          expect(nodes.find((node) => node.name === 'a')).toMatchObject({ ...at(1), state: 'alive' });
          expect(wakeAt).toBeGreaterThan(now);
          for (const node of nodes) expect('suspicion' in node).toBe(node.state === 'suspect');
        }
      }),
    );
  });

  test('incarnations of a node never go down while it is remembered, but for one that left and came from elsewhere', () => {
    fc.assert(
      fc.property(history, (story) => {
        let before = new Map<string, MemberRecord>();
        for (const { nodes, effects } of play(story)) {
          const reborn = new Set(
            effects.flatMap((effect) =>
              effect.kind === 'forgotten' ? [effect.name] : effect.kind === 'joined' ? [effect.node.name] : [],
            ),
          );
          for (const node of nodes) {
            const earlier = before.get(node.name);
            if (earlier === undefined || reborn.has(node.name)) continue;
            expect(node.incarnation).toBeGreaterThanOrEqual(earlier.incarnation);
          }
          before = new Map(nodes.map((node) => [node.name, node]));
        }
      }),
    );
  });

  test('what is told of the members adds up to what they are', () => {
    fc.assert(
      fc.property(history, (story) => {
        const members = new Set<string>();
        for (const { nodes, effects } of play(story)) {
          for (const effect of effects) {
            if (effect.kind === 'joined') members.add(effect.node.name);
            if (effect.kind === 'left') members.delete(effect.node.name);
          }
          const there = nodes.filter(({ state }) => state === 'alive' || state === 'suspect').map((node) => node.name);
          expect([...members].sort()).toEqual(there.sort());
        }
      }),
    );
  });

  test('no datagram of gossip is longer than it may be, nor has more parts', () => {
    fc.assert(
      fc.property(history, (story) => {
        for (const { effects } of play(story)) {
          for (const effect of effects) {
            if (effect.kind !== 'send') continue;
            const size = effect.messages.reduce((sum, message) => sum + SETTINGS.sizeOf(message) + 2, 2);
            expect(effect.messages.length === 1 || size <= 1400 || !isGossip(effect.messages)).toBe(true);
            expect(effect.messages.length).toBeLessThanOrEqual(255);
          }
        }
      }),
    );
  });

  test('the same history gives the same effects', () => {
    fc.assert(
      fc.property(history, (story) => {
        expect(play(story)).toEqual(play(story));
      }),
      { numRuns: 30 },
    );
  });
});

const isGossip = ([first]: readonly PacketMessage[]): boolean =>
  first?.kind === 'alive' || first?.kind === 'suspect' || first?.kind === 'dead';
