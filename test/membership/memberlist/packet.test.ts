import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinCompound } from '../../../src/membership/memberlist/compound.js';
import { compress } from '../../../src/membership/memberlist/compress.js';
import { addCrc } from '../../../src/membership/memberlist/crc.js';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import { addLabel } from '../../../src/membership/memberlist/label.js';
import type { PacketMessage } from '../../../src/membership/memberlist/message.js';
import {
  encodePacketMessage,
  openPacket,
  type PacketOpening,
  type PacketSealing,
  sealPacket,
} from '../../../src/membership/memberlist/packet.js';
import { NONCE_LENGTH, seal } from '../../../src/membership/memberlist/seal.js';
import {
  ALIVE,
  ascii,
  fromHex,
  KEY,
  mutated,
  NONCE,
  NOTHING,
  OTHER_KEY,
  PING,
  packetMessages,
  SEALING,
  SUSPECT,
} from './samples.js';

const OPEN: PacketOpening = { label: '', keys: [] };
const PLAIN: PacketSealing = { label: '', compress: false, crc: false };

const [ping, suspect] = [encodePacketMessage(PING), encodePacketMessage(SUSPECT)];
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const behind = (type: number, body: Uint8Array): Uint8Array => bytes(type, ...body);
const nested = (depth: number): Uint8Array => (depth === 0 ? ping : joinCompound([nested(depth - 1)]));
const changed = (whole: Uint8Array, at: number): Uint8Array => whole.map((byte, i) => (i === at ? byte ^ 1 : byte));
/** An alive of node-a with these fields instead of its own. */
const alive = ({ name = 'a66e6f64652d61', address = 'a40a000001', meta = 'c0', vsn = 'a6010502000000' }): Uint8Array =>
  fromHex(
    `04 86 a441646472 ${address} ab496e6361726e6174696f6e 01 a44d657461 ${meta} a44e6f6465 ${name} a4506f7274 cd1f0a a356736e ${vsn}`,
  );

describe('a packet is heard that', () => {
  test.each<[string, Uint8Array, Partial<PacketOpening>, readonly PacketMessage[]]>([
    ['is bare', ping, {}, [PING]],
    ['has bytes behind its message', bytes(...ping, 0xff), {}, [PING]],
    ['has a CRC', addCrc(ping), {}, [PING]],
    ['is a compound', joinCompound([ping, suspect]), {}, [PING, SUSPECT]],
    ['is compressed', compress(ping), {}, [PING]],
    ['is a compressed compound', compress(joinCompound([ping, suspect])), {}, [PING, SUSPECT]],
    ['is a compound of compressed ones', joinCompound([compress(ping), compress(suspect)]), {}, [PING, SUSPECT]],
    ['has a CRC before a compressed one', addCrc(compress(ping)), {}, [PING]],
    ['has as many layers as may be', nested(4), {}, [PING]],
    ['has our label', addLabel('lab', ping), { label: 'lab' }, [PING]],
    ['has the longest label', addLabel('x'.repeat(255), ping), { label: 'x'.repeat(255) }, [PING]],
    ['is sealed', seal(ping, NOTHING, SEALING), { keys: [KEY] }, [PING]],
    ['is sealed with our second key', seal(ping, NOTHING, SEALING), { keys: [OTHER_KEY, KEY] }, [PING]],
    ['is sealed in version 0', seal(ping, NOTHING, { ...SEALING, version: 0 }), { keys: [KEY] }, [PING]],
    ['is not sealed where that is allowed', ping, { keys: [KEY], acceptPlaintext: true }, [PING]],
    ['is a user message of nothing', bytes(8), {}, [{ kind: 'user', body: NOTHING }]],
    [
      'tells of an address of 16 bytes',
      alive({ address: `b0 ${'0a'.repeat(16)}` }),
      {},
      [{ ...ALIVE, address: new Uint8Array(16).fill(10) }],
    ],
    [
      'has a source of an address alone',
      fromHex('00 82 a55365714e6f 01 aa536f7572636541646472 a40a000001'),
      {},
      [{ ...PING, node: '' }],
    ],
  ])('%s', (_, packet, opening, messages) => {
    expect(openPacket(packet, { ...OPEN, ...opening })).toEqual({ messages, drops: [] });
  });
});

