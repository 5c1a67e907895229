import { describe, expect, test } from 'vitest';
import { incarnationAfter, type Judgement, judge } from '../../../src/membership/memberlist/claims.js';
import type { Alive, Claim } from '../../../src/membership/memberlist/message.js';
import { type MemberRecord, recordOf, standing } from '../../../src/membership/memberlist/record.js';
import { LAN, VERSIONS } from '../../../src/membership/memberlist/settings.js';
import { patience, suspect } from '../../../src/membership/memberlist/suspicion.js';

const V4 = Uint8Array.of(10, 0, 0, 2);
const V4_IN_16 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2);
const meta = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const LAST = 0xffffffff;
const NOW = 50_000;

const alive = (incarnation: number, change: Partial<Alive> = {}): Alive => ({
  ...{ kind: 'alive', node: 'b', address: V4, port: 7946, incarnation, meta: meta(), versions: VERSIONS },
  ...change,
});
const accused = (kind: 'suspect' | 'dead', incarnation: number, from = 'c'): Claim => ({ kind, node: 'b', incarnation, from });
const known = (state: MemberRecord['state'], incarnation = 5, since = 0): MemberRecord => {
  const record = recordOf(alive(incarnation), since);
  if (state !== 'suspect') return standing(record, incarnation, { state, since });
  return standing(record, incarnation, { state, since, suspicion: suspect('x', patience(5, LAN), since) });
};

interface Case {
  readonly claim: Claim;
  readonly known?: MemberRecord;
  /** Who judges: `b` itself, or another. */
  readonly self?: string;
  readonly leaving?: boolean;
  readonly reclaimMs?: number;
}

/** `ignored: stale`, `refute 7`, `conflict`, `alive 6`. */
function outcome({ claim, known, self = 'a', leaving = false, reclaimMs = 0 }: Case): string {
  const tuning = { ...LAN, deadNodeReclaimMs: reclaimMs };
  return text(judge(claim, known, { self, leaving, size: 5, tuning }, NOW));
}
function text(judgement: Judgement): string {
  switch (judgement.kind) {
    case 'ignored':
      return `ignored: ${judgement.because}`;
    case 'refute':
      return `refute ${judgement.accused}`;
    case 'conflict':
      return 'conflict';
    case 'accepted':
      return `${judgement.record.state} ${judgement.record.incarnation}`;
  }
}

describe('that a node is alive', () => {
  test.each<[string, Case, string]>([
    ['is news if it is unknown', { claim: alive(1) }, 'alive 1'],
    ['is never accepted with incarnation 0', { claim: alive(0) }, 'ignored: stale'],
    [
      'is never accepted with incarnation 0, from a new address neither',
      { claim: alive(0, { port: 1 }), known: known('left') },
      'ignored: stale',
    ],
    ['is stale with a smaller incarnation', { claim: alive(4), known: known('alive') }, 'ignored: stale'],
    ['is stale with the same incarnation', { claim: alive(5), known: known('alive') }, 'ignored: stale'],
    [
      'is stale with the same incarnation and other metadata',
      { claim: alive(5, { meta: meta(1) }), known: known('alive') },
      'ignored: stale',
    ],
    ['does not clear a suspicion of the same incarnation', { claim: alive(5), known: known('suspect') }, 'ignored: stale'],
    ['clears a suspicion with a greater incarnation', { claim: alive(6), known: known('suspect') }, 'alive 6'],
    ['brings the dead back with a greater incarnation', { claim: alive(6), known: known('dead') }, 'alive 6'],
    ['does not bring the dead back with the same', { claim: alive(5), known: known('dead') }, 'ignored: stale'],
    ['is accepted with the last incarnation', { claim: alive(LAST), known: known('alive') }, `alive ${LAST}`],
    ['is accepted from an address of IPv6', { claim: alive(1, { address: new Uint8Array(16).fill(1) }) }, 'alive 1'],
    ['conflicts from another port', { claim: alive(6, { port: 7947 }), known: known('alive') }, 'conflict'],
    [
      'conflicts with the longer form of its address',
      { claim: alive(6, { address: V4_IN_16 }), known: known('alive') },
      'conflict',
    ],
    ['conflicts if the dead come from elsewhere', { claim: alive(6, { port: 7947 }), known: known('dead') }, 'conflict'],
    ['moves who has left, whatever the incarnation', { claim: alive(1, { port: 7947 }), known: known('left') }, 'alive 1'],
    [
      'moves the dead after a while, if that is allowed',
      { claim: alive(1, { port: 7947 }), known: known('dead'), reclaimMs: NOW },
      'alive 1',
    ],
    ['does not move them earlier', { claim: alive(6, { port: 7947 }), known: known('dead'), reclaimMs: NOW + 1 }, 'conflict'],
    ['is nothing without versions', { claim: alive(1, { versions: { ...VERSIONS, min: 0, max: 0 } }) }, 'ignored: malformed'],
    [
      'is nothing with an empty range of versions',
      { claim: alive(1, { versions: { ...VERSIONS, min: 3, max: 2 } }) },
      'ignored: malformed',
    ],
    ['is nothing with an address of five bytes', { claim: alive(1, { address: new Uint8Array(5) }) }, 'ignored: malformed'],
    ['is nothing with too much metadata', { claim: alive(1, { meta: new Uint8Array(513) }) }, 'ignored: malformed'],
  ])('%s', (_, one, expected) => {
    expect(outcome(one)).toBe(expected);
  });

  test('counts the time from when it came back, not from when it was heard again', () => {
    const by = { self: 'a', leaving: false, size: 5, tuning: LAN };
    expect(judge(alive(6), known('alive', 5, 7), by, NOW)).toMatchObject({ record: { since: 7 } });
    expect(judge(alive(6), known('suspect', 5, 7), by, NOW)).toMatchObject({ record: { since: NOW } });
  });
});

