/** What the reference (hashicorp/memberlist 0.5.1) wrote, byte for byte, in both directions. Each vector is read and written here. */
import { describe, expect, test } from 'vitest';
import { compress, decompress } from '../../../src/membership/memberlist/compress.js';
import type { PacketMessage, StreamMessage } from '../../../src/membership/memberlist/message.js';
import { type OpenedPacket, openPacket, type PacketSealing, sealPacket } from '../../../src/membership/memberlist/packet.js';
import { type Key, keyOfPassphrase } from '../../../src/membership/memberlist/seal.js';
import { StreamReader, type StreamSealing, sealStream } from '../../../src/membership/memberlist/stream.js';
import vectors from '../../fixtures/memberlist/vectors.json' with { type: 'json' };
import {
  A_ADDRESS,
  ALIVE,
  ascii,
  B_ADDRESS,
  fromHex,
  KEY,
  NONCE,
  NOTHING,
  PING,
  PUSH_PULL,
  SEALING,
  SUSPECT,
  toHex,
} from './samples.js';

const A_SOURCE = { address: A_ADDRESS, port: 7946, node: 'node-a' };
/** What the vectors of single messages say. */
const SAID = {
  ping_min: PING,
  ping_full: { kind: 'ping', seqNo: 42, node: 'node-b', source: A_SOURCE },
  ping_bigseq: {
    kind: 'ping',
    seqNo: 70_000,
    node: 'node-b',
    source: { ...A_SOURCE, address: fromHex('00000000000000000000ffff0a000001') },
  },
  indirect: {
    kind: 'indirect-ping',
    seqNo: 43,
    node: 'node-b',
    target: { address: B_ADDRESS, port: 7946 },
    nack: true,
    source: A_SOURCE,
  },
  indirect_min: {
    kind: 'indirect-ping',
    seqNo: 43,
    node: 'node-b',
    target: { address: B_ADDRESS, port: 7946 },
    nack: false,
  },
  ack_nil: { kind: 'ack', seqNo: 42, payload: NOTHING },
  ack_payload: { kind: 'ack', seqNo: 300, payload: Uint8Array.of(1, 2, 3) },
  nack: { kind: 'nack', seqNo: 43 },
  suspect: SUSPECT,
  dead: { kind: 'dead', node: 'node-b', incarnation: 3, from: 'node-a' },
  leave: { kind: 'dead', node: 'node-a', incarnation: 1, from: 'node-a' },
  alive: { ...ALIVE, meta: ascii('zone=a') },
  alive_nilmeta: ALIVE,
  alive_meta40: { ...ALIVE, meta: ascii('a'.repeat(40)) },
  alive_longname: {
    ...ALIVE,
    incarnation: 200,
    node: 'a-rather-long-kubernetes-node-name-01.example.internal',
  },
  user: { kind: 'user', body: ascii('hi') },
} as const satisfies Readonly<Record<string, PacketMessage>>;

const PLAIN: PacketSealing = { label: '', compress: false, crc: false };
const METALLB_KEY: Key = keyOfPassphrase(ascii('secret')) ?? KEY;

const open = (hex: string, label = '', keys: readonly Key[] = []): OpenedPacket => openPacket(fromHex(hex), { label, keys });

describe('a packet', () => {
  test.each<[keyof typeof vectors, readonly PacketMessage[], Partial<PacketSealing>]>([
    ...Object.entries(SAID).map(([name, message]): [keyof typeof vectors, readonly PacketMessage[], Partial<PacketSealing>] => [
      name as keyof typeof SAID,
      [message],
      {},
    ]),
    ['compound', [SAID.ping_full, SAID.suspect], {}],
    ['crc_suspect', [SAID.suspect], { crc: true }],
    ['enc_v1', [SAID.ping_min], { sealing: SEALING }],
    ['enc_v0', [SAID.ping_min], { sealing: { ...SEALING, version: 0 } }],
    ['enc_v1_label', [SAID.ping_min], { sealing: SEALING, label: 'lab' }],
    ['enc_metallb', [SAID.ping_min], { sealing: { key: METALLB_KEY, nonce: NONCE } }],
    ['crc_suspect_enc_metallb', [SAID.suspect], { crc: true, sealing: { key: METALLB_KEY, nonce: NONCE } }],
  ])('%s', (name, messages, options) => {
    const sealing = { ...PLAIN, ...options };
    expect(toHex(sealPacket(messages, sealing))).toBe(vectors[name]);
    const keys = sealing.sealing === undefined ? [] : [sealing.sealing.key];
    expect(open(vectors[name], sealing.label, keys)).toEqual({ messages, drops: [] });
  });

  test('ack_emptypayload: an empty payload is none, and is written as the reference writes none', () => {
    expect(open(vectors.ack_emptypayload)).toEqual({ messages: [{ ...SAID.ack_nil, seqNo: 300 }], drops: [] });
  });
});

