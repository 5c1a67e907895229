import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/membership/memberlist/bytes.js';
import { compress } from '../../../src/membership/memberlist/compress.js';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import { addLabel } from '../../../src/membership/memberlist/label.js';
import type { NodeState, PushPull, StreamMessage } from '../../../src/membership/memberlist/message.js';
import {
  type StreamOpening,
  StreamReader,
  type StreamSealing,
  type StreamStep,
  sealStream,
} from '../../../src/membership/memberlist/stream.js';
import vectors from '../../fixtures/memberlist/vectors.json' with { type: 'json' };
import { ascii, fromHex, KEY, mutated, NONCE, OTHER_KEY, PING, PUSH_PULL, SEALING, streamMessages } from './samples.js';

const OPEN: StreamOpening = { from: 'initiator', label: '', keys: [] };
const PLAIN: StreamSealing = { role: 'initiator', label: '', compress: false };
const MORE: StreamStep = { kind: 'more' };

const written = (message: StreamMessage, options: Partial<StreamSealing> = {}): Uint8Array =>
  sealStream(message, { ...PLAIN, ...options });
const read = (bytes: Uint8Array, opening: Partial<StreamOpening> = {}): StreamStep =>
  new StreamReader({ ...OPEN, ...opening }).push(bytes);
const heard = (message: StreamMessage, ...drops: readonly DropReason[]): StreamStep => ({ kind: 'message', message, drops });

const header = (nodes: string, userState = '00'): string =>
  `06 83 a44a6f696e c2 a54e6f646573 ${nodes} ac5573657253746174654c656e ${userState}`;
/** Node-a twice, the first of them changed. */
const withOne = (change: (hex: string) => string): Uint8Array => fromHex(header('02') + change(vectors.pns) + vectors.pns);

const ALL_LAYERS: Partial<StreamSealing> = { label: 'lab', compress: true, sealing: SEALING };

const MANY: PushPull = { ...PUSH_PULL, nodes: Array.from({ length: 2048 }, () => PUSH_PULL.nodes).flat() };

describe('a stream is read that', () => {
  test.each<[string, Uint8Array, Partial<StreamOpening>, StreamMessage]>([
    ['is bare', written(PUSH_PULL), {}, PUSH_PULL],
    ['is compressed', written(PUSH_PULL, { compress: true }), {}, PUSH_PULL],
    ['is compressed without gain', written(PING, { compress: true }), {}, PING],
    ['is sealed', written(PUSH_PULL, { sealing: SEALING }), { keys: [KEY] }, PUSH_PULL],
    ['is sealed in version 0', written(PING, { sealing: { ...SEALING, version: 0 } }), { keys: [KEY] }, PING],
    ['is sealed with our second key', written(PING, { sealing: SEALING }), { keys: [OTHER_KEY, KEY] }, PING],
    ['is not sealed where that is allowed', written(PING), { keys: [KEY], acceptPlaintext: true }, PING],
    ['has our label', written(PING, { label: 'lab' }), { label: 'lab' }, PING],
    ['has all layers', written(PUSH_PULL, ALL_LAYERS), { label: 'lab', keys: [KEY] }, PUSH_PULL],
    [
      'answers in all layers',
      written(PING, { ...ALL_LAYERS, role: 'responder' }),
      { from: 'responder', label: 'lab', keys: [KEY] },
      PING,
    ],
    ['has bytes behind its message', concat(written(PING), ascii('more')), {}, PING],
    ['has bytes behind its message in what is compressed', compress(concat(written(PING), ascii('more'))), {}, PING],
    ['knows of nobody', written({ ...PUSH_PULL, nodes: [] }), {}, { ...PUSH_PULL, nodes: [] }],
    ['is as long as may be', written(PUSH_PULL), { maxBytes: written(PUSH_PULL).length }, PUSH_PULL],
    [
      'is as long as may be, sealed',
      written(PING, { sealing: SEALING }),
      { keys: [KEY], maxBytes: written(PING).length + 29 },
      PING,
    ],
    ['has as many nodes as may be', written(PUSH_PULL), { maxNodes: 2 }, PUSH_PULL],
    ['has thousands of nodes', written(MANY), {}, MANY],
  ])('%s', (_, bytes, opening, message) => {
    expect(read(bytes, opening)).toEqual(heard(message));
  });
});

