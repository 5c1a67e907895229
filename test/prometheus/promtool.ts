/** promtool in a cluster of real Nodes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finished, RealCluster } from '../e2e/realcluster.js';
import { jobOf, type PodMonitor, scrapeConfig } from './scrapeconfig.js';
import { type Labels, type Series, seriesOf } from './series.js';

/** How long it looks for Pods. */
const LOOK = '2s';

export const PROMTOOL: string = process.env['ARPEGGIO_PROMTOOL'] ?? '';

/** Whether tests with it run here. Where they don't, `npm test` has said why; with `CI=true` they run, and fail. */
export const canHavePromtool = (): boolean => PROMTOOL !== '' || process.env['CI'] === 'true';

export const promtool = (cluster: RealCluster, args: readonly string[], input?: string): Promise<Finished> =>
  cluster.command(['shell', PROMTOOL, ...args], input);

/** The Pods that Prometheus finds by these monitors, with the labels that it gives them. */
export async function targetsOf(cluster: RealCluster, monitors: readonly PodMonitor[]): Promise<readonly Labels[]> {
  const kubeconfig = join(cluster.folder, 'administrator');
  const file = join(cluster.folder, 'prometheus.json');
  writeFileSync(file, JSON.stringify({ scrape_configs: monitors.map((monitor) => scrapeConfig(monitor, kubeconfig)) }));
  const found = monitors.map(async (monitor) => {
    const args = ['check', 'service-discovery', `--timeout=${LOOK}`, file, jobOf(monitor)];
    const { code, stdout, stderr } = await promtool(cluster, args);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as readonly { readonly labels?: Labels | null }[];
  });
  return (await Promise.all(found)).flat().flatMap(({ labels }) => (labels && Object.keys(labels).length > 0 ? [labels] : []));
}

/** What this target shows. */
export async function exposition(cluster: RealCluster, target: Labels): Promise<string> {
  const url = `${target['__scheme__']}://${target['__address__']}${target['__metrics_path__']}`;
  const { code, stdout, stderr } = await cluster.command(['shell', 'curl', '-sSf', '--max-time', '5', url]);
  if (code !== 0) throw new Error(`${url}: ${stderr}`);
  return stdout;
}

/** One scrape of these; and of kube-state-metrics, if it were there, what alerts ask of Nodes. */
export async function scrape(cluster: RealCluster, targets: readonly Labels[]): Promise<readonly Series[]> {
  const series: Series[] = [];
  for (const target of targets) series.push(...seriesOf(target, await exposition(cluster, target)));
  const nodes = await cluster.kubectl('get nodes -o jsonpath={.items[*].metadata.name}');
  return [...series, ...nodes.split(' ').map((node) => ({ name: 'kube_node_info', labels: { node }, value: 1 }))];
}
