/**
 * A dashboard of Grafana: who answers for what, what is left of the pools, and what is wrong.
 */

/** Two fit beside each other. */
const WIDTH = 12;
const HEIGHT = 8;

interface Graph {
  readonly title: string;
  readonly expr: string;
  /** With `{{label}}`. */
  readonly legend: string;
  /** Of Grafana. */
  readonly unit: 'short' | 'percentunit' | 's' | 'reqps';
  readonly type?: 'timeseries' | 'table';
}

export const GRAPHS: readonly Graph[] = [
  {
    ...{ title: 'Use of pools', unit: 'percentunit', legend: '{{pool}}' },
    expr: 'metallb_allocator_addresses_in_use_total / metallb_allocator_addresses_total',
  },
  {
    ...{ title: 'Addresses by node', unit: 'short', legend: '{{node}}' },
    expr: 'count by (node) (count by (node, ip) (metallb_speaker_announced == 1))',
  },
  {
    ...{ title: 'Requests for addresses', unit: 'reqps', legend: '{{ip}}' },
    expr: 'sum by (ip) (rate(metallb_layer2_requests_received[5m]))',
  },
  {
    ...{ title: 'Gratuitous frames', unit: 'reqps', legend: '{{pod}}' },
    expr: 'sum by (pod) (rate(metallb_layer2_gratuitous_sent[5m]))',
  },
  {
    ...{ title: 'From the last sign of life to the next owner, 99 of 100', unit: 's', legend: '{{evidence}}' },
    expr: 'histogram_quantile(0.99, sum by (evidence, le) (rate(arpeggio_failover_seconds_bucket[1h])))',
  },
  {
    ...{ title: 'Members of the gossip, as each speaker sees them', unit: 'short', legend: '{{pod}} {{state}}' },
    expr: 'sum by (pod, state) (arpeggio_memberlist_members)',
  },
  {
    ...{ title: 'Age of what agents know', unit: 's', legend: '{{pod}}' },
    expr: 'max by (pod) (arpeggio_view_age_seconds)',
  },
  {
    ...{ title: 'Old configuration', unit: 'short', legend: '{{pod}}' },
    expr: 'max by (pod) (metallb_k8s_client_config_stale_bool)',
  },
  {
    ...{ title: 'Strangers who claim an address', unit: 'short', legend: '{{ip}} {{mac}} {{interface}}', type: 'table' },
    expr: 'arpeggio_layer2_conflicts > 0',
  },
  {
    ...{ title: 'Who answers', unit: 'short', legend: '{{service}} {{ip}} {{node}}', type: 'table' },
    expr: 'metallb_speaker_announced == 1',
  },
];

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

const panel = ({ title, expr, legend, unit, type = 'timeseries' }: Graph, i: number): object => ({
  ...{ id: i + 1, title, type, datasource: DATASOURCE },
  gridPos: { x: (i % 2) * WIDTH, y: Math.floor(i / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  targets: [
    {
      ...{ refId: 'A', datasource: DATASOURCE, expr, legendFormat: legend },
      ...(type === 'table' ? { instant: true, format: 'table' } : {}),
    },
  ],
});

/** As Grafana imports it. */
export const DASHBOARD: object = {
  ...{
    uid: 'arpeggio',
    title: 'Arpeggio: Layer 2 addresses',
    tags: ['metallb', 'kubernetes'],
    schemaVersion: 39,
    editable: true,
  },
  time: { from: 'now-6h', to: 'now' },
  refresh: '30s',
  templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
  panels: GRAPHS.map(panel),
};
