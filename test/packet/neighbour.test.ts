import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey, ipv6 } from '../../src/net/address.js';
import { formatMac } from '../../src/net/mac.js';
import { readWords } from '../../src/packet/ipv6.js';
import * as neighbour from '../../src/packet/neighbour.js';
import { hex, mac } from './frames.js';
import { checksumOf, ITS_MAC, type NeighbourText, neighbourFrame, readNaively, repairChecksum, v6 } from './neighbourframes.js';

/** The link-local address is the one EUI-64 makes of the MAC (RFC 4291 Appendix A). */
const OURS = { mac: mac('02:00:00:00:00:01'), linkLocal: v6('fe80::ff:fe00:1') };
const VIP = v6('2001:db8::f0');
const blank = (): DataView => new DataView(new Uint8Array(256).fill(0xee).buffer);
const sent = (frame: DataView, length: number): string => hex(frame).slice(0, length * 2);
const bytesOf = (frame: DataView): Buffer => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);

/**
 * Put together by hand from RFC 2464 §3 (Ethernet), RFC 8200 §3 (header) and RFC 4861 §4.3, §4.4, §4.6.1 (message, option).
 * The sums of the checksums, in hexadecimal 16-bit words:
 *
 *   link-local  fe80 + 00ff + fe00 + 0001                    = 1fd80
 *   VIP         2001 + 0db8 + 00f0                           =  2ea9
 *   option      0201 + 0200 + 0000 + 0001                    =  0402
 *   unsolicited 1fd80 + (ff02 + 0001) + 0020 + 003a + 8800 + 2000 + 2ea9 + 0402 = 3d788, folded d78b, inverted 2874
 *   solicited   2ea9 + (2001 + 0db8 + 0035) + 0020 + 003a + 8800 + 4000 + 2ea9 + 0402 = 1579c, folded 579d, inverted a862
 *   probe       0 + (ff02 + 0001 + ff00 + 00f0) + 0018 + 003a + 8700 + 2ea9 = 2b4ee, folded b4f0, inverted 4b0f
 */
const UNSOLICITED = [
  '333300000001 020000000001 86dd',
  '60000000 0020 3a ff fe80000000000000000000fffe000001 ff020000000000000000000000000001',
  '88 00 2874 20000000 20010db80000000000000000000000f0',
  '02 01 020000000001',
]
  .join('')
  .replaceAll(' ', '');
const SOLICITED = [
  '0a0b0c0d0e0f 020000000001 86dd',
  '60000000 0020 3a ff 20010db80000000000000000000000f0 20010db8000000000000000000000035',
  '88 00 a862 40000000 20010db80000000000000000000000f0',
  '02 01 020000000001',
]
  .join('')
  .replaceAll(' ', '');
const PROBE = [
  '3333ff0000f0 020000000001 86dd',
  '60000000 0018 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff0000f0',
  '87 00 4b0f 00000000 20010db80000000000000000000000f0',
]
  .join('')
  .replaceAll(' ', '');

