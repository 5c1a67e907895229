import { ApiObject, App, Chart, JsonPatch, Testing, YamlOutputType } from 'cdk8s';
import { describe, expect, test, vi } from 'vitest';
import { Crds, IPAddressPool, L2Advertisement, LoadBalancerService } from '../../constructs/index.js';
import { catchWarnings, emptyChart, errorsOf } from './network.js';

const warnings = catchWarnings();

describe('synth refuses', () => {
  test.each<[string, (chart: Chart) => void, string, RegExp]>([
    [
      'a range from high to low',
      (chart) => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.9-10.0.0.1'] }),
      'net/a',
      /RANGE_REVERSED .*verdict\.test\.ts:\d+:\d+ spec\.addresses\[0\]: the first address, 10\.0\.0\.9, is after/,
    ],
    [
      'a single address',
      (chart) => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24', '10.0.1.1'] }),
      'net/a',
      /RANGE_MALFORMED .* spec\.addresses\[1\]: .* is written 10\.0\.1\.1\/32/,
    ],
    [
      'no addresses',
      (chart) => new IPAddressPool(chart, 'a', { addresses: [] }),
      'net/a',
      /FIELD_INVALID .* spec\.addresses: must have at least one entry/,
    ],
    [
      'pools that share addresses',
      (chart) => {
        new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
        new IPAddressPool(chart, 'b', { addresses: ['10.0.0.128-10.0.1.1'] });
      },
      'net/b',
      /POOL_OVERLAP .*"10\.0\.0\.0\/24" of pool "a" \(.*verdict\.test\.ts:\d+:\d+\)/,
    ],
    [
      'two objects of one name',
      (chart) => {
        new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
        new IPAddressPool(chart, 'b', { metadata: { name: 'a' }, addresses: ['10.0.1.0/24'] });
      },
      'net/b',
      /DUPLICATE_OBJECT .* duplicate definition of IPAddressPool "a"/,
    ],
    [
      'a misspelt prop of a program without types',
      (chart) => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'], ...{ autoAsign: true } }),
      'net/a',
      /UNKNOWN_FIELD .*did you mean "autoAssign"/,
    ],
    [
      'a number for a range, of a program without types',
      (chart) => new IPAddressPool(chart, 'a', { addresses: [5] as unknown as string[] }),
      'net/a',
      /FIELD_INVALID .* spec\.addresses\[0\]: must be text, not the number 5/,
    ],
    [
      'another namespace than metallb-system',
      (chart) => new L2Advertisement(chart, 'a', { metadata: { namespace: 'default' } }),
      'net/a',
      /FIELD_INVALID .* metadata\.namespace: must be metallb-system/,
    ],
    [
      'a weight above 100',
      (chart) => new L2Advertisement(chart, 'a', { preferredNodeSelectors: [{ weight: 101, preference: {} }] }),
      'net/a',
      /FIELD_INVALID .* spec\.preferredNodeSelectors\[0\]\.weight: must be at most 100, not 101/,
    ],
    [
      'a selector that cannot be',
      (chart) => new L2Advertisement(chart, 'a', { nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'Inn' }] }] }),
      'net/a',
      /SELECTOR_INVALID .* spec\.nodeSelectors\[0\]/,
    ],
    [
      'a negative priority',
      (chart) => new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'], serviceAllocation: { priority: -1 } }),
      'net/a',
      /PRIORITY_NEGATIVE .* spec\.serviceAllocation\.priority/,
    ],
  ])('%s', (_, build, path, message) => {
    const chart = emptyChart();
    build(chart);
    const errors = chart.node
      .findAll()
      .flatMap((construct) => construct.node.validate().map((text) => [construct.node.path, text]));
    expect(errors).toEqual([[path, expect.stringMatching(message)]]);
    expect(() => Testing.synth(chart)).toThrow(message);
  });
});

