/**
 * The controller of a cluster, as a process: leads or waits to lead; while it leads, follows the cluster and gives addresses.
 *
 * Who begins to lead lists everything again before the first write, and by that knows what the former leader gave.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Issue } from '../../src/issue/issue.js';
import type { Access } from '../kube/access.js';
import { Leader } from '../kube/leader.js';
import { ensureMemberlistSecret } from '../kube/memberlistsecret.js';
import { podEvents } from '../kube/podevents.js';
import { ownerReference } from '../kube/pods.js';
import { Reviewer } from '../kube/reviewer.js';
import { Transport } from '../kube/transport.js';
import { type Endpoints, serveEndpoints } from '../runtime/endpoints.js';
import { createLog, issueRecord, type LogThreshold } from '../runtime/log.js';
import { createMetrics } from '../runtime/metrics.js';
import { allowTrimming, keepTrimmed } from '../runtime/trim.js';
import { Kubernetes } from '../source/kubernetes.js';
import { KubernetesStatus } from '../source/kubestatus.js';
import { ClusterAllocator } from './allocator.js';
import { Announcing } from './announcing.js';
import { Controller } from './controller.js';
import { CONTROLLER_STATE, serviceStatus } from './status.js';

export interface ControllerProcess {
  readonly access: Access;
  /** Of our own kinds, the lease and the secret. */
  readonly namespace: string;
  /** Of the Pod; empty outside a cluster. */
  readonly podName: string;
  /** Who leads, by name. */
  readonly identity: string;
  readonly loadBalancerClass?: string;
  /** Empty: none is made. */
  readonly memberlistSecret: string;
  readonly deployment: string;
  readonly endpoints: Endpoints;
  readonly logLevel: LogThreshold;
  readonly version: string;
}

/** The heap grows by less between two collections: of what a controller does by far the most is to wait for its API server. */
const SMALL_HEAP = '--optimize-for-size';
/** Room for short-lived objects stays as small as it began: V8 would make it 48 MB when thousands of Services come at once, for good. */
const SMALL_YOUNG = '--semi-space-growth-factor=1';
/**
 * Once everything was read no more code is optimized: TurboFan's own pages, what it works with and what it makes are several megabytes, and from then on
 * it is the API server that takes the time.
 */
const PLAIN_CODE = '--no-opt';
const LEASE = 'arpeggio-controller';
const SECRET_RETRY_MS = 10_000;

/** Runs until `signal` aborts, and gives the lease back. Issues are those that keep it from starting. */
export async function runController(options: ControllerProcess, signal: AbortSignal): Promise<readonly Issue[]> {
  setFlagsFromString(SMALL_YOUNG);
  setFlagsFromString(SMALL_HEAP);
  allowTrimming();
  const log = createLog(options.logLevel);
  const metrics = createMetrics({ node: options.identity, components: ['controller'], now: Date.now });
  const userAgent = `arpeggio-controller/${options.version}`;
  const transport = new Transport({ access: options.access, userAgent });
  const leading = new Transport({ access: options.access, userAgent, connections: 1 });
  const asking = new Transport({ access: options.access, userAgent, connections: 1 });
  const ended = new AbortController();
  const home = options.access.namespace ?? options.namespace;
  const own = { transport: asking, namespace: home, podName: options.podName, component: 'metallb-controller' } as const;
  const tellPod = podEvents(own, ended.signal);
  const report = (one: Issue): void => {
    log(issueRecord(one));
    tellPod(one);
  };
  let state: Kubernetes | undefined;
  let written: KubernetesStatus | undefined;

  const onLead = async (term: AbortSignal): Promise<void> => {
    // Lists begin now, after the lease was won.
    const { namespace, identity, loadBalancerClass } = options;
    const kubernetes: Kubernetes = new Kubernetes({
      ...{ transport, namespace, state: 'controller', report },
      onService: (key, before, shown) => status.onService(key, before, shown),
      onShown: (kind, key) => status.onShown(kind, key),
      onAnswering: (service) => announcing.changed(service),
      onTrouble: (kind, why) => status.onTrouble(`${kind} objects`, why),
    });
    state = kubernetes;
    const status: KubernetesStatus = new KubernetesStatus({
      ...{ transport, namespace, host: identity, state: kubernetes, report, component: 'controller' },
      owner: ownerReference(transport, namespace, options.podName),
      ownState: CONTROLLER_STATE,
      wanted: (service) => serviceStatus(service, controller.inForce.outcomes.get(service)),
      mayWrite: () => leader.leads,
    });
    written = status;
    const announcing = new Announcing({
      ...{ transport, state: kubernetes, report },
      mayWrite: () => leader.leads,
      isBusy: () => status.isBusy,
      onTrouble: (why) => status.onTrouble('who answers', why),
    });
    const controller: Controller = new Controller({
      sink: status,
      log,
      metrics,
      allocator: new ClusterAllocator(loadBalancerClass),
    });
    kubernetes.subscribe((snapshot) => {
      if (term.aborted) return;
      setFlagsFromString(PLAIN_CODE);
      const inForce = controller.decide(snapshot);
      controller.tell();
      announcing.decided(inForce);
    });
    status.run(term);
    announcing.run(term);
    const tellSecret = (why: Issue | undefined): void => {
      status.onTrouble('the secret', why);
      if (why !== undefined) report(why);
    };
    await Promise.all([kubernetes.run(term), keepSecret(transport, options, tellSecret, term)]);
  };
  const leader = new Leader({
    ...{ transport: leading, namespace: options.namespace, name: LEASE, identity: options.identity, log, report },
    ...(options.loadBalancerClass === undefined ? {} : { loadBalancerClass: options.loadBalancerClass }),
    onLead: (term) => void onLead(term),
  });

  keepTrimmed(() => undefined, ended.signal);
  const scrape = async (): Promise<string> => {
    metrics.setLeading(leader.leads);
    metrics.setViewConfirmed(leader.leads ? state?.heardAtMs : undefined);
    metrics.setUnfollowed(leader.leads ? (state?.unfollowed ?? []) : []);
    metrics.setContested(leader.leads ? (written?.contested ?? []) : []);
    return metrics.text();
  };
  const unserved = await serveEndpoints(
    options.endpoints,
    {
      ...{ report, metrics: { contentType: metrics.contentType, text: scrape } },
      // One that waits to lead is as ready as it can be.
      notReady: () => {
        if (leader.leads) return state?.notReady ?? [];
        return leader.trouble === undefined ? [] : [leader.trouble];
      },
      // Whoever floods it with tokens holds up nothing else.
      review: new Reviewer({ transport: asking, report }).review,
    },
    ended.signal,
  );
  if (unserved.length > 0) return unserved;
  const { server } = options.access;
  log({
    level: 'info',
    event: 'startup',
    msg: `Arpeggio controller ${options.version} starting: API server ${server.host}`,
    fields: { identity: options.identity },
  });
  await leader.run(signal);
  ended.abort();
  for (const one of [transport, leading, asking]) one.close();
  return [];
}

async function keepSecret(
  transport: Transport,
  { namespace, memberlistSecret: name, deployment }: ControllerProcess,
  tell: (why: Issue | undefined) => void,
  term: AbortSignal,
): Promise<void> {
  if (name === '') return;
  while (!term.aborted) {
    const failed = await ensureMemberlistSecret({ transport, namespace, name, deployment, random: randomBytes(16) });
    tell(failed);
    if (failed === undefined) return;
    await delay(SECRET_RETRY_MS, undefined, { signal: term }).catch(() => undefined);
  }
}
