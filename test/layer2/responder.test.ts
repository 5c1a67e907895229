import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { On } from '../../src/layer2/ballot.js';
import type { Claims } from '../../src/layer2/claims.js';
import { type Decision, decide } from '../../src/layer2/responder.js';
import type { Ipv4 } from '../../src/net/address.js';
import { type ArpText, arpFrame, mac, v4 } from '../packet/frames.js';

const eth0 = { name: 'eth0', mac: mac('02:00:00:00:00:01') };
const claims: Claims = new Map<Ipv4, On>([
  [v4('192.0.2.10'), 'all'],
  [v4('192.0.2.11'), new Set(['eth1'])],
  [v4('192.0.2.12'), new Set(['eth0', 'eth1'])],
]);

describe('an ARP frame', () => {
  const ours = { answer: v4('192.0.2.10') };
  test.each<[string, ArpText, Decision]>([
    ['asks for a claimed address', { target: '192.0.2.10' }, ours],
    ['asks for one claimed on this interface', { target: '192.0.2.12' }, { answer: v4('192.0.2.12') }],
    ['refreshes an entry by unicast', { target: '192.0.2.10', to: '02:00:00:00:00:01' }, ours],
    ['probes before use (RFC 5227)', { target: '192.0.2.10', sender: '0.0.0.0' }, ours],
    ['is another node’s gratuitous request', { target: '192.0.2.10', sender: '192.0.2.10' }, ours],
    ['came through a bridge that rewrote the source', { target: '192.0.2.10', from: '02:00:00:00:00:77' }, ours],
    ['has no padding', { target: '192.0.2.10', length: 42 }, ours],
    ['is meant for another host', { target: '192.0.2.10', to: '02:00:00:00:00:99' }, { drop: 'not-for-us' }],
    ['is sent to a multicast group', { target: '192.0.2.10', to: '01:00:5e:00:00:01' }, { drop: 'not-for-us' }],
    ['asks for an address nobody claims', { target: '192.0.2.99' }, { drop: 'unknown-address' }],
    ['asks on an interface that is not selected', { target: '192.0.2.11' }, { drop: 'not-on-this-interface' }],
    ['is a reply', { target: '192.0.2.10', operation: 2 }, { drop: 'not-a-request' }],
    ['is a reverse request', { target: '192.0.2.10', operation: 3 }, { drop: 'not-a-request' }],
    ['we sent ourselves', { target: '192.0.2.10', senderMac: '02:00:00:00:00:01' }, { drop: 'own-frame' }],
    ['is cut short', { target: '192.0.2.10', length: 41 }, { drop: 'malformed' }],
    ['is longer than ARP ever is', { target: '192.0.2.10', length: 1514 }, { drop: 'malformed' }],
    ['lies about the length of its addresses', { target: '192.0.2.10', protocolLength: 16 }, { drop: 'malformed' }],
    ['is IPv4', { target: '192.0.2.10', etherType: 0x0800 }, { drop: 'not-arp' }],
    ['is tagged for a VLAN', { target: '192.0.2.10', etherType: 0x8100 }, { drop: 'not-arp' }],
    ['ends within its head', { target: '192.0.2.10', length: 13 }, { drop: 'not-arp' }],
    ['is empty', { target: '192.0.2.10', length: 0 }, { drop: 'not-arp' }],
  ])('that %s', (_, text, decision) => {
    expect(decide(arpFrame(text), eth0, claims)).toEqual(decision);
  });
});

describe('of any bytes at all', () => {
  test('random frames are dropped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(decide(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), eth0, claims)).toHaveProperty('drop');
      }),
    );
  });

  test('a request with bytes changed or cut off is dropped or answered, and nothing throws', () => {
    const changes = fc.array(fc.tuple(fc.nat(59), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(changes, fc.nat(60), (changed, length) => {
        const frame = arpFrame({ target: '192.0.2.10' });
        for (const [at, value] of changed) frame.setUint8(at, value);
        const decision = decide(new DataView(frame.buffer, 0, length), eth0, claims);
        if (length < 42) expect(decision).toHaveProperty('drop');
        if ('answer' in decision) expect(claims.has(decision.answer)).toBe(true);
      }),
    );
  });
});
