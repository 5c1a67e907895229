/** How tolerant the reading of a struct is: each row is a form that the reference reads, or refuses. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeStruct, encodeStruct, type Schema } from '../../../src/membership/memberlist/msgpack.js';
import { isWhole, scanFrom, scanOn } from '../../../src/membership/memberlist/value.js';
import { ascii, fromHex, mutated, NOTHING, toHex } from './samples.js';

const ALL = { Count: 'u32', Name: 'text', Port: 'u16', Data: 'bytes', Nack: 'bool', State: 'i32', Algo: 'u8' } as const;
const ZERO = { Count: 0, Name: '', Port: 0, Data: NOTHING, Nack: false, State: 0, Algo: 0 };

const key = (name: string): string => toHex(Uint8Array.of(0xa0 | name.length)) + toHex(ascii(name));
const [COUNT, NAME, PORT, DATA, NACK, STATE, ALGO] = ['Count', 'Name', 'Port', 'Data', 'Nack', 'State', 'Algo'].map(key);

describe('a struct is read that has', () => {
  test.each<[string, string, object]>([
    ['no field', '80', {}],
    ['any order of keys', `82 ${NAME} a161 ${COUNT} 07`, { Count: 7, Name: 'a' }],
    ['the other order', `82 ${COUNT} 07 ${NAME} a161`, { Count: 7, Name: 'a' }],
    ['an unknown key', `82 a178 93 01 81 a179 02 c0 ${COUNT} 07`, { Count: 7 }],
    ['an unknown float', `82 a178 cb 3ff0000000000000 ${COUNT} 07`, { Count: 7 }],
    ['an unknown extension', `82 a178 c7 02 05 0000 ${COUNT} 07`, { Count: 7 }],
    ['an unknown extension of fixed length', `82 a178 d6 05 00000000 ${COUNT} 07`, { Count: 7 }],
    ["a key that is an object's own", `82 a9 ${toHex(ascii('__proto__'))} 01 ${COUNT} 07`, { Count: 7 }],
    ['one key twice', `82 ${COUNT} 06 ${COUNT} 07`, { Count: 7 }],
    ['bytes behind it', `81 ${COUNT} 07 ffff`, { Count: 7 }],
    ['a key as str8', `81 d9 05 ${toHex(ascii('Count'))} 07`, { Count: 7 }],
    ['a key as bin8', `81 c4 05 ${toHex(ascii('Count'))} 07`, { Count: 7 }],
    ['a text as str8', `81 ${NAME} d9 02 6162`, { Name: 'ab' }],
    ['a text as bin8', `81 ${NAME} c4 02 6162`, { Name: 'ab' }],
    ['a text as bin16', `81 ${NAME} c5 0002 6162`, { Name: 'ab' }],
    ['bytes as bin8', `81 ${DATA} c4 02 6162`, { Data: ascii('ab') }],
    ['bytes as bin32', `81 ${DATA} c6 00000002 6162`, { Data: ascii('ab') }],
    ['bytes as raw16', `81 ${DATA} da 0002 6162`, { Data: ascii('ab') }],
    ['bytes as raw32', `81 ${DATA} db 00000002 6162`, { Data: ascii('ab') }],
    ['bytes as an array of small ints', `81 ${DATA} 93 01 cc ff d1 0002`, { Data: Uint8Array.of(1, 255, 2) }],
    ['bytes as an array16', `81 ${DATA} dc 0001 07`, { Data: Uint8Array.of(7) }],
    ['a text that is no UTF-8', `81 ${NAME} a2 ff c3`, { Name: '\xff\xc3' }],
    ['a map16 as its header', `de 0001 ${COUNT} 07`, { Count: 7 }],
    ['a map32 as its header', `df 00000001 ${COUNT} 07`, { Count: 7 }],
    ['a u8 wider than needed', `81 ${COUNT} cc 07`, { Count: 7 }],
    ['a u16 wider than needed', `81 ${COUNT} cd 0007`, { Count: 7 }],
    ['a u32 wider than needed', `81 ${COUNT} ce 00000007`, { Count: 7 }],
    ['a u64 wider than needed', `81 ${COUNT} cf 0000000000000007`, { Count: 7 }],
    ['an int8 for an unsigned', `81 ${COUNT} d0 07`, { Count: 7 }],
    ['an int16 for an unsigned', `81 ${COUNT} d1 0007`, { Count: 7 }],
    ['an int32 for an unsigned', `81 ${COUNT} d2 00000007`, { Count: 7 }],
    ['an int64 for an unsigned', `81 ${COUNT} d3 0000000000000007`, { Count: 7 }],
    ['an unsigned for a signed', `81 ${STATE} cc ff`, { State: 255 }],
    ['the greatest u32', `81 ${COUNT} ce ffffffff`, { Count: 0xffffffff }],
    ['nil for every field', `87 ${[COUNT, NAME, PORT, DATA, NACK, STATE, ALGO].map((name) => `${name} c0`).join('')}`, {}],
    [
      'its fields as an array',
      '97 07 a161 08 a162 c3 09 01',
      { Count: 7, Name: 'a', Port: 8, Data: ascii('b'), Nack: true, State: 9, Algo: 1 },
    ],
    ['the first of its fields as an array', '92 07 a161', { Count: 7, Name: 'a' }],
    ['more fields than we know as an array', '98 07 c0 c0 c0 c0 c0 c0 92 01 02', { Count: 7 }],
  ])('%s', (_, hex, values) => {
    expect(decodeStruct(ALL, fromHex(hex))).toEqual({ ...ZERO, ...values });
  });
});

describe('no struct', () => {
  test.each([
    ['is nothing', '', 'truncated'],
    ['is nil', 'c0', 'malformed'],
    ['is a text', 'a161', 'malformed'],
    ['has a negative for an unsigned', `81 ${COUNT} ff`, 'malformed'],
    ['has a negative int8 for an unsigned', `81 ${COUNT} d0 ff`, 'malformed'],
    ['has a negative int64 for an unsigned', `81 ${COUNT} d3 ffffffffffffffff`, 'malformed'],
    ['has more than 2^32 - 1 for a u32', `81 ${COUNT} cf 0000000100000000`, 'malformed'],
    ['has more than 65,535 for a u16', `81 ${PORT} ce 00010000`, 'malformed'],
    ['has more than 255 for a u8', `81 ${ALGO} cd 0100`, 'malformed'],
    ['has a negative count', `81 ${STATE} d1 ffff`, 'malformed'],
    ['has a float for an int', `81 ${COUNT} ca 3f800000`, 'malformed'],
    ['has a double for an int', `81 ${COUNT} cb 3ff0000000000000`, 'malformed'],
    ['has a text for an int', `81 ${COUNT} a137`, 'malformed'],
    ['has an int for a text', `81 ${NAME} 07`, 'malformed'],
    ['has an int for a bool', `81 ${NACK} 01`, 'malformed'],
    ['has a map for bytes', `81 ${DATA} 80`, 'malformed'],
    ['has an array of more than bytes for bytes', `81 ${DATA} 91 cd 0100`, 'malformed'],
    ['has an int for a key', '81 01 01', 'malformed'],
    ['has a reserved byte', `81 ${COUNT} c1`, 'malformed'],
    ['ends before its second field', `82 ${COUNT} 07`, 'truncated'],
    ['ends in a number', `81 ${COUNT} ce 0000`, 'truncated'],
    ['ends in a text', `81 ${NAME} a5 61`, 'truncated'],
    ['says that it has four thousand million fields', 'df ffffffff', 'truncated'],
    ['says that its bytes are four thousand million', `81 ${DATA} db ffffffff 00`, 'truncated'],
    ['says that its array has four thousand million items', `81 ${DATA} dd ffffffff 00`, 'truncated'],
  ])('%s', (_, hex, fault) => {
    expect(decodeStruct(ALL, fromHex(hex))).toBe(fault);
  });

  test('nests deeper than it is skipped', () => {
    const nested = new Uint8Array(200_000).fill(0x91);
    const struct = Uint8Array.from([0x81, 0xa1, 0x78, ...nested, 0xc0]);
    expect(decodeStruct(ALL, struct)).toEqual(ZERO);
  });
});

describe('a value is written as', () => {
  test.each<[string, Schema, object, string]>([
    ['a fixint', { A: 'u32' }, { A: 127 }, '81a141 7f'],
    ['a u8', { A: 'u32' }, { A: 128 }, '81a141 cc80'],
    ['a u16', { A: 'u32' }, { A: 256 }, '81a141 cd0100'],
    ['a u32', { A: 'u32' }, { A: 65_536 }, '81a141 ce00010000'],
    ['the greatest u32', { A: 'u32' }, { A: 0xffffffff }, '81a141 ceffffffff'],
    ['a fixint, signed', { A: 'i32' }, { A: 127 }, '81a141 7f'],
    ['an int16', { A: 'i32' }, { A: 200 }, '81a141 d100c8'],
    ['the greatest int16', { A: 'i32' }, { A: 32_767 }, '81a141 d17fff'],
    ['an int32', { A: 'i32' }, { A: 32_768 }, '81a141 d200008000'],
    ['false and true', { A: 'bool', B: 'bool' }, { A: false, B: true }, '82a141c2a142c3'],
    ['nil for no bytes', { A: 'bytes' }, { A: NOTHING }, '81a141c0'],
    ['an empty text', { A: 'text' }, { A: '' }, '81a141a0'],
    ['raw16 from 32 bytes', { A: 'text' }, { A: 'x'.repeat(32) }, `81a141 da0020 ${'78'.repeat(32)}`],
    ['raw32 from 65,536 bytes', { A: 'bytes' }, { A: new Uint8Array(65_536) }, `81a141 db00010000 ${'00'.repeat(65_536)}`],
    ['keys in byte order', { B: 'u8', A: 'u8', Ab: 'u8' }, { B: 1, A: 2, Ab: 3 }, '83a14102a2416203a14201'],
    ['nothing if it is not there', { A: 'u8', B: 'u8' }, { B: 1 }, '81a14201'],
  ])('%s', (_, schema, values, hex) => {
    expect(toHex(encodeStruct(schema, values))).toBe(hex.replaceAll(' ', ''));
  });

  test.each<[string, Schema, object]>([
    ['a u8 of 256', { A: 'u8' }, { A: 256 }],
    ['a u16 of 65,536', { A: 'u16' }, { A: 65_536 }],
    ['a u32 below 0', { A: 'u32' }, { A: -1 }],
    ['a u32 with a fraction', { A: 'u32' }, { A: 0.5 }],
    ['a signed from 2^31', { A: 'i32' }, { A: 0x80000000 }],
    ['a text beyond a byte a character', { A: 'text' }, { A: '→' }],
  ])('%s never: it is a bug', (_, schema, values) => {
    expect(() => encodeStruct(schema, values)).toThrow(RangeError);
  });
});

test('a value is scanned to the same end, however its bytes come', () => {
  const sound = fc.constantFrom(
    fromHex(`82 a178 93 01 81 a179 02 c0 ${COUNT} 07`),
    fromHex('97 07 a161 08 a162 c3 09 cf 0000000000000001'),
    fromHex(`82 ${NAME} d9 02 6162 ${DATA} da 0003 616263`),
  );
  fc.assert(
    fc.property(mutated(sound), (bytes) => {
      let scan: ReturnType<typeof scanOn> = scanFrom(0);
      for (let length = 0; length <= bytes.length && scan !== 'malformed'; length++) {
        const seen = bytes.subarray(0, length);
        if (isWhole(seen, scan)) break;
        scan = scanOn(seen, scan);
      }
      expect(scan).toEqual(scanOn(bytes, scanFrom(0)));
    }),
    { numRuns: 500 },
  );
});

test('any bytes are a struct of every field, or none', () => {
  fc.assert(
    fc.property(mutated(fc.oneof(fc.uint8Array(), fc.constant(fromHex(`82 ${NAME} d9 02 6162 ${DATA} 92 01 02`)))), (bytes) => {
      const values = decodeStruct(ALL, bytes);
      if (typeof values === 'object') expect(Object.keys(values)).toEqual(Object.keys(ALL));
    }),
    { numRuns: 500 },
  );
});
