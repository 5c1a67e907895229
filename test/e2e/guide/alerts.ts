/** The guide's alerts on the series of the agents in a cluster, as a Prometheus would have them that goes by our PodMonitors. */
import { App } from 'cdk8s';
import type { Alert } from '../../../constructs/alerts.js';
import { Monitoring } from '../../../constructs/index.js';
import { parseManifests } from '../../api/manifests.js';
import { scrape, targetsOf } from '../../prometheus/promtool.js';
import { ruleTests } from '../../prometheus/ruletest.js';
import { GUIDE_SCENARIOS } from '../../prometheus/scenarios.js';
import type { PodMonitor } from '../../prometheus/scrapeconfig.js';
import type { RealCluster } from '../realcluster.js';
import { BLOCKS } from './fixtures.js';

const monitors: readonly PodMonitor[] = new Monitoring(new App(), 'monitoring')
  .toJson()
  .filter(({ kind }) => kind === 'PodMonitor');

/** For the rules in `alerts.json`. */
export async function alertTests(cluster: RealCluster): Promise<Readonly<Record<string, string>>> {
  const manifests = BLOCKS.filter(({ file }) => file.endsWith('-alerts.yaml')).flatMap(({ text }) => parseManifests(text));
  const rules = manifests.flatMap(({ spec }) => (spec as RuleSpec).groups.flatMap((group) => group.rules));
  const series = await scrape(cluster, await targetsOf(cluster, monitors));
  return { 'alerts-test.json': JSON.stringify(ruleTests('alerts.json', rules, GUIDE_SCENARIOS, series)) };
}

interface RuleSpec {
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
}
