import { readFileSync } from 'node:fs';
import { App, Yaml } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../agents/runtime/metrics.js';
import { ALERTS } from '../../constructs/alerts.js';
import { GRAPHS } from '../../constructs/dashboard.js';
import { Agents, Monitoring, type MonitoringProps } from '../../constructs/index.js';
import { parseManifests } from '../api/manifests.js';

interface Endpoint {
  readonly port: string;
  readonly relabelings: readonly { readonly replacement: string }[];
}

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: object };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly podMetricsEndpoints: readonly Endpoint[];
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: { readonly containers: readonly { readonly ports: readonly { readonly name: string }[] }[] };
    };
  };
}

const watched = (props: MonitoringProps = {}): readonly Written[] =>
  new Monitoring(new App(), 'monitoring', props).toJson() as Written[];

test('it is as it was', async () => {
  await expect(Yaml.stringify(...watched())).toMatchFileSnapshot('../golden/constructs/monitoring.yaml');
});

test.each([
  ['in clear', {}, {}],
  ['over HTTPS', { token: { name: 'prometheus', key: 'token' } }, { secureMetrics: true }],
])('%s, each Pod of the agents is scraped at a port that it has', (_, props, agents) => {
  const workloads = (new Agents(new App(), 'agents', agents).toJson() as Written[]).filter(({ spec }) => 'template' in spec);
  const monitors = watched(props).filter(({ kind }) => kind === 'PodMonitor');
  const scraped = monitors.map(({ spec }) => [spec.selector.matchLabels, spec.podMetricsEndpoints[0]?.port]);
  expect(scraped).toEqual(
    workloads.map(({ spec: { template } }) => [template.metadata.labels, template.spec.containers[0]?.ports[0]?.name]),
  );
  expect(monitors.map(({ spec }) => spec.podMetricsEndpoints[0]?.relabelings[0]?.replacement)).toEqual([
    'metallb-controller',
    'metallb-speaker',
  ]);
});

test('a Prometheus that chooses by labels finds all of it', () => {
  for (const { metadata } of watched({ labels: { release: 'kube-prometheus' } })) {
    expect(metadata.labels).toMatchObject({ app: 'metallb', release: 'kube-prometheus' });
  }
});

test("the guide's alerts are among them", () => {
  const manifests = parseManifests(readFileSync(new URL('../fixtures/guide/25-alerts.yaml', import.meta.url), 'utf8'));
  const groups = manifests.flatMap(({ spec }) => (spec as { groups: readonly { readonly rules: typeof ALERTS }[] }).groups);
  const printed = groups.flatMap(({ rules }) => rules);
  expect(printed).toHaveLength(3);
  for (const { alert, expr, for: duration, labels } of printed)
    expect(ALERTS).toContainEqual(expect.objectContaining({ alert, expr: expr.trim(), for: duration, labels }));
});

describe('every series that is asked for', () => {
  const metrics = createMetrics({ node: 'n1', components: ['controller', 'speaker'], now: () => 0, process: false });
  const known = new Set([...metrics.text().matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
  /** Of Prometheus and of kube-state-metrics. */
  const others = new Set(['up', 'kube_node_info']);

  test.each([
    ...ALERTS.map(({ alert, expr }) => [`the alert ${alert}`, expr]),
    ...GRAPHS.map(({ title, expr }) => [`the graph "${title}"`, expr]),
  ])('by %s is one of the agents', (_, expr) => {
    const asked = [...expr.matchAll(/\b(?:metallb|arpeggio|kube)_\w+|\bup\b/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !known.has(name) && !others.has(name))).toEqual([]);
  });
});

test('Grafana is given JSON, with a panel for each graph', () => {
  const map = watched().find(({ kind }) => kind === 'ConfigMap');
  const { panels } = JSON.parse(map?.data?.['arpeggio.json'] ?? '') as { panels: { title: string; id: number }[] };
  expect(panels.map(({ title }) => title)).toEqual(GRAPHS.map(({ title }) => title));
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});
