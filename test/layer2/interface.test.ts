import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { announceable, announceFailedMessage } from '../../src/layer2/announceable.js';
import { type NetworkInterface, unusableFor, unusableForNdp } from '../../src/layer2/interface.js';
import { DEFAULT_EXCLUSIONS, leftOut, parseExclusion, selectInterfaces, selectionRule } from '../../src/layer2/selection.js';

const ETH0: NetworkInterface = {
  name: 'eth0',
  index: 2,
  mac: '02:00:00:00:00:01',
  linkLocal: 'fe80::1',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  generation: 0,
};
const eth = (name: string, change: Partial<NetworkInterface> = {}): NetworkInterface => ({ ...ETH0, name, ...change });
const without = (field: 'mac' | 'linkLocal'): NetworkInterface => {
  const { [field]: _, ...rest } = ETH0;
  return rest;
};

describe('an interface', () => {
  const enslaved = 'it is a member of br0, which is the interface to name instead';
  test.each<[string, NetworkInterface, string | undefined, string | undefined]>([
    ['is used as it should be', ETH0, undefined, undefined],
    ['is down', eth('eth0', { up: false, carrier: false }), 'it is down', 'it is down'],
    ['has no carrier', eth('eth0', { carrier: false }), 'it has no carrier', 'it has no carrier'],
    ['is enslaved', eth('eth0', { master: 'br0' }), enslaved, enslaved],
    ['does no ARP', eth('eth0', { noArp: true }), 'it does no ARP (NOARP)', 'it does no ARP (NOARP)'],
    ['has no broadcast', eth('eth0', { broadcast: false }), 'it has no broadcast', undefined],
    ['has no MAC', without('mac'), 'it has no Ethernet address', 'it has no Ethernet address'],
    ['has no link-local address', without('linkLocal'), undefined, 'it has no IPv6 link-local address'],
  ])('that %s', (_, one, arp, ndp) => {
    expect(unusableFor(one)).toBe(arp);
    expect(unusableForNdp(one)).toBe(ndp);
  });
});

describe('without --interface', () => {
  const rule = selectionRule([]);
  test.each([
    ['eth0', undefined],
    ['bond0.10', undefined],
    ['br-lan', undefined],
    ['mylo', undefined],
    ['lo', 'it is excluded by ^lo$'],
    ['lo1', undefined],
    ['docker0', 'it is excluded by ^docker.*'],
    ['veth1a2b3c4', 'it is excluded by ^veth.*'],
    ['my-veth', undefined],
    ['cali12ab', 'it is excluded by ^cali.*'],
    ['flannel.1', 'it is excluded by ^flannel.*'],
    ['kube-ipvs0', 'it is excluded by ^kube-ipvs.*'],
    ['lxc_health', 'it is excluded by ^lxc.*'],
    ['lxcbr0', 'it is excluded by ^lxcbr.*'],
    ['nodelocaldns', 'it is excluded by ^nodelocaldns.*'],
  ])('%s: %s', (name, why) => {
    expect(leftOut(name, rule)).toBe(why);
  });

  test('a list of exclusions replaces the default, as in MetalLB', () => {
    expect(leftOut('lo', selectionRule([], [/eth/u]))).toBeUndefined();
    expect(leftOut('myeth0', selectionRule([], [/eth/u]))).toBe('it is excluded by eth');
  });
});

describe('with --interface', () => {
  test('what is named is meant, by whatever name', () => {
    expect(leftOut('veth1', selectionRule(['veth1']))).toBeUndefined();
    expect(leftOut('eth0', selectionRule(['veth1']))).toBe('it is not one of --interface');
  });

  test('a list of exclusions counts nevertheless', () => {
    expect(leftOut('veth1', selectionRule(['veth1'], [/^veth/u]))).toBe('it is excluded by ^veth');
  });
});

test('every interface is either selected or left out', () => {
  const names = fc.uniqueArray(fc.constantFrom('eth0', 'eth1', 'lo', 'veth1', 'cni0', 'br0'));
  fc.assert(
    fc.property(names, fc.option(names), fc.option(fc.subarray([...DEFAULT_EXCLUSIONS])), (present, named, exclude) => {
      const rule = selectionRule(named ?? [], exclude ?? undefined);
      const { interfaces, leftOut: rest } = selectInterfaces(
        present.map((name) => eth(name)),
        rule,
      );
      expect([...interfaces.map(({ name }) => name), ...rest.keys()].sort()).toEqual([...present].sort());
    }),
  );
});

