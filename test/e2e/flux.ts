/**
 * Flux in a cluster of real Nodes: its kustomize-controller applies what is in one artifact, as from a repository. The artifact has `dist/`
 * as it ships, and in `web/` a Service and its Pods.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifests } from '../api/manifests.js';
import { ARTIFACT_PORT } from '../cluster/layout.js';
import { ROOT } from '../constructs/support.js';
import type { RealCluster } from './realcluster.js';
import { WEB_SERVICE, workload } from './workload.js';

export interface Synced {
  /** What its artifact is called: what it says that it applied. */
  readonly revision: string;
  /** Until everything is applied and healthy, since the engine was told of it. */
  readonly readyMs: number;
  /** Until the client has had an answer of the Service. */
  readonly answeredMs: number;
}

/** What the Kustomizations are called: `dist/`, and the Service. */
export const LAYERS = 'arpeggio';
export const WEB = 'web';
/** Of the Service, the first of the pool in `dist/20-config`. */
export const ADDRESS = '192.168.1.240';

const PROGRAM = process.env['ARPEGGIO_FLUX'] ?? '';
const NAMESPACE = 'flux-system';
const SOURCE = { kind: 'ExternalArtifact', name: 'repository' };

/** `$0`: the kinds; the source comes from standard input. */
const PREPARE = `
kubectl apply --server-side -f "$0"
kubectl wait --for=condition=Established crd --all --timeout=60s
kubectl create namespace ${NAMESPACE}
cat > "$1"
kubectl apply -f "$1"
kubectl apply --server-side --subresource=status -f "$1"`;

/** Both at once, neither after the other: nothing says which has to come first. */
const SYNC = `
began=$(date +%s%N)
since() { echo "$1 $((($(date +%s%N) - began) / 1000000))"; }
kubectl apply -f - >&2
{
  timeout 120 client sh -c 'until curl -sf --max-time 0.5 "$0" >&2; do sleep 0.02; done' "http://${ADDRESS}/" && since answered
} &
kubectl wait --for=condition=Ready --timeout=120s -n ${NAMESPACE} kustomization/${LAYERS} kustomization/${WEB} >&2
since ready
wait $!`;

/** Whether there is Flux. Where there is none, it says so once; with `CI=true` what needs it runs, and fails. */
export function hasFlux(): boolean {
  if (PROGRAM === '') console.error('no GitOps engine, for lack of Flux');
  return PROGRAM !== '' || process.env['CI'] === 'true';
}

/** One sync of all layers and a Service, in a cluster that has neither. */
export async function fluxSync(cluster: RealCluster): Promise<Synced> {
  const revision = await startFlux(cluster);
  const applied = [kustomization(LAYERS, './dist'), kustomization(WEB, './web')];
  const said = await run(cluster, ['sh', '-ec', SYNC], list(applied));
  const [, readyMs, answeredMs] = ['', 'ready', 'answered'].map((what) => Number(new RegExp(`${what} (\\d+)`).exec(said)?.[1]));
  if (!readyMs || !answeredMs) throw new Error(`it said neither when it was ready nor when it answered: ${said}`);
  return { revision, readyMs, answeredMs };
}

/** As docs/gitops.md has it, but for where it comes from. */
function kustomization(name: string, path: string): object {
  const [example] = parseManifests(readFileSync(join(ROOT, 'examples/flux/arpeggio.yaml'), 'utf8'));
  if (example === undefined) throw new Error('examples/flux/arpeggio.yaml is empty');
  const { metadata, spec, ...rest } = example;
  return { ...rest, metadata: { ...metadata, name }, spec: { ...(spec as object), sourceRef: SOURCE, path } };
}

/** Gives the revision. Everything of it ends with the cluster, and its files are in the cluster's folder. */
async function startFlux(cluster: RealCluster): Promise<string> {
  if (PROGRAM === '') throw new Error('there is no Flux');
  const folder = join(cluster.folder, 'flux');
  mkdirSync(join(folder, 'web'), { recursive: true });
  writeFileSync(join(folder, 'web', 'web.yaml'), list([workload(), WEB_SERVICE]));
  const archive = join(folder, 'artifact.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', ROOT, 'dist', '-C', folder, 'web']);
  const digest = `sha256:${createHash('sha256').update(readFileSync(archive)).digest('hex')}`;
  const revision = `main@${digest}`;
  const source = {
    ...{ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: SOURCE.kind, metadata: { name: SOURCE.name, namespace: NAMESPACE } },
    status: {
      artifact: {
        ...{ revision, digest, path: 'artifact.tar.gz', url: `http://127.0.0.1:${ARTIFACT_PORT}/artifact.tar.gz` },
        lastUpdateTime: new Date().toISOString(),
      },
      conditions: [
        {
          ...{ type: 'Ready', status: 'True', reason: 'Succeeded', message: 'served' },
          ...{ lastTransitionTime: new Date().toISOString(), observedGeneration: 1 },
        },
      ],
    },
  };
  await run(cluster, ['sh', '-ec', PREPARE, `${PROGRAM}-crds`, join(folder, 'source.json')], JSON.stringify(source));
  await startEngine(cluster, archive);
  return revision;
}

async function startEngine(cluster: RealCluster, archive: string): Promise<void> {
  const inner = [process.execPath, '--import', 'tsx', 'test/cluster/flux.ts', PROGRAM, archive, logOf(cluster)];
  const engine = spawn(process.execPath, ['tools/cluster.mjs', 'shell', ...inner], {
    cwd: ROOT,
    env: { ...process.env, ARPEGGIO_CLUSTER: cluster.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let complaint = '';
    engine.stdout.once('data', () => resolve());
    engine.stderr.on('data', (text) => {
      complaint += text;
    });
    engine.once('close', () => reject(new Error(`Flux did not start: ${complaint}`)));
  });
}

async function run(cluster: RealCluster, command: readonly string[], input: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.command(['shell', ...command], input);
  if (code === 0) return stdout;
  throw new Error(`${stderr}\n${existsSync(logOf(cluster)) ? readFileSync(logOf(cluster), 'utf8').slice(-4000) : ''}`);
}

const logOf = (cluster: RealCluster): string => join(cluster.folder, 'kustomize-controller.log');
const list = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