describe('a stream is dropped that', () => {
  test.each<[string, Uint8Array, Partial<StreamOpening>, DropReason]>([
    ['begins with an unknown type', fromHex('63'), {}, 'unknown-type'],
    ['begins with a message of packets', fromHex('04 80'), {}, 'unknown-type'],
    ['begins with a CRC', fromHex('0c d0d40a0b 00'), {}, 'unknown-type'],
    ['has a label where we have none', written(PING, { label: 'lab' }), {}, 'label-mismatch'],
    ['has no label where we have one', written(PING), { label: 'lab' }, 'label-mismatch'],
    ['has another label', written(PING, { label: 'lac' }), { label: 'lab' }, 'label-mismatch'],
    ['has a label of no length', fromHex('f400'), {}, 'malformed'],
    ['answers with a label', written(PING, { label: 'lab' }), { from: 'responder', label: 'lab' }, 'unknown-type'],
    ['has a second label', addLabel('lab', written(PING, { label: 'lab' })), { label: 'lab' }, 'unknown-type'],
    ['is not sealed', written(PING), { keys: [KEY] }, 'not-decrypted'],
    ['is sealed where we have no key', written(PING, { sealing: SEALING }), {}, 'not-decrypted'],
    ['is sealed with a key not ours', written(PING, { sealing: SEALING }), { keys: [OTHER_KEY] }, 'not-decrypted'],
    [
      'is sealed for another label',
      written(PING, { ...ALL_LAYERS, role: 'responder' }),
      { from: 'responder', keys: [KEY] },
      'not-decrypted',
    ],
    ['says that its block is nothing', fromHex('0a 00000000'), { keys: [KEY] }, 'not-decrypted'],
    ['says that its block is larger than may be', fromHex('0a 00400001'), { keys: [KEY] }, 'too-large'],
    ['says that its block is four thousand million', fromHex('0a ffffffff'), { keys: [KEY] }, 'too-large'],
    ['is compressed twice', compress(compress(written(PING))), {}, 'unknown-type'],
    ['is compressed, and sealed in that', compress(written(PING, { sealing: SEALING })), {}, 'unknown-type'],
    [
      'inflates to more than may be',
      written({ kind: 'user', body: new Uint8Array(2000) }, { compress: true }),
      { maxBytes: 1000 },
      'too-large',
    ],
    ['is compressed from what is cut', compress(written(PING).subarray(0, -1)), {}, 'truncated'],
    ['is compressed from a type alone', compress(fromHex('06')), {}, 'truncated'],
    ['is compressed from more than it has', compress(fromHex('08 81 aa557365724d73674c656e d2 7fffffff')), {}, 'truncated'],
    ['is compressed by another algorithm', fromHex('09 82 a4416c676f 01 a3427566 a400830404'), {}, 'unknown-compression'],
    ['says that it has a node more than may be', fromHex(header('d1 1001')), {}, 'too-large'],
    ['says that it has two thousand million nodes', fromHex(header('d2 7fffffff')), {}, 'too-large'],
    ['says that it has fewer nodes than none', fromHex(header('ff')), {}, 'malformed'],
    ['says that its user state is more than may be', fromHex(header('00', 'd2 00400000')), {}, 'too-large'],
    ['says that its user state is less than nothing', fromHex(header('00', 'd2 ffffffff')), {}, 'malformed'],
    ['says that its message is more than may be', fromHex('08 81 aa557365724d73674c656e d2 7fffffff'), {}, 'too-large'],
    ['says that a name is more than may be', fromHex('00 81 a44e6f6465 db ffffffff'), {}, 'too-large'],
    ['says that a struct has more fields than may be', fromHex('00 df ffffffff'), {}, 'too-large'],
    [
      'has more values than its nodes may need',
      fromHex(`00 81 a178 dd 00020000 ${'00'.repeat(0x20000)}`),
      { maxNodes: 100 },
      'too-large',
    ],
    [
      'has them in what is compressed',
      compress(fromHex(`00 81 a178 dd 00020000 ${'00'.repeat(0x20000)}`)),
      { maxNodes: 100 },
      'too-large',
    ],
    ['has a node that is no struct', fromHex(`${header('02')} 07`), {}, 'malformed'],
    [
      'has a node with a float for a number',
      withOne((hex) => hex.replace('a5537461746500', 'a55374617465ca00000000')),
      {},
      'malformed',
    ],
  ])('%s', (_, bytes, opening, reason) => {
    expect(read(bytes, opening)).toEqual({ kind: 'drop', reason });
  });
});

describe('a push-pull is read without the node', () => {
  const [known] = PUSH_PULL.nodes;
  const only: readonly NodeState[] = known === undefined ? [] : [known];
  const vsn = 'a356736ea6010502000000';
  test.each<[string, (hex: string) => string, DropReason]>([
    ['that has no versions', (hex) => hex.replace(vsn, 'a356736ec0'), 'bad-versions'],
    ['that says nothing of versions', (hex) => `86${hex.slice(2).replace(vsn, '')}`, 'bad-versions'],
    ['that has one version', (hex) => hex.replace(vsn, 'a356736ea101'), 'bad-versions'],
    ['that has five versions', (hex) => hex.replace(vsn, 'a356736ea50105020000'), 'bad-versions'],
    ['that has seven versions', (hex) => hex.replace(vsn, 'a356736ea701050200000000'), 'bad-versions'],
    ['that is in a state not known', (hex) => hex.replace('a5537461746500', 'a5537461746504'), 'malformed'],
    ['that has no name', (hex) => hex.replace('a66e6f64652d61', 'a0'), 'malformed'],
    ['that has no address', (hex) => hex.replace('a40a000001', 'c0'), 'malformed'],
    ['that has more meta than may be', (hex) => hex.replace('a44d657461c0', `a44d657461da0201${'00'.repeat(513)}`), 'too-large'],
  ])('%s', (_, change, reason) => {
    expect(read(withOne(change))).toEqual(heard({ ...PUSH_PULL, join: false, nodes: only }, reason));
  });
});