describe('an exclusion', () => {
  test.each([
    ['^docker.*', 'docker0', true],
    ['veth', 'my-veth', true],
    ['(?i)^ETH', 'eth0', true],
    ['^eth', 'ETH0', false],
    ['^(veth|cali).*$', 'cali1', true],
    ['', 'eth0', true],
  ])('%s on %s', (text, name, is) => {
    const read = parseExclusion(text);
    expect(read.ok && read.value.test(name)).toBe(is);
  });

  test.each([['^veth(.*'], ['*'], ['\\Aeth'], ['\\Qa\\E'], ['[[:alpha:]]'], ['(?P<n>eth)'], ['(?x)eth']])(
    '%s is refused',
    (text) => {
      expect(parseExclusion(text, 'announcedInterfacesToExclude[1]')).toMatchObject({
        ok: false,
        issues: [{ code: 'INTERFACE_EXCLUDE_INVALID', path: 'announcedInterfacesToExclude[1]' }],
      });
    },
  );

  test('is refused with the reason', () => {
    const read = parseExclusion('^veth(.*');
    expect(read.ok ? '' : read.issues[0]?.message).toBe('"^veth(.*" is not a regular expression: Unterminated group');
  });
});

describe('an address', () => {
  const node = selectInterfaces(
    [eth('eth0'), eth('eth1', { up: false }), eth('eth2', { broadcast: false }), eth('veth1')],
    selectionRule([]),
  );
  const nowhere = selectInterfaces([eth('veth1')], selectionRule([]));
  test.each<[string, 'all' | string[], ReturnType<typeof announceable>]>([
    ['on all interfaces is answered on those that can', 'all', { on: ['eth0'] }],
    ['on some of them too', ['eth1', 'eth0', 'eth9'], { on: ['eth0'] }],
    ['on one that is down is not', ['eth1'], { failed: 'unusable', why: 'eth1: it is down' }],
    [
      'on one that is missing is not',
      ['eth9', 'veth1'],
      { failed: 'missing', why: 'eth9: this node has no such interface; veth1: it is excluded by ^veth.*' },
    ],
    [
      'on one that is missing and one that cannot is not for the sake of the one that is there',
      ['eth9', 'eth2'],
      { failed: 'unusable', why: 'eth9: this node has no such interface; eth2: it has no broadcast' },
    ],
    ['on no interface is not', [], { failed: 'missing', why: 'this node has no interface to answer on' }],
  ])('%s', (_, wanted, answer) => {
    expect(announceable(wanted, node, unusableFor)).toEqual(answer);
  });

  test('of IPv6 has its own rule', () => {
    expect(announceable(['eth2'], node, unusableForNdp)).toEqual({ on: ['eth2'] });
  });

  test('on all interfaces of a node that has none to answer on', () => {
    expect(announceable('all', nowhere, unusableFor)).toEqual({
      failed: 'unusable',
      why: 'this node has no interface to answer on',
    });
  });

  test('gets a short reason where there are many', () => {
    const many = Array.from({ length: 100 }, (_, i) => eth(`eth${i}`, { up: false }));
    const answer = announceable('all', selectInterfaces(many, selectionRule([])), unusableFor);
    expect(answer).toMatchObject({ why: expect.stringMatching(/^(eth\d: it is down; ){8}and 92 more$/) });
  });

  test('that nobody can be asked for is told in the words of MetalLB, or in ours where it says nothing', () => {
    expect(announceFailedMessage('192.0.2.1', 'n1', 'missing', '')).toBe(
      'the interfaces specified by LB IP "192.0.2.1" doesn\'t exist in assigned node "n1" with protocol "layer2"',
    );
    expect(announceFailedMessage('192.0.2.1', 'n1', 'unusable', 'eth1: it is down')).toBe(
      'no interface that LB IP "192.0.2.1" may be announced on can answer in assigned node "n1" with protocol "layer2" (eth1: it is down)',
    );
  });
});