describe('a stream', () => {
  const [first, second] = PUSH_PULL.nodes;
  test.each<[keyof typeof vectors, StreamMessage, Partial<StreamSealing>]>([
    ['ping_full', SAID.ping_full, {}],
    ['ack_nil', SAID.ack_nil, {}],
    ['err', { kind: 'error', error: 'boom' }, {}],
    ['pushpull_full', PUSH_PULL, {}],
    ['pushpull_full_stream_metallb', PUSH_PULL, { sealing: { key: METALLB_KEY, nonce: NONCE } }],
    ['enc_stream', SAID.ping_min, { sealing: SEALING }],
    ['enc_stream_label', SAID.ping_min, { sealing: SEALING, label: 'lab' }],
    ['compress_ping', SAID.ping_full, { compress: true }],
  ])('%s', (name, message, options) => {
    const sealing: StreamSealing = { role: 'responder', label: '', compress: false, ...options };
    expect(toHex(sealStream(message, sealing))).toBe(vectors[name]);
    const keys = sealing.sealing === undefined ? [] : [sealing.sealing.key];
    const reader = new StreamReader({ from: 'responder', label: sealing.label, keys });
    expect(reader.push(fromHex(vectors[name]))).toEqual({ kind: 'message', message, drops: [] });
  });

  test.each<[keyof typeof vectors, StreamMessage, 'begin' | 'end']>([
    ['pphdr', PUSH_PULL, 'begin'],
    ['pphdr_300_200', { ...PUSH_PULL, join: false, nodes: Array(300).fill(first), userState: new Uint8Array(200) }, 'begin'],
    ['pns', { ...PUSH_PULL, nodes: first === undefined ? [] : [first] }, 'end'],
    ['pns2', { ...PUSH_PULL, nodes: second === undefined ? [] : [second] }, 'end'],
    ['userhdr', { kind: 'user', body: ascii('hello') }, 'begin'],
  ])('%s is part of one', (name, message, where) => {
    const written = toHex(sealStream(message, { role: 'responder', label: '', compress: false }));
    expect(where === 'begin' ? written.startsWith(vectors[name]) : written.endsWith(vectors[name])).toBe(true);
    const reader = new StreamReader({ from: 'responder', label: '', keys: [] });
    expect(reader.push(fromHex(written))).toEqual({ kind: 'message', message, drops: [] });
  });
});

describe('a compressed message', () => {
  test.each([
    ['compress_one', ascii('A')],
    ['compress_tobe', ascii('TOBEORNOTTOBEORTOBEORNOT')],
    ['compress180', ascii('abc'.repeat(60))],
    ['compress_ping', fromHex(vectors.ping_full)],
  ] as const)('%s', (name, message) => {
    expect(toHex(compress(message))).toBe(vectors[name]);
    expect(decompress(fromHex(vectors[name]).subarray(1), 1000)).toEqual(message);
  });

  test('compress_empty: of nothing, which is no message', () => {
    expect(toHex(compress(new Uint8Array()))).toBe(vectors.compress_empty);
    expect(decompress(fromHex(vectors.compress_empty).subarray(1), 1000)).toBe('malformed');
  });
});

test.each([
  ['metallbkey_secret', 'secret'],
  ['metallbkey_AAAAAAAAAAAAAAAAAAAAAA', 'A'.repeat(22)],
  ['metallbkey_0123456789012345678901234567890123456789', '0123456789'.repeat(4)],
] as const)('%s', (name, passphrase) => {
  expect(toHex(keyOfPassphrase(ascii(passphrase)) ?? KEY)).toBe(vectors[name]);
});
