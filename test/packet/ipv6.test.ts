import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey, formatAddress, ipv6, type Words } from '../../src/net/address.js';
import { formatMac } from '../../src/net/mac.js';
import * as header from '../../src/packet/ipv6.js';
import { checksumOf, neighbourFrame, v6 } from './neighbourframes.js';

const words = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff));

describe('an IPv6 header', () => {
  test('is read where it lies', () => {
    const frame = neighbourFrame({ target: '2001:db8::f0', hopLimit: 64, version: 5, nextHeader: 17, source: 'fe80::1' });
    expect([header.version(frame), header.payloadLength(frame), header.nextHeader(frame), header.hopLimit(frame)]).toEqual([
      5, 32, 17, 64,
    ]);
    expect(header.readWords(frame, header.IPV6_SOURCE_AT)).toEqual(v6('fe80::1'));
    expect(header.readWords(frame, header.IPV6_DESTINATION_AT)).toEqual(v6('ff02::1:ff00:f0'));
  });

  test.each([
    ['is whole', {}, true],
    ['has nothing behind it', { length: 54 }, true],
    ['is one byte short', { length: 53 }, false],
    ['is empty', { length: 0 }, false],
    ['is IPv4', { etherType: 0x0800 }, false],
    ['is tagged for a VLAN', { etherType: 0x8100 }, false],
  ])('of a frame that %s', (_, shape, says) => {
    expect(header.saysIpv6(neighbourFrame({ target: '2001:db8::f0', ...shape }))).toBe(says);
  });

  test('is judged by the bytes received, not by the buffer they lie in', () => {
    expect(header.saysIpv6(neighbourFrame({ target: '::1' }), 53)).toBe(false);
  });

  test('is written over whatever was there', () => {
    const frame = new DataView(new Uint8Array(54).fill(0xee).buffer);
    header.writeIpv6Head(frame, 58, 24);
    header.writeWords(frame, header.IPV6_SOURCE_AT, v6('fe80::1'));
    header.writeWords(frame, header.IPV6_DESTINATION_AT, v6('ff02::2'));
    expect(Buffer.from(frame.buffer).toString('hex').slice(24)).toBe(
      '86dd60000000' + '00183aff' + 'fe800000000000000000000000000001' + 'ff020000000000000000000000000002',
    );
  });
});

describe('an address in a frame', () => {
  test.each([
    ['::', { unspecified: true, multicast: false, solicitedNode: false }],
    ['::1', { unspecified: false, multicast: false, solicitedNode: false }],
    ['1::', { unspecified: false, multicast: false, solicitedNode: false }],
    ['0:0:1::', { unspecified: false, multicast: false, solicitedNode: false }],
    ['0:0:0:0:1::', { unspecified: false, multicast: false, solicitedNode: false }],
    ['fe80::1', { unspecified: false, multicast: false, solicitedNode: false }],
    ['ff02::1', { unspecified: false, multicast: true, solicitedNode: false }],
    ['ff02::1:ff00:0', { unspecified: false, multicast: true, solicitedNode: true }],
    ['ff02::1:ffff:ffff', { unspecified: false, multicast: true, solicitedNode: true }],
    ['ff02::1:fe00:0', { unspecified: false, multicast: true, solicitedNode: false }],
    ['ff02::2:ff00:0', { unspecified: false, multicast: true, solicitedNode: false }],
    ['ff02:0:1::1:ff00:0', { unspecified: false, multicast: true, solicitedNode: false }],
    ['ff05::1:ff00:0', { unspecified: false, multicast: true, solicitedNode: false }],
  ])('%s is what it is', (text, kinds) => {
    const frame = new DataView(new ArrayBuffer(60));
    header.writeWords(frame, 3, v6(text));
    expect({
      unspecified: header.holdsUnspecified(frame, 3),
      multicast: header.holdsMulticast(frame, 3),
      solicitedNode: header.holdsSolicitedNode(frame, 3),
    }).toEqual(kinds);
  });

  test('is read as it was written, and has the key of the address', () => {
    fc.assert(
      fc.property(words, fc.nat(44), (address, at) => {
        const frame = new DataView(new Uint8Array(60).fill(0xee).buffer);
        header.writeWords(frame, at, address);
        expect(header.readWords(frame, at)).toEqual(address);
        expect(header.readKey(frame, at)).toBe(addressKey(ipv6(address)));
      }),
    );
  });
});

