/**
 * What the guide takes for granted without printing it: a workload for `app: critical-app`, Services that its advertisements are seen by,
 * and the kind that Prometheus' operator brings.
 */
import { workload } from '../workload.js';

/** It answers with the name of its Pod. */
const CRITICAL = workload({ name: 'critical-app', answer: 'process.env.HOSTNAME', port: 8443 });

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
export const PRESUPPOSED: Readonly<Record<string, string>> = {
  'critical-app.yaml': list([CRITICAL, service('on-edge-nodes', '192.168.1.150'), service('on-interfaces', '192.168.1.250')]),
  'prometheusrule-crd.yaml': list([PROMETHEUS_RULE]),
};
