import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { On } from '../../src/layer2/ballot.js';
import { claimIn, decideNeighbour, type NeighbourClaim, type NeighbourDecision } from '../../src/layer2/neighbourresponder.js';
import { type AddressKey, addressKey, ipv6 } from '../../src/net/address.js';
import { formatMac } from '../../src/net/mac.js';
import { arpFrame, mac } from '../packet/frames.js';
import { ITS_MAC, type NeighbourText, neighbourFrame, readNaively, repairChecksum, v6 } from '../packet/neighbourframes.js';

const eth0 = { name: 'eth0', mac: mac('02:00:00:00:00:01') };
const OURS = '020000000001';
const key = (text: string): AddressKey => addressKey(ipv6(v6(text)));
const claims: ReadonlyMap<AddressKey, On> = new Map<AddressKey, On>([
  [key('2001:db8::10'), 'all'],
  [key('2001:db8::11'), new Set(['eth1'])],
  [key('2001:db8::12'), new Set(['eth0', 'eth1'])],
  // IPv4 lives in the same table.
  [0xc000020a, 'all'],
]);
const VIP = '2001:db8::10';
const advertisement = { target: VIP, type: 136, flags: '20000000', destination: 'ff02::1', options: ['0201020000000077'] };
const probe = { target: VIP, source: '::', options: [] };

describe('a neighbour message', () => {
  const ours = { answer: key(VIP) };
  test.each<[string, NeighbourText, NeighbourDecision]>([
    ['asks for a claimed address', { target: VIP }, ours],
    ['asks for one claimed on this interface', { target: '2001:db8::12' }, { answer: key('2001:db8::12') }],
    ['asks the address itself whether it is still there', { target: VIP, destination: VIP, to: OURS }, ours],
    ['does so without its link-layer address (RFC 4861 §4.3)', { target: VIP, destination: VIP, to: OURS, options: [] }, ours],
    ['asks everybody without its link-layer address', { target: VIP, options: [] }, ours],
    ['probes before use (RFC 4862)', probe, ours],
    ['probes before use with a nonce (RFC 7527)', { ...probe, options: ['0e01a1a2a3a4a5a6'] }, ours],
    ['was turned into unicast by an access point', { target: VIP, to: OURS }, ours],
    ['came through a bridge that rewrote the source', { target: VIP, from: '020000000077' }, ours],
    ['comes from a link-local address', { target: VIP, source: 'fe80::1' }, ours],
    ['comes from the very address', { target: VIP, source: VIP }, ours],
    ['is padded', { target: VIP, length: 128 }, ours],
    ['is meant for another host', { target: VIP, to: '020000000099' }, { drop: 'not-for-us' }],
    ['is broadcast', { target: VIP, to: 'ffffffffffff' }, { drop: 'not-for-us' }],
    ['is sent to a group of IPv4', { target: VIP, to: '01005e000001' }, { drop: 'not-for-us' }],
    ['asks for an address nobody claims', { target: '2001:db8::99' }, { drop: 'unknown-address' }],
    ['asks for the last bits of a claimed IPv4 address', { target: '::ffff:192.0.2.10' }, { drop: 'unknown-address' }],
    ['probes for an address nobody claims', { ...probe, target: '2001:db8::99' }, { drop: 'unknown-address' }],
    ['asks on an interface that is not selected', { target: '2001:db8::11' }, { drop: 'not-on-this-interface' }],
    ['is an advertisement', advertisement, { drop: 'not-a-request' }],
    ['we sent ourselves', { target: VIP, from: OURS }, { drop: 'own-frame' }],
    ['is an advertisement of our own', { ...advertisement, from: OURS }, { drop: 'own-frame' }],
    ['has passed a router', { target: VIP, hopLimit: 254 }, { drop: 'malformed' }],
    ['has a wrong checksum', { target: VIP, checksumError: 1 }, { drop: 'malformed' }],
    ['is cut short', { target: VIP, length: 85 }, { drop: 'malformed' }],
    ['ends after its type', { target: VIP, length: 55 }, { drop: 'malformed' }],
    ['is longer than one ever is', { target: VIP, length: 1514 }, { drop: 'malformed' }],
    ['has an option without length', { target: VIP, options: ['0100000000000000'] }, { drop: 'malformed' }],
    ['has an option that goes past the end', { target: VIP, options: ['0102000000000000'] }, { drop: 'malformed' }],
    ['probes and yet gives a MAC', { ...probe, options: [ITS_MAC] }, { drop: 'malformed' }],
    ['probes at one node', { ...probe, destination: VIP, to: OURS }, { drop: 'malformed' }],
    ['asks for a group', { target: 'ff02::1' }, { drop: 'malformed' }],
    ['comes from a group', { target: VIP, source: 'ff02::1' }, { drop: 'malformed' }],
    ['is a fragment', { target: VIP, nextHeader: 44 }, { drop: 'not-ndp' }],
    ['stands behind a hop-by-hop header', { target: VIP, nextHeader: 0 }, { drop: 'not-ndp' }],
    ['is an echo request', { target: VIP, type: 128 }, { drop: 'not-ndp' }],
    ['is a router advertisement', { target: VIP, type: 134 }, { drop: 'not-ndp' }],
    ['is tagged for a VLAN', { target: VIP, etherType: 0x8100 }, { drop: 'not-ndp' }],
    ['is IPv4', { target: VIP, etherType: 0x0800 }, { drop: 'not-ndp' }],
    ['ends within its header', { target: VIP, length: 54 }, { drop: 'not-ndp' }],
    ['is empty', { target: VIP, length: 0 }, { drop: 'not-ndp' }],
  ])('that %s', (_, text, decision) => {
    expect(decideNeighbour(neighbourFrame(text), eth0, claims)).toEqual(decision);
  });

  test('is no ARP', () => {
    expect(decideNeighbour(arpFrame({ target: '192.0.2.10' }), eth0, claims)).toEqual({ drop: 'not-ndp' });
  });

  test('is judged by the bytes received, not by the buffer they lie in', () => {
    const frame = neighbourFrame({ target: VIP });
    expect(decideNeighbour(frame, eth0, claims, 86)).toEqual(ours);
    expect(decideNeighbour(frame, eth0, claims, 85)).toEqual({ drop: 'malformed' });
    expect(claimIn(neighbourFrame(advertisement), 85)).toBeUndefined();
  });
});