describe('what is sent, byte for byte', () => {
  test('an advertisement that nobody asked for goes to all nodes and overrides what they hold', () => {
    const frame = blank();
    const length = neighbour.writeUnsolicited(frame, OURS, VIP);
    expect(length).toBe(86);
    expect(sent(frame, length)).toBe(UNSOLICITED);
  });

  test('a probe comes from no address, and tells nobody a MAC but in the frame', () => {
    const frame = blank();
    const length = neighbour.writeProbe(frame, OURS.mac, VIP);
    expect(length).toBe(78);
    expect(sent(frame, length)).toBe(PROBE);
  });

  test('a question names who asks, in the frame and in its option', () => {
    const frame = blank();
    const length = neighbour.writeSolicitation(frame, OURS, VIP);
    expect(length).toBe(86);
    expect(neighbour.isNeighbour(frame, length)).toBe(true);
    expect([neighbour.isSolicitation(frame), neighbour.isProbe(frame)]).toEqual([true, false]);
    expect([neighbour.targetWords(frame), neighbour.linkLayerAddress(frame)]).toEqual([VIP, OURS.mac]);
    expect(checksumOf(bytesOf(frame))).toBe(0);
  });

  test.each<[string, NeighbourText, string]>([
    ['a question from somebody is answered to them', { target: '2001:db8::f0' }, SOLICITED],
    [
      'a question to the address itself too',
      { target: '2001:db8::f0', destination: '2001:db8::f0', to: '020000000001' },
      SOLICITED,
    ],
    [
      'a question without a link-layer option is answered to the frame’s source',
      { target: '2001:db8::f0', options: [] },
      SOLICITED,
    ],
    ['the option counts, not a source that a bridge has rewritten', { target: '2001:db8::f0', from: '020000000077' }, SOLICITED],
    [
      'the first option of two counts, wherever it stands',
      { target: '2001:db8::f0', from: '020000000077', options: ['0e01a1a2a3a4a5a6', ITS_MAC, '0101020000000077'] },
      SOLICITED,
    ],
    ['flags in the question are not handed back', { target: '2001:db8::f0', flags: 'ffffffff' }, SOLICITED],
    [
      'a node that probes before use hears with all others that the address is held',
      { target: '2001:db8::f0', source: '::', options: [] },
      UNSOLICITED,
    ],
  ])('%s', (_, text, answer) => {
    const frame = neighbourFrame(text);
    // The frame is a view of the receive buffer, which is longer.
    const room = new DataView(frame.buffer, frame.byteOffset, 256);
    expect(neighbour.isNeighbour(room, frame.byteLength)).toBe(true);
    const length = neighbour.turnIntoAdvertisement(room, OURS);
    expect(length).toBe(86);
    expect(sent(room, length)).toBe(answer);
  });
});

describe('a frame that says it is a neighbour message', () => {
  const LLA = '0201020000000077';
  test.each<[string, Partial<NeighbourText>, boolean]>([
    ['is a whole solicitation', {}, true],
    ['is a whole solicitation without options', { options: [] }, true],
    ['is a probe before use', { source: '::', options: [] }, true],
    ['is a probe with a nonce (RFC 7527)', { source: '::', options: ['0e01a1a2a3a4a5a6'] }, true],
    ['is a probe for another group than its target’s', { source: '::', options: [], destination: 'ff02::1:ff00:1' }, true],
    ['is a probe to all nodes', { source: '::', options: [], destination: 'ff02::1' }, false],
    ['is a probe to one node', { source: '::', options: [], destination: '2001:db8::f0', to: '020000000001' }, false],
    ['is a probe that gives a MAC', { source: '::' }, false],
    ['is a probe that gives a MAC last', { source: '::', options: ['0e01a1a2a3a4a5a6', ITS_MAC] }, false],
    ['is a solicitation to one node', { destination: '2001:db8::f0', to: '020000000001' }, true],
    ['is an advertisement to one node', { type: 136, flags: '60000000', destination: '2001:db8::1', options: [LLA] }, true],
    ['is an advertisement to all nodes', { type: 136, flags: 'a0000000', destination: 'ff02::1', options: [LLA] }, true],
    ['is an advertisement without options', { type: 136, options: [] }, true],
    ['is a solicited advertisement to all nodes', { type: 136, flags: '40000000', destination: 'ff02::1' }, false],
    ['is followed by padding', { length: 110 }, true],
    ['fills what is read of a frame', { length: neighbour.NEIGHBOUR_LONGEST_LENGTH }, true],
    ['is longer than what is read of a frame', { length: neighbour.NEIGHBOUR_LONGEST_LENGTH + 1 }, false],
    ['is one byte short', { length: 85 }, false],
    ['ends within its target', { options: [], length: 77 }, false],
    ['ends after its type', { length: 55 }, false],
    ['says it has less than its target', { options: [], payload: 23 }, false],
    ['says it has nothing', { payload: 0 }, false],
    ['says it has more than there is', { payload: 33 }, false],
    ['says it has all there could be', { payload: 0xffff }, false],
    ['has passed a router', { hopLimit: 254 }, false],
    ['has no hop left', { hopLimit: 0 }, false],
    ['has a code', { code: 1 }, false],
    ['has a wrong checksum', { checksumError: 1 }, false],
    ['has a checksum with one bit turned', { checksumError: 0x8000 }, false],
    ['is not version 6', { version: 4 }, false],
    ['is about a group', { target: 'ff02::1' }, false],
    ['comes from a group', { source: 'ff02::1' }, false],
    ['has an option without length', { options: ['0100020000000077'] }, false],
    ['has an unknown option without length', { options: [ITS_MAC, 'fd00000000000000'] }, false],
    ['has an option that goes past the end', { options: ['0102020000000077'] }, false],
    ['has an unknown option that goes past the end', { options: [ITS_MAC, 'fdff000000000000'] }, false],
    ['has an option that swallows the next one', { options: ['0e02a1a2a3a4a5a6', ITS_MAC] }, true],
    ['has an option that ends within the next one', { options: ['0e02a1a2a3a4a5a6', ITS_MAC, 'ffff'] }, false],
    ['has half an option', { options: ['01010200'] }, false],
    ['has one byte of an option', { options: ['01'] }, false],
    ['has a MAC of fourteen bytes', { options: ['0102020000000077ffffffffffffffff'] }, false],
    ['is an advertisement with a target of fourteen bytes', { type: 136, options: ['0202020000000077ffffffffffffffff'] }, false],
    ['has a long option of another message', { options: [ITS_MAC, '0202020000000077ffffffffffffffff'] }, true],
  ])('%s', (_, shape, whole) => {
    const frame = neighbourFrame({ target: '2001:db8::f0', ...shape });
    expect(neighbour.saysNeighbour(frame)).toBe(true);
    expect(neighbour.isNeighbour(frame)).toBe(whole);
    expect(readNaively(bytesOf(frame)) !== undefined).toBe(whole);
  });

  test('is judged by the bytes received, not by the buffer they lie in', () => {
    const frame = neighbourFrame({ target: '2001:db8::f0', length: 100 });
    expect(neighbour.isNeighbour(frame, 86)).toBe(true);
    expect(neighbour.isNeighbour(frame, 85)).toBe(false);
    expect(neighbour.saysNeighbour(frame, 55)).toBe(true);
    expect(neighbour.saysNeighbour(frame, 54)).toBe(false);
  });
});

