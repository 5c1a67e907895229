import { ApiObject, App, Chart, YamlOutputType } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { IPAddressPool, LoadBalancerService } from '../../constructs/index.js';
import { catchWarnings, errorsOf } from './network.js';

catchWarnings();

const WEB = { selector: { app: 'web' }, ports: [{ port: 80 }] } as const;

function twoCharts(yamlOutputType: YamlOutputType): readonly [Chart, Chart] {
  const app = new App({ yamlOutputType });
  const [one, two] = ['one', 'two'].map((id) => new Chart(app, id, { disableResourceNameHashes: true }));
  if (one === undefined || two === undefined) throw new Error('no charts');
  new IPAddressPool(one, 'pool', { addresses: ['10.0.0.0/24'] });
  return [one, two];
}

const webIn = (chart: Chart, id: string, namespace?: string): ApiObject =>
  new LoadBalancerService(chart, id, { ...WEB, metadata: { name: 'web', ...(namespace === undefined ? {} : { namespace }) } });

const { FILE_PER_APP, FILE_PER_CHART, FILE_PER_RESOURCE, FOLDER_PER_CHART_FILE_PER_RESOURCE } = YamlOutputType;

describe('two objects of one kind and name', () => {
  test.each<[string, YamlOutputType, (one: Chart, two: Chart) => void, readonly (readonly [string, RegExp])[]]>([
    [
      'in two namespaces and one folder clash',
      FOLDER_PER_CHART_FILE_PER_RESOURCE,
      (one) => [webIn(one, 'a', 'shop'), webIn(one, 'b', 'lab')],
      [
        [
          'one/b',
          /^FILE_CLASH \S*collision\.test\.ts:\d+:\d+ metadata\.name: Service lab\/web would be written over Service shop\/web \(one\/a\)/,
        ],
      ],
    ],
    [
      'in two namespaces and two folders do not',
      FOLDER_PER_CHART_FILE_PER_RESOURCE,
      (one, two) => [webIn(one, 'a', 'shop'), webIn(two, 'b', 'lab')],
      [],
    ],
    [
      'in two charts and no folders clash',
      FILE_PER_RESOURCE,
      (one, two) => [webIn(one, 'a', 'shop'), webIn(two, 'b', 'lab')],
      [['two/b', /^FILE_CLASH/]],
    ],
    ['in two namespaces and one file do not', FILE_PER_CHART, (one) => [webIn(one, 'a', 'shop'), webIn(one, 'b', 'lab')], []],
    [
      'without a namespace in one chart are one object',
      FILE_PER_APP,
      (one) => [webIn(one, 'a'), webIn(one, 'b')],
      [['one/b', /^DUPLICATE_OBJECT \S*collision\.test\.ts:\d+:\d+ metadata\.name: Service web is defined twice: one\/a is/]],
    ],
    [
      'in the namespace default of two charts are one object',
      FILE_PER_APP,
      (one, two) => [webIn(one, 'a', 'default'), webIn(two, 'b', 'default')],
      [['two/b', /^DUPLICATE_OBJECT/]],
    ],
    [
      'that nobody reads clash too',
      FOLDER_PER_CHART_FILE_PER_RESOURCE,
      (one) => {
        for (const namespace of ['shop', 'lab'])
          new ApiObject(one, namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace } });
      },
      [['one/lab', /^FILE_CLASH one\/lab metadata\.name: ConfigMap lab\/c/]],
    ],
  ])('%s', (_, type, build, expected) => {
    const [one, two] = twoCharts(type);
    build(one, two);
    expect(errorsOf(one)).toEqual(expected.map(([path, message]) => [path, expect.stringMatching(message)]));
  });
});