describe('a packet is dropped that', () => {
  test.each<[string, Uint8Array, Partial<PacketOpening>, DropReason]>([
    ['is empty', NOTHING, {}, 'truncated'],
    ['has no body', bytes(0), {}, 'truncated'],
    ['is cut', ping.subarray(0, -1), {}, 'truncated'],
    ['is no struct', bytes(0, 1), {}, 'malformed'],
    ['has an unknown type', behind(99, ping.subarray(1)), {}, 'unknown-type'],
    ['is a push-pull', fromHex('06 83 a44a6f696e c3 a54e6f646573 00 ac5573657253746174654c656e 00'), {}, 'unknown-type'],
    ['is an error', fromHex('0d 81 a54572726f72 a4626f6f6d'), {}, 'unknown-type'],
    ['is an encrypted stream', behind(10, ping), {}, 'unknown-type'],
    ['has a label where we have none', addLabel('lab', ping), {}, 'label-mismatch'],
    ['has no label where we have one', ping, { label: 'lab' }, 'label-mismatch'],
    ['has another label', addLabel('lac', ping), { label: 'lab' }, 'label-mismatch'],
    ['has two labels', addLabel('lab', addLabel('lab', ping)), { label: 'lab' }, 'unknown-type'],
    ['has a label of no length', bytes(244, 0, ...ping), {}, 'malformed'],
    ['ends before the length of its label', bytes(244), {}, 'truncated'],
    ['ends in its label', bytes(244, 3, 0x6c, 0x61), { label: 'lab' }, 'truncated'],
    ['has nothing behind its label', addLabel('lab', NOTHING), { label: 'lab' }, 'truncated'],
    ['has a wrong CRC', changed(addCrc(ping), 1), {}, 'bad-crc'],
    ['has a byte changed behind its CRC', changed(addCrc(ping), 9), {}, 'bad-crc'],
    ['ends in its CRC', addCrc(ping).subarray(0, 4), {}, 'truncated'],
    ['has nothing behind its CRC', addCrc(NOTHING), {}, 'truncated'],
    ['has a CRC behind a CRC', addCrc(addCrc(ping)), {}, 'unknown-type'],
    ['has a CRC in what is compressed', compress(addCrc(ping)), {}, 'unknown-type'],
    ['is not sealed', ping, { keys: [KEY] }, 'not-decrypted'],
    ['is sealed with a key not ours', seal(ping, NOTHING, SEALING), { keys: [OTHER_KEY] }, 'not-decrypted'],
    ['is sealed with a key of another length', seal(ping, NOTHING, SEALING), { keys: [new Uint8Array(32)] }, 'not-decrypted'],
    ['is sealed where we have no key', seal(ping, NOTHING, SEALING), {}, 'malformed'],
    ['is sealed in version 2', seal(ping, NOTHING, SEALING).with(0, 2), { keys: [KEY] }, 'not-decrypted'],
    ['is too short for a seal', seal(NOTHING, NOTHING, SEALING).subarray(0, 28), { keys: [KEY] }, 'not-decrypted'],
    ['seals nothing', seal(NOTHING, NOTHING, SEALING), { keys: [KEY] }, 'truncated'],
    ['has a byte changed in its seal', changed(seal(ping, NOTHING, SEALING), 20), { keys: [KEY] }, 'not-decrypted'],
    [
      'has a label that its seal does not cover',
      addLabel('lab', seal(ping, NOTHING, SEALING)),
      { label: 'lab', keys: [KEY] },
      'not-decrypted',
    ],
    ['has more layers than may be', nested(5), {}, 'too-deep'],
    ['is a compound without a count', bytes(7), {}, 'truncated'],
    ['is a compound that ends in its lengths', bytes(7, 2, 0, 1, 0), {}, 'truncated'],
    ['is compressed by another algorithm', fromHex('09 82 a4416c676f 01 a3427566 a400830404'), {}, 'unknown-compression'],
    ['is compressed from nothing', fromHex('09 82 a4416c676f 00 a3427566 a3000302'), {}, 'malformed'],
    ['is compressed, and cut', fromHex('09 82 a4416c676f 00 a3427566 a3008304'), {}, 'truncated'],
    ['inflates to more than may be', compress(new Uint8Array(1001)), { maxInflated: 1000 }, 'too-large'],
    ['inflates, by layers, to more than may be', compress(compress(new Uint8Array(960))), { maxInflated: 1000 }, 'too-large'],
    ['tells of a node without versions', alive({ vsn: 'c0' }), {}, 'bad-versions'],
    ['tells of a node with one version', alive({ vsn: 'a101' }), {}, 'bad-versions'],
    ['tells of a node with five versions', alive({ vsn: 'a50105020000' }), {}, 'bad-versions'],
    ['tells of a node with seven versions', alive({ vsn: 'a701050200000000' }), {}, 'bad-versions'],
    ['tells of a node without a name', alive({ name: 'a0' }), {}, 'malformed'],
    ['tells of an address of no length', alive({ address: 'c0' }), {}, 'malformed'],
    ['tells of an address of five bytes', alive({ address: 'a50a00000100' }), {}, 'malformed'],
    ['tells of more meta than may be', alive({ meta: `da0201 ${'00'.repeat(513)}` }), {}, 'too-large'],
    ['tells of a longer name than may be', alive({ name: `da0201 ${'61'.repeat(513)}` }), {}, 'too-large'],
    ['accuses in a longer name than may be', encodePacketMessage({ ...SUSPECT, from: 'a'.repeat(513) }), {}, 'too-large'],
    ['inflates to more than fits a datagram', compress(new Uint8Array(65_537)), {}, 'too-large'],
    ['asks to ping what has no address', fromHex('01 81 a55365714e6f 01'), {}, 'malformed'],
  ])('%s', (_, packet, opening, reason) => {
    expect(openPacket(packet, { ...OPEN, ...opening })).toEqual({ messages: [], drops: [reason] });
  });
});