test.each<[string, Partial<NeighbourText>]>([
  ['a router solicitation', { type: 133 }],
  ['a router advertisement', { type: 134 }],
  ['a redirect', { type: 137 }],
  ['an echo', { type: 128 }],
  ['a fragment', { nextHeader: 44 }],
  ['behind a hop-by-hop header', { nextHeader: 0 }],
  ['behind a destination header', { nextHeader: 60 }],
  ['UDP', { nextHeader: 17 }],
  ['IPv4', { etherType: 0x0800 }],
  ['ARP', { etherType: 0x0806 }],
  ['tagged for a VLAN', { etherType: 0x8100 }],
  ['cut before its type', { length: 54 }],
  ['cut within its header', { length: 20 }],
  ['cut within its Ethernet head', { length: 13 }],
  ['empty', { length: 0 }],
])('a frame that is %s does not say it is a neighbour message', (_, shape) => {
  const frame = neighbourFrame({ target: '2001:db8::f0', ...shape });
  expect(neighbour.saysNeighbour(frame)).toBe(false);
  expect(neighbour.isNeighbour(frame)).toBe(false);
});

const words = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff));
const unicast = words.filter(([high]) => high >>> 24 !== 0xff);
const macs = fc.record({ high: fc.nat(0xffffffff), low: fc.nat(0xffff) });

