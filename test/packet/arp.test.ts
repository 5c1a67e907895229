import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as arp from '../../src/packet/arp.js';
import { arpFrame, hex, mac, v4 } from './frames.js';

const OURS = mac('02:00:00:00:00:01');
const VIP = v4('192.168.1.240');
const blank = (fill: number): DataView => new DataView(new Uint8Array(60).fill(fill).buffer);
const ZEROS = '00'.repeat(18);

describe('the frames of MetalLB (metallb-behaviour A.4), byte for byte', () => {
  test.each([
    ['request', arp.ArpOperation.request, '0001'],
    ['reply', arp.ArpOperation.reply, '0002'],
  ])('a gratuitous %s', (_, operation, code) => {
    const frame = blank(0xee);
    expect(arp.writeGratuitous(frame, operation, OURS, VIP)).toBe(60);
    expect(hex(frame)).toBe(`ffffffffffff0200000000010806000108000604${code}020000000001c0a801f0ffffffffffffc0a801f0${ZEROS}`);
  });

  test('a reply goes to the sender of the packet, whatever the frame around it says', () => {
    const frame = arpFrame({ target: '192.168.1.240', sender: '192.168.1.35', from: '02:00:00:00:00:77' });
    expect(arp.turnIntoReply(frame, OURS, VIP)).toBe(60);
    expect(hex(frame)).toBe(`0a0b0c0d0e0f02000000000108060001080006040002020000000001c0a801f00a0b0c0d0e0fc0a80123${ZEROS}`);
  });

  test('a reply carries nothing of what lay behind the request', () => {
    const frame = blank(0xee);
    const request = arpFrame({ target: '192.168.1.240', length: 42 });
    for (let at = 0; at < 42; at++) frame.setUint8(at, request.getUint8(at));
    arp.turnIntoReply(frame, OURS, VIP);
    expect(hex(frame).slice(84)).toBe(ZEROS);
  });

  test('without room for padding the reply is 42 bytes', () => {
    expect(arp.turnIntoReply(arpFrame({ target: '192.168.1.240', length: 42 }), OURS, VIP)).toBe(42);
  });
});

describe('a frame that says it is ARP', () => {
  test.each([
    ['is whole', {}, true],
    ['is whole without padding', { length: 42 }, true],
    ['is padded further than it must be', { length: 64 }, true],
    ['is one byte short', { length: 41 }, false],
    ['ends with its head', { length: 14 }, false],
    ['is longer than any ARP', { length: 129 }, false],
    ['lies about the length of its hardware addresses', { hardwareLength: 8 }, false],
    ['lies about the length of its protocol addresses', { protocolLength: 16 }, false],
  ])('%s', (_, shape, whole) => {
    const frame = arpFrame({ target: '192.0.2.1', ...shape });
    expect(arp.saysArp(frame)).toBe(true);
    expect(arp.isArp(frame)).toBe(whole);
  });

  test('is judged by the bytes received, not by the buffer they lie in', () => {
    const buffer = arpFrame({ target: '192.0.2.1', length: 100 });
    expect(arp.isArp(buffer, 42)).toBe(true);
    expect(arp.isArp(buffer, 41)).toBe(false);
  });
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffffffff),
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      fc.constantFrom(1, 2),
      (high, low, address, operation) => {
        const frame = blank(0);
        arp.writeGratuitous(frame, operation === 1 ? 1 : 2, { high, low }, address);
        expect(arp.isArp(frame)).toBe(true);
        expect(arp.operation(frame)).toBe(operation);
        expect(arp.senderMac(frame)).toEqual({ high, low });
        expect([arp.senderAddress(frame), arp.targetAddress(frame)]).toEqual([address, address]);
      },
    ),
  );
});
