/**
 * The API server that a kubeconfig names, with whatever it says about proving who asks: certificates, tokens, commands to run,
 * OpenID Connect. Only this file imports @kubernetes/client-node, and it is loaded only outside a cluster: that package takes
 * 30 MB and a tenth of a second.
 */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import type { Access, Credentials } from './access.js';

/**
 * `file` absent: what $KUBECONFIG names, else `~/.kube/config`, as with kubectl. KUBE_CONFIG_UNUSABLE when there is none, or none that can
 * be used.
 */
export function kubeconfigAccess(file: string | undefined): Parsed<Access> {
  const unusable = (why: string): Parsed<never> =>
    malformed(issue('KUBE_CONFIG_UNUSABLE', '', why, { file: file ?? 'kubeconfig' }));
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    return unusable(reasonOf(error));
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) return unusable('has no current context, or its cluster is not there');
  if (cluster.proxyUrl !== undefined) return unusable('names a proxy-url, which is not supported');
  const server = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined;
  if (server?.protocol !== 'https:') return unusable(`the server must be an https URL, not "${cluster.server}"`);
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return parsed({ server, ...(namespace === undefined ? {} : { namespace }), credentials: () => credentialsOf(config) });
}

/** What the package would have a request do; its own connections, which it makes anew for each request, are left alone. */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, passphrase, servername, rejectUnauthorized, headers } = options;
  const authorization = new Map(Object.entries(headers ?? {})).get('Authorization');
  return {
    ...(isPem(ca) ? { ca } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(typeof authorization === 'string' ? { authorization } : {}),
  };
}

const isPem = (value: unknown): value is string | Buffer => typeof value === 'string' || Buffer.isBuffer(value);

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
