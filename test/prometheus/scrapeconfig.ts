/**
 * What the Prometheus operator makes of a PodMonitor: a scrape configuration that finds Pods by the API server. Only what ours says is
 * known; a field that is not is refused, so that none is passed over.
 */

export interface PodMonitor {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly Endpoint[];
  };
}

interface Endpoint {
  readonly port: string;
  readonly path: string;
  readonly interval: string;
  readonly honorLabels: boolean;
  readonly relabelings: readonly Readonly<Record<string, string | readonly string[]>>[];
}

const KNOWN = ['port', 'path', 'interval', 'honorLabels', 'relabelings'];

/** The name of its one job. */
export const jobOf = ({ metadata: { namespace, name } }: PodMonitor): string => `podMonitor/${namespace}/${name}/0`;

export function scrapeConfig(monitor: PodMonitor, kubeconfig: string): object {
  const { metadata, spec } = monitor;
  const { selector, podMetricsEndpoints, ...more } = spec;
  const [endpoint, ...others] = podMetricsEndpoints;
  if (endpoint === undefined || others.length > 0) throw new Error(`${metadata.name} has not one endpoint`);
  const unknown = [...Object.keys(more), ...Object.keys(endpoint).filter((key) => !KNOWN.includes(key))];
  if (unknown.length > 0) throw new Error(`what the operator makes of ${unknown} is not known here`);
  return {
    job_name: jobOf(monitor),
    honor_labels: endpoint.honorLabels,
    scrape_interval: endpoint.interval,
    metrics_path: endpoint.path,
    kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfig, namespaces: { names: [metadata.namespace] } }],
    relabel_configs: [
      { source_labels: ['job'], target_label: '__tmp_prometheus_job_name' },
      { source_labels: ['__meta_kubernetes_pod_phase'], regex: '(Failed|Succeeded)', action: 'drop' },
      ...Object.entries(selector.matchLabels).map(([name, value]) => ({
        source_labels: [`__meta_kubernetes_pod_label_${name}`, `__meta_kubernetes_pod_labelpresent_${name}`],
        regex: `(${value});true`,
        action: 'keep',
      })),
      { source_labels: ['__meta_kubernetes_pod_container_port_name'], regex: endpoint.port, action: 'keep' },
      { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
      { source_labels: ['__meta_kubernetes_pod_container_name'], target_label: 'container' },
      { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
      { target_label: 'job', replacement: `${metadata.namespace}/${metadata.name}` },
      { target_label: 'endpoint', replacement: endpoint.port },
      // Prometheus writes the same words with underscores.
      ...endpoint.relabelings.map((one) => Object.fromEntries(Object.entries(one).map(([key, value]) => [snake(key), value]))),
    ],
  };
}

const snake = (word: string): string => word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
