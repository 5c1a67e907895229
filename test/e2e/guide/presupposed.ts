/**
 * What the guide takes for granted without printing it: a workload for `app: critical-app`, Services that its advertisements are seen by,
 * and the kind that Prometheus' operator brings.
 */

/** It answers with the name of its Pod. */
const SERVE =
  "require('http').createServer((_, answer) => answer.end(process.env.HOSTNAME)).listen(8443); process.on('SIGTERM', process.exit)";

const workload = (image: string): object => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'critical-app' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'critical-app' } },
    template: {
      metadata: { labels: { app: 'critical-app' } },
      spec: { containers: [{ name: 'app', image, command: ['node', '-e', SERVE] }] },
    },
  },
});

const service = (name: string, address: string): object => ({
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { name, annotations: { 'metallb.io/loadBalancerIPs': address } },
  spec: { type: 'LoadBalancer', selector: { app: 'critical-app' }, ports: [{ port: 443, targetPort: 8443 }] },
});

const PROMETHEUS_RULE = {
  ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  metadata: { name: 'prometheusrules.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { kind: 'PrometheusRule', plural: 'prometheusrules' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** By their names in the folder where the guide's commands run. */
export const presupposed = (image: string): Readonly<Record<string, string>> => ({
  'critical-app.yaml': list([
    workload(image),
    service('on-edge-nodes', '192.168.1.150'),
    service('on-interfaces', '192.168.1.250'),
  ]),
  'prometheusrule-crd.yaml': list([PROMETHEUS_RULE]),
});
