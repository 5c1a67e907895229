/**
 * How agents are watched, in a cluster that has the Prometheus operator (monitoring.coreos.com/v1) and Grafana: which Pods are scraped, what
 * somebody is told of, and a dashboard.
 *
 * Not part of {@link Install}, because most of its kinds are not Kubernetes' own.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { METALLB_NAMESPACE } from '../src/api/object.js';
import { ALERTS, JOBS } from './alerts.js';
import { DASHBOARD } from './dashboard.js';

export interface MonitoringProps {
  /**
   * Labels of all of it, by which a Prometheus chooses what it heeds.
   *
   * @default {}
   */
  readonly labels?: Readonly<Record<string, string>>;

  /**
   * How often agents are asked.
   *
   * @default 30s
   */
  readonly interval?: string;

  /**
   * Where the token of whoever scrapes is, a key of a Secret in `metallb-system`: for agents with `secureMetrics`.
   *
   * @default - metrics are scraped in clear
   */
  readonly token?: { readonly name: string; readonly key: string };
}

export class Monitoring extends Chart {
  constructor(scope: Construct, id: string, { labels = {}, interval = '30s', token }: MonitoringProps = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    const add = (apiVersion: string, kind: string, name: string, fields: object, more: object = {}): ApiObject =>
      new ApiObject(this, `${kind}-${name}`, {
        ...{ apiVersion, kind, ...fields },
        metadata: { name, namespace: METALLB_NAMESPACE, labels: { app: 'metallb', ...labels, ...more } },
      });
    for (const [component, job] of Object.entries(JOBS)) {
      const endpoint = {
        ...(token === undefined ? { port: 'monitoring' } : overHttps(token)),
        ...{ interval, path: '/metrics', honorLabels: true },
        relabelings: [{ targetLabel: 'job', replacement: job }],
      };
      const selector = { matchLabels: { app: 'metallb', component } };
      add('monitoring.coreos.com/v1', 'PodMonitor', component, { spec: { selector, podMetricsEndpoints: [endpoint] } });
    }
    const rules = { spec: { groups: [{ name: 'metallb', rules: ALERTS }] } };
    add('monitoring.coreos.com/v1', 'PrometheusRule', 'metallb', rules);
    // The label that Grafana's charts look for.
    const data = { 'arpeggio.json': JSON.stringify(DASHBOARD, undefined, 2) };
    add('v1', 'ConfigMap', 'metallb-dashboard', { data }, { grafana_dashboard: '1' });
  }
}

/** The certificate signs itself, unless somebody gave agents one. */
const overHttps = (token: object): object => ({
  ...{ port: 'metricshttps', scheme: 'https', tlsConfig: { insecureSkipVerify: true } },
  authorization: { credentials: token },
});