describe('what others say of ourselves:', () => {
  test.each<[string, Case, string]>([
    ['our own word is an echo', { claim: alive(5), known: known('alive') }, 'ignored: known'],
    ['an older word of ours is stale', { claim: alive(4), known: known('alive') }, 'ignored: stale'],
    ['other metadata are wrong', { claim: alive(5, { meta: meta(1) }), known: known('alive') }, 'refute 5'],
    [
      'other versions are wrong',
      { claim: alive(5, { versions: { ...VERSIONS, current: 1 } }), known: known('alive') },
      'refute 5',
    ],
    ['an earlier life of ours is ahead', { claim: alive(9), known: known('alive') }, 'refute 9'],
    ['another goes by our name', { claim: alive(9, { port: 7947 }), known: known('alive') }, 'conflict'],
    ['that we are suspect', { claim: accused('suspect', 5), known: known('alive') }, 'refute 5'],
    ['that we were suspect', { claim: accused('suspect', 4), known: known('alive') }, 'ignored: stale'],
    ['that we are dead', { claim: accused('dead', 8), known: known('alive') }, 'refute 8'],
    ['that we left, in an earlier life', { claim: accused('dead', 8, 'b'), known: known('alive') }, 'refute 8'],
    ['while we leave, our own farewell', { claim: accused('dead', 5, 'b'), known: known('alive'), leaving: true }, 'left 5'],
    ['once we have left, that we are alive', { claim: alive(9), known: known('left'), leaving: true }, 'ignored: leaving'],
    [
      'once we have left, that we are suspect',
      { claim: accused('suspect', 9), known: known('left'), leaving: true },
      'ignored: known',
    ],
    ['once we have left, that we are dead', { claim: accused('dead', 9), known: known('left'), leaving: true }, 'ignored: known'],
  ])('%s', (_, one, expected) => {
    expect(outcome({ ...one, self: 'b' })).toBe(expected);
  });
});

describe('that a node is suspect or dead', () => {
  test.each<[string, Case, string]>([
    ['is nothing if it is unknown (suspect)', { claim: accused('suspect', 9) }, 'ignored: unknown-node'],
    ['is nothing if it is unknown (dead)', { claim: accused('dead', 9) }, 'ignored: unknown-node'],
    ['is stale of a smaller incarnation (suspect)', { claim: accused('suspect', 4), known: known('alive') }, 'ignored: stale'],
    ['is stale of a smaller incarnation (dead)', { claim: accused('dead', 4), known: known('alive') }, 'ignored: stale'],
    ['is believed of the same (suspect)', { claim: accused('suspect', 5), known: known('alive') }, 'suspect 5'],
    ['is believed of the same (dead)', { claim: accused('dead', 5), known: known('alive') }, 'dead 5'],
    [
      'is believed of a greater, which is the node’s from then on',
      { claim: accused('suspect', 9), known: known('alive') },
      'suspect 9',
    ],
    ['is confirmed by another than the accuser', { claim: accused('suspect', 5), known: known('suspect') }, 'suspect 5'],
    ['is not confirmed by the accuser', { claim: accused('suspect', 5, 'x'), known: known('suspect') }, 'ignored: known'],
    ['follows a suspicion (dead)', { claim: accused('dead', 5), known: known('suspect') }, 'dead 5'],
    ['is known of the dead (suspect)', { claim: accused('suspect', 9), known: known('dead') }, 'ignored: known'],
    [
      'is known of the dead (dead), though it says that it left',
      { claim: accused('dead', 9, 'b'), known: known('dead') },
      'ignored: known',
    ],
    ['is a farewell if it says so itself', { claim: accused('dead', 5, 'b'), known: known('alive') }, 'left 5'],
  ])('%s', (_, one, expected) => {
    expect(outcome(one)).toBe(expected);
  });

  test('ends a suspicion with everything that belonged to it', () => {
    const by = { self: 'a', leaving: false, size: 5, tuning: LAN };
    const judgement = judge(accused('dead', 5), known('suspect'), by, NOW);
    expect(judgement.kind === 'accepted' && 'suspicion' in judgement.record).toBe(false);
  });
});

test.each([
  ['of 0', 5, 0, 6],
  ['of ours', 5, 5, 6],
  ['of our next', 5, 6, 7],
  ['of a greater', 5, 100, 101],
  ['of the last but one', 5, LAST - 1, LAST],
  ['of the last, which nobody can outdo', 5, LAST, 6],
  ['when we have come to the last', LAST, LAST, LAST],
])('our incarnation after an accusation %s', (_, own, by, expected) => {
  expect(incarnationAfter(own, by)).toBe(expected);
});
