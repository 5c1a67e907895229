import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressKey, ipv4, ipv6 } from '../../src/net/address.js';
import {
  decodeWord,
  encodeWord,
  isOfPresentLife,
  MOST_KEYS4,
  MOST_KEYS6,
  WORD_KINDS,
  type Word,
} from '../../src/ownership/word.js';

const four = fc.nat(0xffffffff).map((value) => addressKey(ipv4(value)));
const word32 = fc.nat(0xffffffff);
const six = fc.tuple(word32, word32, word32, word32).map((words) => addressKey(ipv6(words)));
const words = fc.record<Word>({
  kind: fc.constantFrom(...WORD_KINDS),
  node: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/),
  bootId: fc.stringMatching(/^[0-9a-f]{16}$/),
  number: fc.integer({ min: 1, max: 0xffffffff }),
  keys: fc
    .tuple(fc.array(four, { maxLength: MOST_KEYS4 }), fc.array(six, { maxLength: MOST_KEYS6 }))
    .map(([a, b]) => [...a, ...b]),
});

test('what is encoded is decoded, and fits a datagram', () => {
  fc.assert(
    fc.property(words, (word) => {
      const bytes = encodeWord(word);
      expect(bytes.length).toBeLessThan(1200);
      expect(decodeWord(bytes)).toEqual(word);
    }),
  );
});

test('a word on the wire, byte for byte', () => {
  const keys = [addressKey(ipv4(0xc0000201)), addressKey(ipv6([0x20010db8, 0, 0, 1]))];
  const bytes = encodeWord({ kind: 'take', node: 'n1', bootId: '00112233445566ff', number: 7, keys });
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '41525057 01 01 0000 00112233445566ff 00000007 02 00 0001 0001 6e31 c0000201 20010db8000000000000000000000001'.replaceAll(
      ' ',
      '',
    ),
  );
});

test('bytes that are cut, longer, changed or random never throw, and only exact ones are a word', () => {
  fc.assert(
    fc.property(words, fc.nat(1400), fc.nat(255), (word, at, value) => {
      const bytes = encodeWord(word);
      expect(decodeWord(bytes.subarray(0, at % bytes.length))).toBeUndefined();
      expect(decodeWord(Uint8Array.of(...bytes, value))).toBeUndefined();
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = value;
      const read = decodeWord(changed);
      // Only what its bytes say: written again it is the same.
      if (read !== undefined) expect(encodeWord(read)).toEqual(changed);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => {
      expect(decodeWord(bytes)).toBeUndefined();
    }),
  );
});

test.each<[string, Partial<Word>, boolean]>([
  ['is heard from the life that beats', {}, true],
  ['is not heard from another life, which may be an earlier one', { bootId: '00000000000000ff' }, false],
  ['is not heard from a node that does not beat', { node: 'n9' }, false],
  ['that was received is told with the boot id of whom it tells', { kind: 'received', bootId: '00000000000000ff' }, true],
])('a word %s', (_, differs, isHeard) => {
  const word: Word = { kind: 'claim', node: 'n2', bootId: '00000000000000bb', number: 1, keys: [], ...differs };
  expect(isOfPresentLife(word, new Map([['n2', { bootId: '00000000000000bb' }]]))).toBe(isHeard);
});
