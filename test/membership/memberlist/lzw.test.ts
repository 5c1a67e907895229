import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflateLzw, inflateLzw } from '../../../src/membership/memberlist/lzw.js';
import { generator } from '../../support/random.js';
import { ascii, mutated, NOTHING } from './samples.js';

const [CLEAR, END] = [256, 257];
const MIB = 1 << 20;

/** Codes as bytes, each as wide as a reader expects it. */
function pack(codes: readonly number[]): Uint8Array {
  let [width, highest, bits] = [9, END, ''];
  for (const code of codes) {
    bits = code.toString(2).padStart(width, '0') + bits;
    if (code === CLEAR) [width, highest] = [9, END];
    else if (++highest === 1 << width) [width, highest] = width === 12 ? [12, highest - 1] : [width + 1, highest];
  }
  const padded = bits.padStart(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2)).reverse();
}

const letters = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => 97 + (i % 26));

/** Of letters: the code 4095, which the 3,839th defines. */
const LAST_DEFINED = letters(3839).slice(-2);

describe('codes inflate', () => {
  test.each<[string, readonly number[], Uint8Array]>([
    ['that begin with a clear', [CLEAR, 65, END], ascii('A')],
    ['that do not, as older peers write', [65, END], ascii('A')],
    ['of nothing', [END], NOTHING],
    ['by what the one before defined', [65, 66, 258, END], ascii('ABAB')],
    ['by what they define themselves', [65, 258, 259, END], ascii('AAAAAA')],
    ['that clear in between', [65, 66, CLEAR, 67, 68, 258, END], ascii('ABCDCD')],
    ['that clear twice', [65, CLEAR, CLEAR, 66, END], ascii('AB')],
    ['of every width', [...letters(4000), END], Uint8Array.from(letters(4000))],
    [
      'of a table that is full and stays so',
      [...letters(5000), 4095, 4095, END],
      Uint8Array.from([...letters(5000), ...LAST_DEFINED, ...LAST_DEFINED]),
    ],
    ['whatever follows their end', [65, END, 66, 511], ascii('A')],
  ])('%s', (_, codes, inflated) => {
    expect(inflateLzw(pack(codes), MIB)).toEqual(inflated);
  });
});

describe('codes do not inflate', () => {
  test.each([
    ['that begin with one not defined', [258, END], 'malformed'],
    ['of which one is beyond the next', [65, 66, 260, END], 'malformed'],
    ['of which one was defined before a clear', [65, 66, 67, CLEAR, 258, END], 'malformed'],
    ['without an end', [65, 66], 'truncated'],
    ['of nothing at all', [], 'truncated'],
  ])('%s', (_, codes, reason) => {
    expect(inflateLzw(pack(codes), MIB)).toBe(reason);
  });

  test('to a byte more than may be', () => {
    const bytes = deflateLzw(new Uint8Array(1000));
    expect(inflateLzw(bytes, 1000)).toEqual(new Uint8Array(1000));
    expect(inflateLzw(bytes, 999)).toBe('too-large');
    expect(inflateLzw(deflateLzw(new Uint8Array(4 * MIB)), MIB)).toBe('too-large');
  });
});

describe('what was deflated inflates to the same', () => {
  const small = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(fc.constantFrom(0, 1, 255), { maxLength: 5000 }).map((values) => Uint8Array.from(values)),
  );

  test('whatever it is', () => {
    fc.assert(
      fc.property(small, (whole) => {
        expect(inflateLzw(deflateLzw(whole), whole.length)).toEqual(whole);
      }),
    );
  });

  test('however often the table is full', () => {
    const random = generator(7);
    const whole = Uint8Array.from({ length: 300_000 }, (_, i) => (i % 1000 < 500 ? i % 7 : random() * 256));
    expect(inflateLzw(deflateLzw(whole), whole.length)).toEqual(whole);
  });

  test('and what was changed then, to no more than may be, or not at all', () => {
    fc.assert(
      fc.property(mutated(small.map(deflateLzw)), (bytes) => {
        const inflated = inflateLzw(bytes, 3000);
        expect(typeof inflated === 'string' || inflated.length <= 3000).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
