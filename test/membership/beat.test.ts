import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BEAT_VERSION, beatVersion, decodeBeat, encodeBeat, isNodeName, MOST_MACS } from '../../src/membership/beat.js';
import type { Mac } from '../../src/net/mac.js';
import { anyBeat, beatOf } from './beats.js';

const BEAT = beatOf({ node: 'n1', bootId: '00112233445566ff', sequence: 7 });
const MACS: readonly Mac[] = [
  { high: 0x02000000, low: 0x0001 },
  { high: 0xfffffffe, low: 0xfffd },
];

const beats = anyBeat({
  node: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/),
  bootId: fc.stringMatching(/^[0-9a-f]{16}$/),
  sequence: fc.integer({ min: 1, max: 0xffffffff }),
  intervalMs: fc.integer({ min: 1, max: 0xffff }),
  macs: fc.array(fc.record<Mac>({ high: fc.nat(0xffffffff), low: fc.nat(0xffff) }), { maxLength: MOST_MACS }),
});

test('a beat on the wire, byte for byte', () => {
  expect(Buffer.from(encodeBeat(BEAT)).toString('hex')).toBe(
    '41525042 04 01 0064 00112233445566ff 00000007 02 00 6e31'.replaceAll(' ', ''),
  );
  expect(Buffer.from(encodeBeat({ ...BEAT, spreads: true, macs: MACS })).toString('hex')).toBe(
    '41525042 04 11 0064 00112233445566ff 00000007 02 02 6e31 020000000001 fffffffefffd'.replaceAll(' ', ''),
  );
});

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(beats, (beat) => {
      expect(decodeBeat(encodeBeat(beat))).toEqual(beat);
    }),
  );
});

describe('no beat', () => {
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = encodeBeat(BEAT);
    bytes[at] = value;
    return bytes;
  };
  test.each([
    ['is empty', new Uint8Array()],
    ['has another magic', changed(0, 0)],
    ['is of an earlier version', changed(4, 1)],
    ['is of a later version', changed(4, 5)],
    ['has a flag that this version does not know', changed(5, 32)],
    ['comes every 0 ms', changed(7, 0)],
    ['has the sequence 0', changed(19, 0)],
    ['says its name is shorter', changed(20, 1)],
    ['says its name is longer', changed(20, 3)],
    ['has no name', encodeBeat(BEAT).subarray(0, 22)],
    ['has a name with a line break', changed(22, 0x0a)],
    ['has a name beyond ASCII', changed(23, 0xe9)],
    ['says that it has a MAC, and has none', changed(21, 1)],
    ['says that it has more MACs than any', changed(21, 255)],
    ['goes on behind its name', Uint8Array.of(...encodeBeat(BEAT), 0)],
  ])('%s', (_, bytes) => {
    expect(decodeBeat(bytes)).toBeUndefined();
  });

  test('is any beginning of one', () => {
    const bytes = encodeBeat({ ...BEAT, node: 'node-with-a-name', macs: MACS });
    for (let length = 0; length < bytes.length; length++) expect(decodeBeat(bytes.subarray(0, length))).toBeUndefined();
  });
});

test('any bytes are a beat that encodes to the same bytes, or none', () => {
  const nearly = fc.tuple(beats, fc.nat(700), fc.nat(255)).map(([beat, at, value]) => {
    const bytes = encodeBeat(beat);
    if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), nearly), (bytes) => {
      const beat = decodeBeat(bytes);
      if (beat !== undefined) expect([...encodeBeat(beat)]).toEqual([...bytes]);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['n1', true],
  ['node-1.example.org', true],
  ['', false],
  ['-n1', false],
  ['n 1', false],
  ['nöde', false],
  ['n'.repeat(253), true],
  ['n'.repeat(254), false],
])('%j names a node: %s', (text, is) => {
  expect(isNodeName(text)).toBe(is);
});

test.each([
  ['a name', { node: 'n 1' }],
  ['a boot id', { bootId: '1' }],
  ['a sequence', { sequence: 0x100000000 }],
  ['an interval', { intervalMs: 0 }],
  ['a list of MACs', { macs: Array.from({ length: 65 }, () => ({ high: 0, low: 1 })) }],
])('encoding %s out of bounds is a bug', (_, change) => {
  expect(() => encodeBeat({ ...BEAT, ...change })).toThrow(RangeError);
});

test.each<[string, Uint8Array, number | undefined]>([
  ['a beat', encodeBeat(BEAT), BEAT_VERSION],
  ['one of another version', Uint8Array.of(0x41, 0x52, 0x50, 0x42, 9), 9],
  ['what is cut before the version', Uint8Array.of(0x41, 0x52, 0x50, 0x42), undefined],
  ['something else', Uint8Array.of(0x41, 0x52, 0x50, 0x4c, 1), undefined],
  ['nothing', new Uint8Array(), undefined],
])('the version of %s', (_, bytes, version) => {
  expect(beatVersion(bytes)).toBe(version);
});