describe('of any addresses', () => {
  test('what is written is read back, and valid to both readers', () => {
    fc.assert(
      fc.property(macs, unicast, unicast, fc.boolean(), (ours, linkLocal, address, asks) => {
        const frame = blank();
        const length = asks
          ? neighbour.writeProbe(frame, ours, address)
          : neighbour.writeUnsolicited(frame, { mac: ours, linkLocal }, address);
        expect(neighbour.isNeighbour(frame, length)).toBe(true);
        expect([neighbour.isSolicitation(frame), neighbour.isAdvertisement(frame)]).toEqual([asks, !asks]);
        expect(neighbour.isProbe(frame)).toBe(asks || linkLocal.every((word) => word === 0));
        expect(neighbour.targetWords(frame)).toEqual(address);
        expect(neighbour.targetKey(frame)).toBe(addressKey(ipv6(address)));
        expect(neighbour.linkLayerAddress(frame)).toEqual(asks ? undefined : ours);
        expect(readNaively(bytesOf(frame).subarray(0, length))).toMatchObject({ kind: asks ? 'solicitation' : 'advertisement' });
        expect(checksumOf(bytesOf(frame))).toBe(0);
      }),
    );
  });

  test('an answer is valid, says what it should, and goes to whoever asked', () => {
    fc.assert(
      fc.property(macs, unicast, unicast, unicast, macs, fc.boolean(), (ours, linkLocal, address, source, theirs, tells) => {
        const asked = source.every((word) => word === 0) ? v6('fe80::1') : source;
        const options = tells ? [`0101${formatMac(theirs).replaceAll(':', '')}`] : [];
        const text = { target: textOf(address), source: textOf(asked), from: formatMac(theirs), options, length: 100 };
        const frame = new DataView(neighbourFrame(text).buffer, 0, 256);
        const length = neighbour.turnIntoAdvertisement(frame, { mac: ours, linkLocal });
        expect(neighbour.isNeighbour(frame, length)).toBe(true);
        expect(neighbour.targetWords(frame)).toEqual(address);
        expect(neighbour.linkLayerAddress(frame)).toEqual(ours);
        expect(readWords(frame, 22)).toEqual(address);
        expect(readWords(frame, 38)).toEqual(asked);
        expect(hex(frame).slice(0, 24)).toBe((formatMac(theirs) + formatMac(ours)).replaceAll(':', ''));
        expect(frame.getUint32(58)).toBe(0x40000000);
      }),
    );
  });
});

const textOf = (address: readonly number[]): string =>
  address.map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(':');

describe('both readers agree', () => {
  const agree = (bytes: Buffer): void => {
    const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const naive = readNaively(bytes);
    expect(neighbour.isNeighbour(frame)).toBe(naive !== undefined);
    if (naive === undefined) return;
    expect(neighbour.isSolicitation(frame)).toBe(naive.kind === 'solicitation');
    expect(textOf(neighbour.targetWords(frame))).toBe(textOf(wordsOf(naive.target)));
    const told = neighbour.linkLayerAddress(frame);
    expect(told === undefined ? undefined : formatMac(told).replaceAll(':', '')).toBe(naive.linkLayer);
  };

  test('about random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => agree(Buffer.from(bytes))));
  });

  test('about random options in a message that is right otherwise', () => {
    const option = fc.tuple(fc.constantFrom(1, 2, 3, 14), fc.nat(3), fc.uint8Array({ minLength: 6, maxLength: 14 }));
    const options = fc.array(option, { maxLength: 5 });
    fc.assert(
      fc.property(options, fc.constantFrom(135, 136), fc.nat(3), fc.constantFrom('::', 'fe80::1'), (some, type, lost, source) => {
        const written = some.map(([kind, length, value]) => Buffer.from([kind, length, ...value]).toString('hex')).join('');
        const cut = written.slice(0, Math.max(0, written.length - lost * 2));
        agree(bytesOf(neighbourFrame({ target: '2001:db8::f0', type, source, options: [cut] })));
      }),
    );
  });

  test('about messages with bytes changed or cut off, whether or not the checksum is mended', () => {
    const changes = fc.array(fc.tuple(fc.nat(109), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 255))), { maxLength: 4 });
    const messages = fc.constantFrom<Partial<NeighbourText>>(
      {},
      { source: '::', options: [] },
      { options: [ITS_MAC, '0e01a1a2a3a4a5a6'] },
      { type: 136, destination: '2001:db8::1', flags: '60000000', options: ['0201020000000077'] },
      { type: 136, destination: 'ff02::1', flags: '20000000', options: ['0201020000000077'] },
    );
    fc.assert(
      fc.property(messages, changes, fc.nat(120), fc.boolean(), (shape, changed, length, mends) => {
        const bytes = bytesOf(neighbourFrame({ target: '2001:db8::f0', ...shape, length: 110 }));
        for (const [at, value] of changed) bytes[at] = value;
        if (mends) repairChecksum(bytes, bytes.length);
        agree(bytes.subarray(0, length));
      }),
      { numRuns: 2000 },
    );
  });
});

const wordsOf = (digits: string): number[] => [0, 8, 16, 24].map((at) => Number.parseInt(digits.slice(at, at + 8), 16));
