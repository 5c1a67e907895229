import { describe, expect, test } from 'vitest';
import type { MemberRecord } from '../../src/membership/memberlist/record.js';
import { VERSIONS } from '../../src/membership/memberlist/settings.js';
import type { Member, MemberState, Membership } from '../../src/membership/membership.js';
import { membersOf, mix, whereaboutsOf } from '../../src/membership/mixed.js';
import { isOurs, OUR_META } from '../../src/membership/ourmeta.js';
import { ascii, NOTHING } from './memberlist/samples.js';

type State = MemberRecord['state'];
const SUSPICION = { confirmedBy: new Set<string>(), since: 0 };

function record(name: string, state: State, meta = NOTHING): MemberRecord {
  const fields = { name, address: Uint8Array.of(10, 0, 0, 7), port: 7946, incarnation: 1, meta, versions: VERSIONS, since: 5 };
  return { ...fields, state, suspicion: SUSPICION } as unknown as MemberRecord;
}

const heard = (name: string, state: MemberState, ready = true): Member => ({
  ...{
    name,
    address: '10.0.0.8:7946',
    state,
    ready,
    returning: false,
    stale: false,
    spreads: false,
    speaks: 'arpeggio',
    macs: [],
    since: 1,
  },
  evidence: { kind: 'heard' },
});
const byBeats = (...members: Member[]): Membership => ({ self: 'a', settled: true, ready: true, members });
const saying = ({ name, state, ready, speaks }: Member): string => `${name}: ${state}${ready ? ', ready' : ''}, ${speaks}`;

describe('metadata', () => {
  test.each<[string, Uint8Array, boolean]>([
    ['of ours', OUR_META, true],
    ['of a later version of ours', Uint8Array.of(...ascii('arpeggio'), 7, 1, 2), true],
    ['of a stock speaker', NOTHING, false],
    ['of somebody else', ascii('zone=a'), false],
    ['cut before its version', ascii('arpeggio'), false],
  ])('%s', (_, meta, expected) => {
    expect(isOurs(meta)).toBe(expected);
  });

  test('is small, and what docs/adr/0015 says', () => {
    expect(Buffer.from(OUR_META).toString('hex')).toBe('617270656767696f01');
  });
});

describe('what memberlist alone tells', () => {
  test.each<[string, MemberRecord, string[]]>([
    ['a stock speaker that is alive', record('b', 'alive'), ['b: alive, ready, memberlist']],
    ['one that is suspected counts as alive, as with MetalLB', record('b', 'suspect'), ['b: alive, ready, memberlist']],
    ['one that is dead', record('b', 'dead'), ['b: silent, ready, memberlist']],
    ['one that left', record('b', 'left'), ['b: left, ready, memberlist']],
    ['one of ours that was not heard yet is not known to be ready', record('b', 'alive', OUR_META), ['b: alive, arpeggio']],
    ['one of ours that is gone', record('b', 'dead', OUR_META), []],
    ['this node itself', record('a', 'alive', OUR_META), []],
    ['a name that no node of Kubernetes can have', record('b c\u0000', 'alive'), []],
  ])('%s', (_, one, expected) => {
    expect(membersOf([one], 'a').map(saying)).toEqual(expected);
  });
});

describe('mixed with beats', () => {
  test.each<[string, Member[], MemberRecord[], string[]]>([
    [
      'each tells of its own',
      [heard('b', 'alive')],
      [record('c', 'alive')],
      ['b: alive, ready, arpeggio', 'c: alive, ready, memberlist'],
    ],
    ['of one that is heard, beats tell', [heard('b', 'alive', false)], [record('b', 'dead')], ['b: alive, arpeggio']],
    [
      'of one that is heard no more too',
      [heard('b', 'silent')],
      [record('b', 'alive', OUR_META)],
      ['b: silent, ready, arpeggio'],
    ],
    ['a node that became a stock speaker', [heard('b', 'left')], [record('b', 'alive')], ['b: alive, ready, memberlist']],
    ['and one that was one before', [heard('b', 'alive')], [record('b', 'alive')], ['b: alive, ready, arpeggio']],
  ])('%s', (_, beats, records, expected) => {
    expect(mix(byBeats(...beats), membersOf(records, 'a')).members.map(saying)).toEqual(expected);
  });

  test('sorts by name, and leaves the rest as it is', () => {
    const membership = mix(byBeats(heard('c', 'alive')), membersOf([record('d', 'alive'), record('b', 'alive')], 'a'));
    expect(membership).toMatchObject({ self: 'a', settled: true, ready: true });
    expect(membership.members.map(({ name }) => name)).toEqual(['b', 'c', 'd']);
  });
});

test('where members are is told apart by who hears beats', () => {
  const records = [record('a', 'alive', OUR_META), record('b', 'suspect', OUR_META), record('c', 'alive'), record('d', 'dead')];
  expect(whereaboutsOf(records, 'a')).toEqual({ ours: ['10.0.0.7:7946'], stock: ['10.0.0.7:7946'] });
});