describe('a packet is heard in part that', () => {
  test.each<[string, Uint8Array, readonly PacketMessage[], readonly DropReason[]]>([
    ['has an unknown message between others', joinCompound([ping, bytes(99), suspect]), [PING, SUSPECT], ['unknown-type']],
    ['has an empty message between others', joinCompound([ping, NOTHING, suspect]), [PING, SUSPECT], ['truncated']],
    ['is cut in its last message', joinCompound([ping, suspect, suspect]).subarray(0, -1), [PING, SUSPECT], ['truncated']],
    [
      'is cut in its second',
      joinCompound([ping, suspect, suspect]).subarray(0, 2 + 6 + ping.length),
      [PING],
      ['truncated', 'truncated'],
    ],
    ['has a CRC between others', joinCompound([ping, addCrc(suspect)]), [PING], ['unknown-type']],
    ['has bytes behind its last message', bytes(...joinCompound([ping, suspect]), 1, 2), [PING, SUSPECT], []],
    ['is a compound of nothing', bytes(7, 0), [], []],
  ])('%s', (_, packet, messages, drops) => {
    expect(openPacket(packet, OPEN)).toEqual({ messages, drops });
  });
});

test('the bytes of a packet may change after it was opened', () => {
  const packet = encodePacketMessage({ ...ALIVE, meta: ascii('zone=a') });
  const { messages } = openPacket(packet, OPEN);
  packet.fill(0);
  expect(messages).toEqual([{ ...ALIVE, meta: ascii('zone=a') }]);
});

test('compound parts that inflate share what may be inflated', () => {
  const part = compress(Uint8Array.from([8, ...new Uint8Array(599)]));
  const { messages, drops } = openPacket(joinCompound([part, part, part]), { ...OPEN, maxInflated: 1000 });
  expect(messages).toHaveLength(1);
  expect(drops).toEqual(['too-large', 'too-large']);
});