describe('a stream of bytes that come', () => {
  const cases: readonly [string, Uint8Array, StreamMessage][] = [
    ['bare', written(PUSH_PULL), PUSH_PULL],
    ['in all layers', written(PUSH_PULL, ALL_LAYERS), PUSH_PULL],
    ['as an application sends', written({ kind: 'user', body: ascii('hello') }), { kind: 'user', body: ascii('hello') }],
  ];
  const opening = (name: string): StreamOpening => (name === 'in all layers' ? { ...OPEN, label: 'lab', keys: [KEY] } : OPEN);

  test.each(cases)('%s, is read wherever it is cut in two', (name, bytes, message) => {
    for (let cut = 0; cut < bytes.length; cut++) {
      const reader = new StreamReader(opening(name));
      expect(reader.push(bytes.subarray(0, cut))).toEqual(MORE);
      expect(reader.push(bytes.subarray(cut))).toEqual(heard(message));
    }
  });

  test.each(cases)('%s, is read byte by byte, and no sooner than its last', (name, bytes, message) => {
    const reader = new StreamReader(opening(name));
    const steps = Array.from(bytes, (byte) => reader.push(Uint8Array.of(byte)));
    expect(steps.slice(0, -1).every(({ kind }) => kind === 'more')).toBe(true);
    expect(steps.at(-1)).toEqual(heard(message));
    expect(reader.push(ascii('more'))).toEqual(heard(message));
  });

  test.each([
    ['in bytes', { maxBytes: 10_000 }, 10_000],
    ['in values', { maxNodes: 100 }, 10_000],
  ])('for ever, in a value that has no end, is dropped at its limit %s', (_, limits, most) => {
    const reader = new StreamReader({ ...OPEN, ...limits });
    // An array in an array, of which each byte says that another follows.
    expect(reader.push(fromHex('00 81 a178'))).toEqual(MORE);
    let pushed = 0;
    let step: StreamStep = MORE;
    for (; step.kind === 'more' && pushed <= most; pushed++) step = reader.push(Uint8Array.of(0x91));
    expect(step).toEqual({ kind: 'drop', reason: 'too-large' });
    expect(pushed).toBeLessThanOrEqual(most);
  });

  test('in a buffer that is used again', () => {
    const buffer = new Uint8Array(1);
    const reader = new StreamReader(OPEN);
    let step: StreamStep = MORE;
    for (const byte of written(PUSH_PULL)) {
      buffer[0] = byte;
      step = reader.push(buffer);
    }
    buffer.fill(0);
    expect(step).toEqual(heard(PUSH_PULL));
  });
});

const streams = fc
  .record({
    message: streamMessages,
    role: fc.constantFrom('initiator', 'responder'),
    label: fc.constantFrom('', 'lab', '\xff\x00'),
    compressed: fc.boolean(),
    sealing: fc.option(fc.record({ key: fc.constant(KEY), nonce: fc.constant(NONCE), version: fc.constantFrom(0, 1) }), {
      nil: undefined,
    }),
  })
  .map(({ message, role, label, compressed, sealing }) => ({
    message,
    opening: { from: role, label, keys: sealing === undefined ? [] : [OTHER_KEY, KEY] },
    bytes: sealStream(message, { role, label, compress: compressed, ...(sealing === undefined ? {} : { sealing }) }),
  }));

test('what is written is read', () => {
  fc.assert(
    fc.property(streams, ({ message, opening, bytes }) => {
      expect(new StreamReader(opening).push(bytes)).toEqual(heard(message));
    }),
    { numRuns: 300 },
  );
});

test('any bytes are read as the same, whether they come at once or one by one', () => {
  const changed = mutated(streams.map(({ bytes }) => bytes));
  const keys = fc.constantFrom([], [KEY]);
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), keys, (bytes, ring) => {
      const opening: StreamOpening = { ...OPEN, keys: ring };
      const reader = new StreamReader(opening);
      let step = reader.push(bytes.subarray(0, 0));
      for (const byte of bytes) step = reader.push(Uint8Array.of(byte));
      const atOnce = new StreamReader(opening).push(bytes);
      expect(step).toEqual(atOnce);
      if (step.kind === 'message') expect(read(written(step.message))).toEqual(heard(step.message));
    }),
    { numRuns: 500 },
  );
});