describe('who holds an address is told by', () => {
  const said = (holder: string, kind: NeighbourClaim['kind']): NeighbourClaim => ({ address: key(VIP), mac: mac(holder), kind });
  test.each<[string, NeighbourText, NeighbourClaim | undefined]>([
    ['an advertisement, by its option', advertisement, said('02:00:00:00:00:77', 'advertisement')],
    ['one without option, by its frame', { ...advertisement, options: [] }, said('0a:0b:0c:0d:0e:0f', 'advertisement')],
    [
      'one with another message’s option, by its frame',
      { ...advertisement, options: ['0101020000000077'] },
      said('0a:0b:0c:0d:0e:0f', 'advertisement'),
    ],
    [
      'one for another host',
      { ...advertisement, flags: '60000000', destination: '2001:db8::1', to: '020000000099' },
      said('02:00:00:00:00:77', 'advertisement'),
    ],
    ['one from no address', { ...advertisement, source: '::' }, said('02:00:00:00:00:77', 'advertisement')],
    ['a router’s', { ...advertisement, flags: 'a0000000' }, said('02:00:00:00:00:77', 'advertisement')],
    ['our own', { ...advertisement, from: OURS, options: [`0201${OURS}`] }, said('02:00:00:00:00:01', 'advertisement')],
    ['a probe, by its frame', probe, said('0a:0b:0c:0d:0e:0f', 'probe')],
    ['a probe with a nonce', { ...probe, options: ['0e01a1a2a3a4a5a6'] }, said('0a:0b:0c:0d:0e:0f', 'probe')],
    ['nobody who asks', { target: VIP }, undefined],
    ['nobody who asks without a link-layer address', { target: VIP, options: [] }, undefined],
    ['no advertisement that has passed a router', { ...advertisement, hopLimit: 254 }, undefined],
    ['no advertisement with a wrong checksum', { ...advertisement, checksumError: 1 }, undefined],
    ['no solicited one to all nodes', { ...advertisement, flags: '60000000' }, undefined],
    ['no broken probe', { ...probe, options: [ITS_MAC] }, undefined],
    ['no fragment', { ...advertisement, nextHeader: 44 }, undefined],
    ['nothing short', { ...advertisement, length: 20 }, undefined],
    ['nothing at all', { ...advertisement, length: 0 }, undefined],
  ])('%s', (_, text, claim) => {
    expect(claimIn(neighbourFrame(text))).toEqual(claim);
  });
});

/** What the second reader would answer, by texts. */
function answersNaively(bytes: Buffer): string | undefined {
  const message = readNaively(bytes);
  const to = bytes.toString('hex', 0, 6);
  const isForUs = to === OURS || to.startsWith('3333');
  if (message?.kind !== 'solicitation' || !isForUs || bytes.toString('hex', 6, 12) === OURS) return undefined;
  return /^20010db80{22}1[02]$/.test(message.target) ? message.target : undefined;
}

function claimsNaively(bytes: Buffer): { holder: string; kind: string } | undefined {
  const message = readNaively(bytes);
  const from = bytes.toString('hex', 6, 12);
  if (message?.kind === 'advertisement') return { holder: message.linkLayer ?? from, kind: 'advertisement' };
  return message !== undefined && /^0+$/.test(message.source) ? { holder: from, kind: 'probe' } : undefined;
}

const hexOfKey = (address: AddressKey): string =>
  [...String(address)].map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0')).join('');

describe('of any bytes at all', () => {
  const agree = (bytes: Buffer): void => {
    const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const decision = decideNeighbour(frame, eth0, claims);
    expect('answer' in decision ? hexOfKey(decision.answer) : undefined).toBe(answersNaively(bytes));
    const claim = claimIn(frame);
    const told = claim === undefined ? undefined : { holder: formatMac(claim.mac).replaceAll(':', ''), kind: claim.kind };
    expect(told).toEqual(claimsNaively(bytes));
  };

  test('random frames are dropped and say nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        expect(decideNeighbour(frame, eth0, claims)).toHaveProperty('drop');
        expect(claimIn(frame)).toBeUndefined();
      }),
    );
  });

  test('messages with bytes changed or cut off are answered and believed as the second reader would', () => {
    const change = fc.tuple(fc.nat(109), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x11, 0x12, 0x33, 255)));
    const messages = fc.constantFrom<NeighbourText>(
      { target: VIP },
      { target: VIP, options: [], destination: VIP, to: OURS },
      { target: VIP, options: [ITS_MAC, '0e01a1a2a3a4a5a6'] },
      probe,
      advertisement,
      { ...advertisement, flags: '60000000', destination: '2001:db8::1', to: OURS },
    );
    fc.assert(
      fc.property(messages, fc.array(change, { maxLength: 4 }), fc.nat(150), fc.boolean(), (text, changed, length, mends) => {
        const frame = neighbourFrame({ ...text, length: 110 });
        const bytes = Buffer.from(frame.buffer, frame.byteOffset, 110);
        for (const [at, value] of changed) bytes[at] = value;
        if (mends) repairChecksum(bytes, bytes.length);
        agree(bytes.subarray(0, length));
      }),
      { numRuns: 2000 },
    );
  });
});
