import { ApiObject, type Chart, Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { IPAddressPool, Subnet } from '../../constructs/index.js';
import { catchWarnings, emptyChart, errorsOf, lanIn } from './network.js';

catchWarnings();

describe('synth refuses', () => {
  test.each<[string, (chart: Chart) => void, readonly (readonly [string, RegExp])[]]>([
    [
      'every mistake in a subnet, at once',
      (chart) =>
        new Subnet(chart, 'lan', {
          cidr: '192.168.1.0/24',
          gateway: '192.168.2.1',
          dhcp: ['192.168.1.199-192.168.1.100', '192.168.1.0/33'],
          nodes: ['192.168.1.x', '192.168.1.250-192.168.2.1'],
          reserved: ['fd00::1'],
        }),
      [
        [
          'net/lan',
          /^OUTSIDE_SUBNET \S*subnet\.test\.ts:\d+:\d+ gateway: "192\.168\.2\.1" is not inside the subnet 192\.168\.1\.0\/24/,
        ],
        ['net/lan', /^RANGE_REVERSED \S*subnet\.test\.ts:\d+:\d+ dhcp\[0\]: .*write 192\.168\.1\.100-192\.168\.1\.199$/],
        ['net/lan', /^PREFIX_MALFORMED .* dhcp\[1\]:/],
        ['net/lan', /^ADDRESS_MALFORMED .* nodes\[0\]: .*"x" is not a decimal number/],
        ['net/lan', /^OUTSIDE_SUBNET .* nodes\[1\]:/],
        ['net/lan', /^OUTSIDE_SUBNET .* reserved\[0\]: "fd00::1"/],
      ],
    ],
    [
      'a subnet without a length, and says nothing of the pools taken from it',
      (chart) => {
        const lan = new Subnet(chart, 'lan', { cidr: '192.168.1.0', gateway: '192.168.1' });
        const pool = new IPAddressPool(chart, 'a', { subnet: lan, size: 8 });
        pool.exclude('192.168.1.3');
        pool.reserve('web');
      },
      [
        ['net/lan', /^PREFIX_MALFORMED .* cidr: "192\.168\.1\.0" is not a CIDR prefix: there is no "\/"/],
        ['net/lan', /^ADDRESS_MALFORMED .* gateway:/],
      ],
    ],
    [
      'a range for a gateway',
      (chart) => new Subnet(chart, 'lan', { cidr: '192.168.1.0/24', gateway: '192.168.1.1/24' }),
      [['net/lan', /^ADDRESS_MALFORMED .* gateway: "192\.168\.1\.1\/24"/]],
    ],
    [
      'the network address for a gateway',
      (chart) => new Subnet(chart, 'lan', { cidr: '192.168.1.0/24', gateway: '192.168.1.0' }),
      [['net/lan', /^FIELD_INVALID .* gateway: "192\.168\.1\.0" is the network address of 192\.168\.1\.0\/24/]],
    ],
    [
      'a pool that overlaps the DHCP range of its subnet, and names both places',
      (chart) => new IPAddressPool(chart, 'a', { subnet: lanIn(chart), addresses: ['192.168.1.190-192.168.1.210'] }),
      [
        [
          'net/a',
          /^SUBNET_OVERLAP \S*subnet\.test\.ts:\d+:\d+ spec\.addresses\[0\]: .* has 192\.168\.1\.190-192\.168\.1\.199, but DHCP gives out 192\.168\.1\.100-192\.168\.1\.199 in subnet 192\.168\.1\.0\/24 \(\S*network\.ts:\d+:\d+\)$/,
        ],
      ],
    ],
    [
      'a pool that overlaps a subnet it was not taken from',
      (chart) => {
        new IPAddressPool(chart, 'a', { addresses: ['192.168.1.0-192.168.1.10'] });
        lanIn(chart);
      },
      [
        ['net/a', /^SUBNET_OVERLAP .* is the gateway/],
        ['net/a', /^SUBNET_OVERLAP .* nodes have 192\.168\.1\.10-192\.168\.1\.12/],
        ['net/a', /^SUBNET_OVERLAP .* is the network address/],
      ],
    ],
    [
      'a pool that leaves its subnet',
      (chart) => new IPAddressPool(chart, 'a', { subnet: lanIn(chart), addresses: ['192.168.1.251-192.168.2.5'] }),
      [
        ['net/a', /^OUTSIDE_SUBNET \S*subnet\.test\.ts:\d+:\d+ spec\.addresses\[0\]: .* \(\S*network\.ts:\d+:\d+\)/],
        ['net/a', /^SUBNET_OVERLAP .* is the broadcast address/],
      ],
    ],
    [
      'a pool that is larger than what is free, and nothing that follows from it',
      (chart) => new IPAddressPool(chart, 'a', { subnet: lanIn(chart), size: 300 }).reserve('web'),
      [['net/a', /^SUBNET_FULL \S*subnet\.test\.ts:\d+:\d+ size: .*the most in one piece are 87$/]],
    ],
    [
      'a second pool that is written over one that was taken',
      (chart) => {
        const lan = lanIn(chart);
        new IPAddressPool(chart, 'a', { subnet: lan, size: 8 });
        new IPAddressPool(chart, 'b', { subnet: lan, addresses: ['192.168.1.248-192.168.1.249'] });
      },
      [['net/b', /^POOL_OVERLAP .* both have 192\.168\.1\.248-192\.168\.1\.249$/]],
    ],
    [
      'a pool with annotations that are no subnet, written by hand',
      (chart) =>
        new ApiObject(chart, 'plain', {
          apiVersion: 'metallb.io/v1beta1',
          kind: 'IPAddressPool',
          metadata: { name: 'a', namespace: 'metallb-system', annotations: { 'arpeggio.dev/subnet': '192.168.1' } },
          spec: { addresses: ['192.168.1.1/32'] },
        }) && new IPAddressPool(chart, 'b', { addresses: ['10.0.0.0/24'] }),
      [['net/plain', /^FIELD_INVALID net\/plain metadata\.annotations\["arpeggio\.dev\/subnet"\]:/]],
    ],
    [
      'what is no text, as an environment variable that is not set',
      (chart) => {
        const missing = undefined as unknown as string;
        const lan = new Subnet(chart, 'lan', { cidr: missing, nodes: [missing], dhcp: null as unknown as string[] });
        new IPAddressPool(chart, 'a', { subnet: lan, size: 4 });
        const pool = new IPAddressPool(chart, 'b', { addresses: ['10.0.0.0/24'] }).exclude(missing);
        pool.reserve(missing);
        pool.reserve('web', { address: 5 as unknown as string });
      },
      [
        ['net/lan', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ cidr: must be text, not undefined$/],
        ['net/lan', /^FIELD_INVALID .* dhcp: must be a list of texts, not null/],
        ['net/lan', /^FIELD_INVALID .* nodes\[0\]: must be text/],
        ['net/b', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ exclude\[0\]: must be text/],
        ['net/b', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ name: must be text/],
        ['net/b', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ address: must be text, not the number 5/],
      ],
    ],
    [
      'a subnet that is none of ours',
      (chart) => {
        const strange = {} as unknown as Subnet;
        new IPAddressPool(chart, 'a', { subnet: strange, size: 4 });
        new IPAddressPool(chart, 'b', { subnet: strange, addresses: ['10.0.0.0/24'] });
      },
      [
        ['net/a', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ subnet: is no Subnet of this copy/],
        ['net/b', /^FIELD_INVALID \S*subnet\.test\.ts:\d+:\d+ subnet: is no Subnet of this copy/],
      ],
    ],
    [
      'size without a subnet, in a program without types',
      (chart) => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'], ...({ size: 4 } as object) }),
      [['net/a', /^UNKNOWN_FIELD .*"size" is not a field/]],
    ],
  ])('%s', (_, build, expected) => {
    const chart = emptyChart();
    build(chart);
    expect(errorsOf(chart)).toEqual(expected.map(([path, message]) => [path, expect.stringMatching(message)]));
    expect(() => Testing.synth(chart)).toThrow('Validation failed');
  });
});

const addressesOf = (chart: Chart): unknown[] =>
  Testing.synth(chart).map(({ metadata, spec }) => [metadata.name, spec.addresses]);

describe('pools of a subnet', () => {
  test('take what is free from the top, each after those made before it', () => {
    const chart = emptyChart();
    const lan = lanIn(chart);
    new IPAddressPool(chart, 'written', { subnet: lan, addresses: ['192.168.1.248/31'] });
    new IPAddressPool(chart, 'eight', { subnet: lan, size: 8 });
    new IPAddressPool(chart, 'four', { subnet: lan, size: 4 });
    new IPAddressPool(chart, 'one', { subnet: lan, size: 1 });
    expect(addressesOf(chart)).toEqual([
      ['written', ['192.168.1.248/31']],
      ['eight', ['192.168.1.240-192.168.1.247']],
      ['four', ['192.168.1.251-192.168.1.254']],
      ['one', ['192.168.1.239/32']],
    ]);
  });

  test('may lie in another chart, and have ranges of the other family', () => {
    const chart = emptyChart();
    const lan = lanIn(chart);
    const other = emptyChart();
    new IPAddressPool(other, 'dual', { subnet: lan, addresses: ['192.168.1.200-192.168.1.203', 'fd00::/120'] });
    expect(addressesOf(other)).toEqual([['dual', ['192.168.1.200-192.168.1.203', 'fd00::/120']]]);
  });

  test('span the network and the broadcast address when they avoid such addresses', () => {
    const chart = emptyChart();
    new IPAddressPool(chart, 'a', { subnet: lanIn(chart), addresses: ['192.168.1.251-192.168.1.255'], avoidBuggyIPs: true });
    expect(errorsOf(chart)).toEqual([]);
  });

  test('carry what is known of the subnet, beside annotations of their own', () => {
    const chart = emptyChart();
    new IPAddressPool(chart, 'a', { subnet: lanIn(chart), size: 2, metadata: { annotations: { note: 'ours' } } });
    expect(Testing.synth(chart)[0].metadata.annotations).toEqual({
      note: 'ours',
      'arpeggio.dev/subnet': '192.168.1.0/24',
      'arpeggio.dev/gateway': '192.168.1.1',
      'arpeggio.dev/dhcp': '192.168.1.100-192.168.1.199',
      'arpeggio.dev/nodes': '192.168.1.10-192.168.1.12',
      'arpeggio.dev/reserved': '192.168.1.250',
    });
  });
});
