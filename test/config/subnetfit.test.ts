import { describe, expect, test } from 'vitest';
import type { WrittenRange } from '../../src/config/overlap.js';
import { readSubnet, type Subnet } from '../../src/config/subnet.js';
import { findOutside, findTaken } from '../../src/config/subnetfit.js';
import { highestFree } from '../../src/config/subnetspace.js';
import { formatRange, parseRange } from '../../src/net/range.js';

function subnet(annotations: Readonly<Record<string, string>>): Subnet {
  const keyed = Object.fromEntries(Object.entries(annotations).map(([key, text]) => [`arpeggio.dev/${key}`, text]));
  const read = readSubnet(keyed);
  if (!read.ok || read.value === undefined) throw new Error(JSON.stringify(read));
  return read.value;
}

const written = (entries: readonly string[]): WrittenRange[] =>
  entries.flatMap((text, index) => {
    const read = parseRange(text);
    return read.ok ? [{ pool: 'web', index, text, range: read.value }] : [];
  });

const LAN = subnet({
  subnet: '192.168.1.0/24',
  gateway: '192.168.1.1',
  dhcp: '192.168.1.100-192.168.1.199',
  nodes: '192.168.1.10, 192.168.1.11',
  reserved: '192.168.1.224/28',
});
const SIX = subnet({ subnet: 'fd00:1::/64', gateway: 'fd00:1::1' });
const LINK = subnet({ subnet: '10.0.0.0/31' });

describe('a pool', () => {
  test.each<[string, Subnet, readonly string[], boolean, readonly string[]]>([
    ['beside everybody fits', LAN, ['192.168.1.200-192.168.1.223'], false, []],
    ['of the other family is no business of the subnet', LAN, ['fd00::/120'], false, []],
    ['elsewhere takes nothing', LAN, ['10.0.0.0/24'], false, []],
    ['has the gateway', LAN, ['192.168.1.1/32'], false, ['spec.addresses[0] has 192.168.1.1, but 192.168.1.1 is the gateway']],
    [
      'has some of what DHCP gives out',
      LAN,
      ['192.168.1.200-192.168.1.210', '192.168.1.90-192.168.1.110'],
      false,
      ['spec.addresses[1] has 192.168.1.100-192.168.1.110, but DHCP gives out 192.168.1.100-192.168.1.199'],
    ],
    [
      'has a node',
      LAN,
      ['192.168.1.11-192.168.1.20'],
      false,
      ['spec.addresses[0] has 192.168.1.11, but nodes have 192.168.1.11'],
    ],
    [
      'has what is reserved',
      LAN,
      ['192.168.1.239-192.168.1.254'],
      false,
      ['spec.addresses[0] has 192.168.1.239, but 192.168.1.224-192.168.1.239 is reserved'],
    ],
    [
      'has the network and the broadcast address',
      LAN,
      ['192.168.1.0/32', '192.168.1.240-192.168.1.255'],
      false,
      [
        'spec.addresses[0] has 192.168.1.0, but 192.168.1.0 is the network address',
        'spec.addresses[1] has 192.168.1.255, but 192.168.1.255 is the broadcast address',
      ],
    ],
    ['never gives them with avoidBuggyIPs', LAN, ['192.168.1.0/32', '192.168.1.240-192.168.1.255'], true, []],
    ['may have both addresses of a /31', LINK, ['10.0.0.0/31'], false, []],
    ['has an IPv6 gateway', SIX, ['fd00:1::/120'], false, ['spec.addresses[0] has fd00:1::1, but fd00:1::1 is the gateway']],
  ])('that %s', (_, where, entries, avoidBuggyIPs, found) => {
    const issues = findTaken(where, { ranges: written(entries), avoidBuggyIPs }, 'net.ts:3:1');
    const short = issues.map(({ path, message }) => `${path} ${message.replace(/^".*" of pool "web" | in subnet .*$/g, '')}`);
    expect(short).toEqual(found);
    for (const { code, message } of issues) {
      expect(code).toBe('SUBNET_OVERLAP');
      expect(message).toMatch(/ in subnet \S+ \(net\.ts:3:1\)$/);
    }
  });

  test.each<[string, Subnet, readonly string[], readonly string[]]>([
    ['inside its subnet is fine', LAN, ['192.168.1.0/24'], []],
    ['that leaves it at the end is told', LAN, ['192.168.1.250-192.168.2.3'], ['spec.addresses[0]']],
    ['that begins before it is told', LAN, ['192.168.1.7/32', '192.168.0.0-192.168.1.7'], ['spec.addresses[1]']],
    ['with both families is told of the one', LAN, ['fd00::/120', '10.0.0.0/8'], ['spec.addresses[1]']],
    ['of IPv6 is told', SIX, ['fd00:2::/120', '192.168.0.0/24'], ['spec.addresses[0]']],
  ])('%s', (_, where, entries, paths) => {
    const issues = findOutside(where, { ranges: written(entries), avoidBuggyIPs: false });
    expect(issues.map(({ code, path }) => [code, path])).toEqual(paths.map((path) => ['OUTSIDE_SUBNET', path]));
  });
});

describe('the highest free addresses of a subnet', () => {
  test.each<[string, Subnet, readonly string[], number, string]>([
    ['begin below the broadcast address', subnet({ subnet: '10.0.0.0/24' }), [], 4, '10.0.0.251-10.0.0.254'],
    ['pass over what is reserved', LAN, [], 15, '192.168.1.240-192.168.1.254'],
    ['lie in one piece', LAN, [], 16, '192.168.1.208-192.168.1.223'],
    ['pass over other pools', LAN, ['192.168.1.210/32', '192.168.1.240-192.168.1.254'], 8, '192.168.1.216-192.168.1.223'],
    ['may fill a hole exactly', LAN, [], 88, '192.168.1.12-192.168.1.99'],
    ['may be a whole /31', LINK, [], 2, '10.0.0.0-10.0.0.1'],
    ['are at the top in IPv6 too', SIX, [], 256, 'fd00:1::ffff:ffff:ffff:ff00-fd00:1::ffff:ffff:ffff:ffff'],
  ])('%s', (_, where, taken, size, range) => {
    const found = highestFree(
      where,
      written(taken).map((one) => one.range),
      size,
    );
    expect(found.ok && formatRange(found.value)).toBe(range);
  });

  test.each<[string, Subnet, number, string, RegExp]>([
    ['there are not so many', LAN, 89, 'SUBNET_FULL', /no 89 free addresses in a row; the most in one piece are 88$/],
    ['there are none', subnet({ subnet: '10.0.0.1/32', gateway: '10.0.0.1' }), 1, 'SUBNET_FULL', /in one piece are 0$/],
    ['it is none at all', LAN, 0, 'FIELD_INVALID', /a whole number from 1, not 0/],
    ['it is half an address', LAN, 1.5, 'FIELD_INVALID', /not 1\.5/],
  ])('are refused when %s', (_, where, size, code, message) => {
    expect(highestFree(where, [], size)).toMatchObject({
      ok: false,
      issues: [{ code, path: 'size', message: expect.stringMatching(message) }],
    });
  });
});