describe('a packet is written', () => {
  test('compressed if that is strictly shorter', () => {
    const long: PacketMessage = { kind: 'user', body: new Uint8Array(500) };
    expect(sealPacket([long], { ...PLAIN, compress: true })).toEqual(compress(encodePacketMessage(long)));
    expect(sealPacket([PING], { ...PLAIN, compress: true })).toEqual(ping);
  });

  test('compressed, then with its CRC, then sealed, then with its label', () => {
    const long: PacketMessage = { kind: 'user', body: new Uint8Array(500) };
    const packet = sealPacket([long], { label: 'lab', compress: true, crc: true, sealing: SEALING });
    expect(packet).toEqual(addLabel('lab', seal(addCrc(compress(encodePacketMessage(long))), ascii('lab'), SEALING)));
  });

  test.each<[string, readonly PacketMessage[], Partial<PacketSealing>]>([
    ['of nothing', [], {}],
    ['of 256 messages', Array.from({ length: 256 }, () => PING), {}],
    ['of a message too long for a compound', [PING, { kind: 'user', body: new Uint8Array(65_535) }], {}],
    ['with a label of 256 bytes', [PING], { label: 'x'.repeat(256) }],
    ['with a key of 15 bytes', [PING], { sealing: { key: new Uint8Array(15), nonce: NONCE } }],
    ['with a nonce of 11 bytes', [PING], { sealing: { key: KEY, nonce: new Uint8Array(NONCE_LENGTH - 1) } }],
  ])('%s never: it is a bug', (_, messages, options) => {
    expect(() => sealPacket(messages, { ...PLAIN, ...options })).toThrow(RangeError);
  });
});

const labels = fc.constantFrom('', 'lab', '\xff\x00');
const keys = fc.constantFrom(16, 24, 32).map((length) => new Uint8Array(length).fill(length));
const sealings = fc.option(fc.record({ key: keys, nonce: fc.constant(NONCE), version: fc.constantFrom(0, 1) }), {
  nil: undefined,
});
const packets = fc
  .tuple(fc.array(packetMessages, { minLength: 1, maxLength: 6 }), labels, fc.boolean(), fc.boolean(), sealings)
  .map(([messages, label, compressed, crc, sealing]) => {
    const options = { label, compress: compressed, crc, ...(sealing === undefined ? {} : { sealing }) };
    return {
      messages,
      label,
      keys: sealing === undefined ? [] : [OTHER_KEY, sealing.key],
      packet: sealPacket(messages, options),
    };
  });

test('what is sealed is opened', () => {
  fc.assert(
    fc.property(packets, ({ messages, packet, ...opening }) => {
      expect(openPacket(packet, opening)).toEqual({ messages, drops: [] });
    }),
    { numRuns: 300 },
  );
});

test('any bytes are messages that can be sealed and opened again, or are dropped for a reason', () => {
  const plain = packets.filter((one) => one.keys.length === 0 && one.label === '').map(({ packet }) => packet);
  const layered = packets.map(({ packet }) => compress(packet));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated(plain), mutated(layered)), (packet) => {
      const { messages, drops } = openPacket(packet, OPEN);
      // Only a compound of no parts holds neither.
      if (messages.length + drops.length === 0) expect([...packet]).toContain(0);
      for (const message of messages)
        expect(openPacket(sealPacket([message], PLAIN), OPEN)).toEqual({ messages: [message], drops: [] });
    }),
    { numRuns: 1000 },
  );
});

test('no byte of a sealed packet can be changed', () => {
  const packet = sealPacket([PING], { ...PLAIN, sealing: SEALING });
  for (let at = 0; at < packet.length; at++)
    expect(openPacket(changed(packet, at), { label: '', keys: [KEY] })).toEqual({ messages: [], drops: ['not-decrypted'] });
});
