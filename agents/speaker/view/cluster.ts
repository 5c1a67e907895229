/**
 * A speaker's state and status in a cluster, and who its peers are. It follows; addresses are the controller's to give.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { METALLB_NAMESPACE } from '../../../src/api/object.js';
import { type Issue, issue, type Parsed, parsed } from '../../../src/issue/issue.js';
import { troubleIssue } from '../../../src/kube/trouble.js';
import { byStatus } from '../../controller/allocator.js';
import { findAccess } from '../../kube/find.js';
import { podEvents } from '../../kube/podevents.js';
import { ownerReference, podAddresses } from '../../kube/pods.js';
import { Reviewer } from '../../kube/reviewer.js';
import { Transport } from '../../kube/transport.js';
import type { Review } from '../../runtime/https.js';
import { type Kept, KeptView } from '../../source/keptview.js';
import { Kubernetes } from '../../source/kubernetes.js';
import { KubernetesStatus } from '../../source/kubestatus.js';
import { joined, type StateSource } from '../../source/source.js';
import type { ClusterState } from '../options.js';
import type { Opened, Reading } from './opened.js';
import { speakerStateOf } from './status.js';

export interface ClusterOptions {
  readonly state: ClusterState;
  readonly node: string;
  readonly report: (issue: Issue) => void;
  /** Told once: what tells of issues in events of the Pod. */
  readonly onPod: (tell: (issue: Issue) => void) => void;
  /** Told at the start, and whenever they are others. */
  readonly onPeers: (hosts: readonly string[]) => void;
  readonly onReading: (reading: Reading) => void;
  readonly onReview: (review: Review) => void;
}

/** How long a start waits for the API server when there is something else to go on with. */
const PATIENCE_MS = 2000;
/** As MetalLB. Who joins is known by gossip: this finds those whom nobody knows. */
const PODS_EVERY_MS = 300_000;
const PODS_RETRY_MS = 10_000;

/** Fulfilled once there is a view: the cluster's, or that of a former run while the API server is away. */
export async function openCluster(options: ClusterOptions, signal: AbortSignal): Promise<Parsed<Opened>> {
  const { state, node, report } = options;
  const { podName, version, loadBalancerClass, ignoreExcludeLabel, keepIn } = state;
  const access = await findAccess(state.kubeconfig);
  if (!access.ok) return access;
  const namespace = state.namespace ?? access.value.namespace ?? METALLB_NAMESPACE;
  const transport = new Transport({ access: access.value, userAgent: `arpeggio-speaker/${version}`, connections: 2 });
  // Whoever floods it with tokens holds up nothing else.
  const asking = new Transport({ access: access.value, userAgent: `arpeggio-speaker/${version}`, connections: 1 });
  signal.addEventListener('abort', () => {
    transport.close();
    asking.close();
  });
  const home = access.value.namespace ?? namespace;
  options.onPod(podEvents({ transport: asking, namespace: home, podName, component: 'metallb-speaker' }, signal));
  options.onReview(new Reviewer({ transport: asking, report }).review);

  const ownState = speakerStateOf(node);
  const cluster: Kubernetes = new Kubernetes({
    ...{ transport, namespace, speaker: node, state: ownState.metadata.name, report },
    onShown: (kind, key) => status.onShown(kind, key),
    onTrouble: (kind, why) => status.onTrouble(`${kind} objects`, why),
  });
  const status: KubernetesStatus = new KubernetesStatus({
    ...{ transport, namespace, state: cluster, host: node, report, component: 'speaker' },
    owner: ownerReference(transport, namespace, podName),
    ownState,
    // Speakers have no right to write to a Service.
    wanted: () => undefined,
    mayWrite: () => true,
  });
  // Where nothing can be decided, it says why.
  status.run(signal);
  const synced = cluster.run(signal);
  const keptView = keepIn === undefined ? undefined : new KeptView(keepIn);
  const kept = await keptView?.read();
  options.onReading({
    get heardAtMs() {
      return cluster.heardAtMs ?? kept?.keptAtMs;
    },
    get unfollowed() {
      return cluster.unfollowed;
    },
    get notReady() {
      return cluster.notReady;
    },
  });
  let peers = kept?.peers ?? [];
  const hear = (hosts: readonly string[]): void => {
    peers = hosts;
    options.onPeers(hosts);
  };
  const isThere = await firstPeers(transport, { ...options, namespace, kept, hear }, signal);
  const onTrouble = (why: Issue | undefined): void => status.onTrouble('Pods of speakers', why);
  void keepPeers(transport, { ...options, namespace, hear, onTrouble }, isThere ? PODS_EVERY_MS : PODS_RETRY_MS, signal);
  await (kept === undefined ? synced : Promise.race([synced, delay(PATIENCE_MS, undefined, { signal }).catch(() => undefined)]));
  if (!cluster.isSynced && kept !== undefined) {
    report(
      issue('KUBE_API_UNAVAILABLE', '', 'the API server does not answer: this node goes by the last view of its former run'),
    );
  }
  if (cluster.isSynced) keptView?.keep(cluster.snapshot().objects, peers);
  cluster.subscribe(({ objects }) => keptView?.keep(objects, peers));
  return parsed({
    source: joined(withKept(cluster, kept), status),
    delivery: undefined,
    allocator: byStatus(loadBalancerClass),
    electorate: { withoutSlices: 'cannot-serve', heardNodes: false, ignoreExcludeLabel },
    closed: Promise.resolve(),
  });
}

/** Until the cluster is known, what was kept. */
const withKept = (cluster: Kubernetes, kept: Kept | undefined): StateSource => ({
  snapshot: () => (cluster.isSynced || kept === undefined ? cluster.snapshot() : kept.snapshot),
  subscribe: (listener) => cluster.subscribe(listener),
});

interface PeerOptions extends ClusterOptions {
  readonly namespace: string;
  readonly hear: (hosts: readonly string[]) => void;
}

/** Gives whether the API server told them; else those of the former run are there to begin with. */
async function firstPeers(
  transport: Transport,
  { state, namespace, kept, hear }: PeerOptions & { readonly kept: Kept | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  if (state.podLabels === '') {
    hear([]);
    return true;
  }
  const late = delay(PATIENCE_MS, { lost: 'no answer yet' }, { signal }).catch(() => ({ lost: 'it ends' }));
  const found = await Promise.race([podAddresses(transport, namespace, state.podLabels, state.gossipFamily), late]);
  const isThere = !('lost' in found) && !('refused' in found);
  hear(isThere ? found : (kept?.peers ?? []));
  return isThere;
}

type KeepPeersOptions = PeerOptions & { readonly onTrouble: (why: Issue | undefined) => void };

async function keepPeers(transport: Transport, options: KeepPeersOptions, firstMs: number, signal: AbortSignal): Promise<void> {
  const { state, namespace, report, hear, onTrouble } = options;
  if (state.podLabels === '') return;
  let isTold = false;
  for (let waitMs = firstMs; !signal.aborted; ) {
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const found = await podAddresses(transport, namespace, state.podLabels, state.gossipFamily);
    if ('lost' in found || 'refused' in found) {
      const told = troubleIssue(found, 'the Pods of other speakers cannot be listed', 'it is tried again every 10 s');
      onTrouble(told);
      if (!isTold) report(told);
      isTold = true;
      waitMs = PODS_RETRY_MS;
    } else {
      isTold = false;
      onTrouble(undefined);
      hear(found);
      waitMs = PODS_EVERY_MS;
    }
  }
}
