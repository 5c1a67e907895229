import { describe, expect, test } from 'vitest';
import { readInterfaces } from '../../agents/speaker/view/interfacelist.js';

const links = (...all: object[]): string => JSON.stringify(all);
const V0 = {
  ifindex: 3,
  link: 'v1',
  ifname: 'v0',
  flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
  mtu: 1500,
  operstate: 'UP',
  link_type: 'ether',
  address: '02:00:00:00:00:10',
};
const address = (change: object): object => ({ family: 'inet6', local: 'fe80::10', prefixlen: 64, scope: 'link', ...change });

describe('what ip -json prints', () => {
  test('of a veth', () => {
    expect(readInterfaces(`${links(V0)}\n${links({ ...V0, addr_info: [address({})] })}\n`)).toEqual([
      {
        name: 'v0',
        index: 3,
        mac: '02:00:00:00:00:10',
        linkLocal: 'fe80::10',
        up: true,
        carrier: true,
        broadcast: true,
        noArp: false,
        generation: 0,
      },
    ]);
  });

  test.each<[string, object, object]>([
    ['a port', { ...V0, master: 'br0' }, { master: 'br0' }],
    ['one that is down', { ...V0, flags: ['BROADCAST', 'MULTICAST'] }, { up: false, carrier: false }],
    ['one without carrier', { ...V0, flags: ['NO-CARRIER', 'BROADCAST', 'UP'] }, { up: true, carrier: false }],
    ['one without ARP', { ...V0, flags: ['NOARP', 'UP', 'LOWER_UP'] }, { noArp: true, broadcast: false }],
  ])('of %s', (_, link, expected) => {
    expect(readInterfaces(`${links(link)}\n[]\n`)).toMatchObject([expected]);
  });

  test.each<[string, object]>([
    ['a tun device', { ...V0, link_type: 'none', address: undefined }],
    ['lo', { ...V0, link_type: 'loopback', address: '00:00:00:00:00:00' }],
    ['InfiniBand', { ...V0, link_type: 'infiniband', address: `80:00:${'00:'.repeat(17)}01` }],
  ])('of %s has no Ethernet address', (_, link) => {
    expect(readInterfaces(`${links(link)}\n[]\n`)[0]).not.toHaveProperty('mac');
  });

  test.each<[string, object[], string | undefined]>([
    ['the first of two', [address({}), address({ local: 'fe80::11' })], 'fe80::10'],
    ['not a tentative one', [address({ tentative: true }), address({ local: 'fe80::11' })], 'fe80::11'],
    ['not one somebody else has', [address({ dadfailed: true })], undefined],
    ['not one of another scope', [address({ scope: 'global', local: 'fd00::1' })], undefined],
    ['not one of IPv4', [address({ family: 'inet', local: '169.254.1.1' })], undefined],
    ['none where there is none', [], undefined],
    ['none where ip prints an empty object', [{}], undefined],
  ])('has as link-local address %s', (_, addresses, expected) => {
    const [one] = readInterfaces(`${links(V0)}\n${links({ ...V0, addr_info: addresses })}\n`);
    expect(one?.linkLocal).toBe(expected);
  });

  test.each([[''], ['[]'], ['[]\n[]\n[]'], ['{}\n[]'], ['[{}]\n[]'], ['[{"ifindex":1'], ['ip: unknown option']])(
    '%j is refused',
    (text) => {
      expect(() => readInterfaces(text)).toThrow();
    },
  );
});