describe('the verdict', () => {
  test('hides no mistake behind another', () => {
    const chart = emptyChart();
    new IPAddressPool(chart, 'a', { addresses: ['10.0.0.9-10.0.0.1', '10.0.1.0/24'], ...{ autoAsign: true } });
    new IPAddressPool(chart, 'b', { addresses: ['10.0.1.0/25'] });
    expect(errorsOf(chart).map(([path, text]) => [path, text.split(' ')[0]])).toEqual([
      ['net/a', 'UNKNOWN_FIELD'],
      ['net/a', 'RANGE_REVERSED'],
      ['net/b', 'POOL_OVERLAP'],
    ]);
  });

  test('changes with every construct that joins', () => {
    const chart = emptyChart();
    const first = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
    expect(first.node.validate()).toEqual([]);
    const second = new IPAddressPool(chart, 'b', { addresses: ['10.0.0.0/25'] });
    expect(second.node.validate()).toHaveLength(1);
    chart.node.tryRemoveChild('a');
    new IPAddressPool(chart, 'c', { addresses: ['10.0.1.0/24'] });
    expect(second.node.validate()).toEqual([]);
  });

  test('names the line of each of two constructs made on one line', () => {
    const chart = emptyChart();
    for (const id of ['a', 'b']) new IPAddressPool(chart, id, { addresses: [id] });
    expect(chart.node.children.map((child) => child.node.validate().length)).toEqual([1, 1]);
  });

  test('is found anew when the app is written again', () => {
    const app = Testing.app({ yamlOutputType: YamlOutputType.FILE_PER_RESOURCE });
    const chart = new Chart(app, 'net');
    const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
    new L2Advertisement(chart, 'everything');
    app.synth();
    pool.addJsonPatch(JsonPatch.replace('/spec/addresses/0', '10.0.0.0'));
    expect(() => app.synth()).toThrow('RANGE_MALFORMED');
    expect(() => app.synthYaml()).toThrow('RANGE_MALFORMED');
    expect(() => Testing.synth(chart)).toThrow('RANGE_MALFORMED');
    pool.addJsonPatch(JsonPatch.replace('/spec/addresses/0', '10.0.0.0/24'));
    pool.metadata.addAnnotation('arpeggio.dev/subnet', '10.1');
    expect(() => app.synth()).toThrow('FIELD_INVALID');
  });

  test('is found once each time an app is written', () => {
    const app = Testing.app();
    const charts = ['one', 'two', 'three'].map((id) => new Chart(app, id));
    const pools = charts.map((chart, i) => new IPAddressPool(chart, `pool-${i}`, { addresses: [`10.0.${i}.0/24`] }));
    new L2Advertisement(new Chart(app, 'four'), 'everything');
    const [first] = pools;
    if (first === undefined) throw new Error('no pool');
    const written = vi.spyOn(first, 'toJson');
    app.synth();
    expect(written).toHaveBeenCalledTimes(2);
  });

  test('is on what is written, escape hatches included', () => {
    const chart = emptyChart();
    const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
    pool.addJsonPatch(JsonPatch.replace('/spec/addresses/0', '10.0.0.0'));
    expect(pool.node.validate()).toEqual([expect.stringContaining('RANGE_MALFORMED')]);
  });
});

describe('warnings', () => {
  test('are told once, on standard error, with the line of the author, however many charts are written', () => {
    const app = new App();
    const charts = ['one', 'two', 'three'].map((id) => new Chart(app, id, { disableResourceNameHashes: true }));
    for (const [i, chart] of charts.entries()) new IPAddressPool(chart, `pool-${i}`, { addresses: [`10.0.${i}.0/24`] });
    for (const chart of charts) Testing.synth(chart);
    expect(warnings).toEqual(
      [0, 1, 2].map((i) =>
        expect.stringMatching(new RegExp(`^POOL_UNADVERTISED \\S*verdict\\.test\\.ts:\\d+:\\d+ warning: .*pool "pool-${i}"`)),
      ),
    );
  });

  test('are none about Nodes and Namespaces, of which an app seldom has all', () => {
    const chart = emptyChart();
    new ApiObject(chart, 'ns', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab', labels: { team: 'lab' } } });
    for (const name of ['n1', 'n2']) new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    const shop = { namespaces: ['shop'], namespaceSelectors: [{ matchLabels: { team: 'shop' } }] };
    const others = { namespaceSelectors: [{ matchLabels: { team: 'other' } }] };
    const pools = [shop, others].map(
      (serviceAllocation, i) => new IPAddressPool(chart, `p${i}`, { addresses: [`10.0.${i}.0/24`], serviceAllocation }),
    );
    const edge = { matchLabels: { edge: 'true' } };
    new L2Advertisement(chart, 'adv', {
      ipAddressPools: pools,
      nodeSelectors: [edge],
      preferredNodeSelectors: [{ weight: 1, preference: edge }],
    });
    new L2Advertisement(chart, 'one', {
      ipAddressPools: pools,
      nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'n1' } }],
    });
    Testing.synth(chart);
    expect(warnings).toEqual([]);
  });

  test('are none about a class, which the agents are told and no app', () => {
    const chart = emptyChart();
    const pool = new IPAddressPool(chart, 'a', { addresses: ['10.0.0.0/24'] });
    new L2Advertisement(chart, 'adv', { ipAddressPools: [pool] });
    new LoadBalancerService(chart, 'web', { selector: { app: 'web' }, ports: [{ port: 80 }], pool, loadBalancerClass: 'ours' });
    Testing.synth(chart);
    expect(warnings).toEqual([]);
  });
});

test('an advertisement without props announces every pool', () => {
  const chart = emptyChart();
  new L2Advertisement(chart, 'everything');
  expect(Testing.synth(chart)).toEqual([
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'L2Advertisement',
      metadata: { name: 'everything', namespace: 'metallb-system' },
      spec: {},
    },
  ]);
});

test('the CRDs are protected from pruning', () => {
  for (const crd of Testing.synth(new Crds(new App(), 'crds'))) {
    expect(crd.metadata.annotations).toMatchObject({
      'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
      'kustomize.toolkit.fluxcd.io/prune': 'disabled',
    });
  }
});