describe('the group of', () => {
  // The second is RFC 4291 §2.7.1's own example.
  test.each([
    ['2001:db8::f0', 'ff02::1:ff00:f0', '33:33:ff:00:00:f0'],
    ['4037::1:800:200e:8c6c', 'ff02::1:ff0e:8c6c', '33:33:ff:0e:8c:6c'],
    ['fe80::ffff:ffff', 'ff02::1:ffff:ffff', '33:33:ff:ff:ff:ff'],
    ['::', 'ff02::1:ff00:0', '33:33:ff:00:00:00'],
  ])('%s is %s, at %s', (address, group, mac) => {
    const found = header.solicitedNodeGroup(v6(address));
    expect(formatAddress(ipv6(found))).toBe(group);
    expect(formatMac(header.multicastMac(found))).toBe(mac);
  });

  test('all nodes is at 33:33:00:00:00:01', () => {
    expect(formatAddress(ipv6(header.ALL_NODES))).toBe('ff02::1');
    expect(formatMac(header.multicastMac(header.ALL_NODES))).toBe('33:33:00:00:00:01');
  });

  test('any address is a solicited-node group, and its MAC a group of IPv6', () => {
    fc.assert(
      fc.property(words, (address: Words) => {
        const frame = new DataView(new ArrayBuffer(60));
        header.writeWords(frame, 20, header.solicitedNodeGroup(address));
        expect(header.holdsSolicitedNode(frame, 20)).toBe(true);
        expect(formatMac(header.multicastMac(header.solicitedNodeGroup(address)))).toMatch(/^33:33:ff:/);
      }),
    );
  });
});

describe('the checksum', () => {
  const messages = fc.tuple(words, words, fc.uint8Array({ minLength: 4, maxLength: 200 }));
  function frameOf([source, destination, message]: readonly [Words, Words, Uint8Array]): Buffer {
    const bytes = Buffer.alloc(54 + message.length + 3, 0xee);
    const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    header.writeIpv6Head(frame, 58, message.length);
    header.writeWords(frame, header.IPV6_SOURCE_AT, source);
    header.writeWords(frame, header.IPV6_DESTINATION_AT, destination);
    bytes.set(message, 54);
    bytes.writeUInt16BE(0, 56);
    return bytes;
  }
  const view = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  test('is the one found by division, for even and odd lengths, whatever follows the payload', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const bytes = frameOf(message);
        expect(header.icmpv6Checksum(view(bytes))).toBe(checksumOf(bytes));
      }),
    );
  });

  test('is 0 over itself, and not over any other', () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 0xfffe }), (message, error) => {
        const bytes = frameOf(message);
        const right = header.icmpv6Checksum(view(bytes));
        bytes.writeUInt16BE(right, 56);
        expect(header.icmpv6Checksum(view(bytes))).toBe(0);
        // In ones' complement 0x0000 and 0xffff are the same number, so the error is counted modulo 0xffff.
        bytes.writeUInt16BE((right + error) % 0xffff, 56);
        expect(header.icmpv6Checksum(view(bytes))).not.toBe(0);
      }),
    );
  });

  test('carries twice where one carry makes another: 0x003e + 0xffff + 0xffc2 is 0x1ffff, then 0x10000, then 1', () => {
    const bytes = frameOf([v6('ffff:ffc2::'), v6('::'), new Uint8Array(4)]);
    expect(header.icmpv6Checksum(view(bytes))).toBe(0xfffe);
  });

  test('of the longest payload does not overflow', () => {
    const bytes = frameOf([v6('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), v6('::'), new Uint8Array(0xffff).fill(0xff)]);
    expect(header.icmpv6Checksum(view(bytes))).toBe(checksumOf(bytes));
  });
});
