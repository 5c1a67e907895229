import { type Chart, JsonPatch, Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { IPAddressPool, L2Advertisement, LoadBalancerService } from '../../constructs/index.js';
import { catchWarnings, emptyChart, errorsOf } from './network.js';

catchWarnings();

const poolIn = (chart: Chart): IPAddressPool => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/28'] });

describe('synth refuses, at the line that asked', () => {
  test.each<[string, (chart: Chart) => void, readonly RegExp[]]>([
    [
      'to exclude what is no range',
      (chart) => poolIn(chart).exclude('10.0.0.3', '10.0.0.300'),
      [/^ADDRESS_MALFORMED \S+:L:\d+ exclude\[1\]:/],
    ],
    [
      'to exclude what is not in the pool',
      (chart) => poolIn(chart).exclude('10.0.0.14-10.0.0.17'),
      [/^OUTSIDE_POOL \S+:L:\d+ cannot exclude/],
    ],
    [
      'to exclude everything',
      (chart) => poolIn(chart).exclude('10.0.0.0/28'),
      [/^FIELD_INVALID \S+ spec\.addresses: every address of the pool is excluded or reserved/],
    ],
    [
      'to reserve what is no address',
      (chart) => poolIn(chart).reserve('web', { address: '10.0.0.0/30' }),
      [/^ADDRESS_MALFORMED \S+:L:\d+ address:/],
    ],
    [
      'to reserve what is not in the pool',
      (chart) => poolIn(chart).reserve('web', { address: '10.0.0.16' }),
      [/^OUTSIDE_POOL \S+:L:\d+ cannot reserve/],
    ],
    [
      'to reserve twice',
      (chart) => {
        const pool = poolIn(chart);
        pool.reserve('web');
        pool.reserve('web');
      },
      [/^RESERVED_TWICE \S+ "web" has 10\.0\.0\.\d+ reserved already/],
    ],
    [
      'to reserve of a family the pool lacks',
      (chart) => poolIn(chart).reserve('web', { family: 'IPv6' }),
      [/^POOL_EXHAUSTED \S+:L:\d+ .* no free IPv6 address/],
    ],
    [
      'several of these, all at once',
      (chart) => {
        const pool = poolIn(chart);
        pool.exclude('10.0.1.0/24');
        pool.reserve('web', { address: '10.0.2.1' });
      },
      [/^OUTSIDE_POOL .* cannot exclude/, /^OUTSIDE_POOL .* cannot reserve/],
    ],
  ])('%s', (_, build, expected) => {
    const chart = emptyChart();
    build(chart);
    const errors = errorsOf(chart);
    expect(errors.map(([path]) => path)).toEqual(expected.map(() => 'net/a'));
    for (const [i, message] of expected.entries()) {
      expect(errors[i]?.[1].replace(/ipaddresspool\.test\.ts:\d+/, 'ipaddresspool.test.ts:L')).toMatch(message);
    }
  });

  test('which is not the line that made the pool', () => {
    const chart = emptyChart();
    const pool = poolIn(chart);
    const here = new Error().stack?.split('\n')[1] ?? '';
    pool.exclude('10.0.1.0/24');
    const line = Number(/:(\d+):\d+/.exec(here)?.[1]) + 1;
    expect(errorsOf(chart)[0]?.[1]).toMatch(new RegExp(`ipaddresspool\\.test\\.ts:${line}:`));
  });
});

describe('reservations', () => {
  test('are a pool of their own that gives none by itself, open to the same Services', () => {
    const chart = emptyChart();
    const pool = new IPAddressPool(chart, 'a', {
      metadata: { labels: { zone: 'x' }, annotations: { note: 'y' } },
      addresses: ['10.0.0.0/28'],
      autoAssign: true,
      avoidBuggyIPs: true,
      serviceAllocation: { priority: 1, namespaces: ['shop'] },
    });
    pool.reserve('web', { address: '10.0.0.9' });
    pool.reserve('db', { address: '10.0.0.4' });
    pool.metadata.addLabel('late', 'yes');
    expect(Testing.synth(chart)).toEqual([
      expect.objectContaining({
        spec: expect.objectContaining({
          addresses: ['10.0.0.0-10.0.0.3', '10.0.0.5-10.0.0.8', '10.0.0.10-10.0.0.15'],
          autoAssign: true,
        }),
      }),
      {
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: {
          name: 'a-reserved',
          namespace: 'metallb-system',
          labels: { zone: 'x', late: 'yes' },
          annotations: { note: 'y' },
        },
        spec: {
          addresses: ['10.0.0.4/32', '10.0.0.9/32'],
          autoAssign: false,
          avoidBuggyIPs: true,
          serviceAllocation: { priority: 1, namespaces: ['shop'] },
        },
      },
    ]);
  });

  test('are announced with their pool, also when they come later', () => {
    const chart = emptyChart();
    const pool = poolIn(chart);
    new L2Advertisement(chart, 'adv', { ipAddressPools: [pool] });
    pool.reserve('web');
    expect(Testing.synth(chart).find(({ kind }) => kind === 'L2Advertisement')?.spec).toEqual({
      ipAddressPools: ['a', 'a-reserved'],
    });
  });

  test('are texts that a Service of any construct can use', () => {
    const web = poolIn(emptyChart()).reserve('web', { address: '10.0.0.9' });
    expect([web.name, web.address, `${web}`]).toEqual(['web', '10.0.0.9', '10.0.0.9']);
  });
});

describe('escape hatches', () => {
  test('change a pool that addresses were taken out of, and the verdict is on the result', () => {
    const chart = emptyChart();
    const pool = poolIn(chart).exclude('10.0.0.3');
    pool.addJsonPatch(JsonPatch.add('/spec/addresses/-', '10.9.0.9-10.9.0.1'));
    expect(errorsOf(chart)).toEqual([['net/a', expect.stringMatching(/^RANGE_REVERSED .* spec\.addresses\[2\]/)]]);
  });

  test('change the pool of reserved addresses', () => {
    const chart = emptyChart();
    const pool = poolIn(chart);
    const web = pool.reserve('web');
    new LoadBalancerService(chart, 'web', { selector: { app: 'web' }, ports: [{ port: 80 }], address: web });
    const reserved = pool.node.findChild('reserved');
    const { metadata } = reserved as IPAddressPool;
    metadata.addLabel('ours', 'yes');
    expect(Testing.synth(chart)[1].metadata.labels).toEqual({ ours: 'yes' });
  });
});
