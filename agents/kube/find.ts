/**
 * The API server to speak to: of the kubeconfig that is named, else of the cluster this is a Pod of, else of the kubeconfig that kubectl would
 * take.
 */
import { type Parsed, parsed } from '../../src/issue/issue.js';
import type { Access } from './access.js';
import { clusterAccess } from './cluster.js';

/** KUBE_CONFIG_UNUSABLE when there is none. */
export async function findAccess(kubeconfig: string | undefined): Promise<Parsed<Access>> {
  const inside = kubeconfig === undefined ? await clusterAccess(process.env) : undefined;
  if (inside !== undefined) return parsed(inside);
  const { kubeconfigAccess } = await import('./kubeconfig.js');
  return kubeconfigAccess(kubeconfig);
}
