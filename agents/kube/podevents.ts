/**
 * Events of the Pod that an agent is in, as `kubectl describe pod` shows them: what its cluster or its Node keeps it from, a right, a kind
 * or an interface that is missing, somebody else in its place. Where such things are, there may be nothing else of the agent's to write them into.
 */
import type { IssueCode } from '../../src/issue/catalogue.js';
import type { Issue } from '../../src/issue/issue.js';
import { isRefusal } from '../../src/kube/refusals.js';
import type { ServiceEvent } from '../source/source.js';
import { ownerReference } from './pods.js';
import { Recorder } from './recorder.js';
import type { Transport } from './transport.js';

export interface PodEventsOptions {
  readonly transport: Transport;
  readonly namespace: string;
  /** Empty outside a cluster: then there is nothing to tell anything of. */
  readonly podName: string;
  readonly component: ServiceEvent['component'];
}

/** Beside what is refused: of a Node, and of the controller's neighbours. */
const TOLD: ReadonlySet<IssueCode> = new Set<IssueCode>([
  'CAPTURE_DENIED',
  'INTERFACE_MISSING',
  'SECOND_CONTROLLER',
  'SECOND_INSTALL',
]);

/**
 * Takes every issue and tells of what keeps this agent from its work, until `signal` aborts. An API server that is away takes no events, and whoever
 * waits for it is told by its absence.
 */
export function podEvents(options: PodEventsOptions, signal: AbortSignal): (issue: Issue) => void {
  const { transport, namespace, podName, component } = options;
  let uid: string | undefined;
  const recorder = new Recorder({ transport, kind: 'Pod', host: podName, uidOf: () => uid });
  if (podName !== '') void recorder.run(signal);
  const tell = async ({ code: reason, message }: Issue): Promise<void> => {
    uid ??= (await ownerReference(transport, namespace, podName))?.['uid'] as string | undefined;
    if (uid === undefined) return;
    recorder.record({ type: 'Warning', reason, message, service: `${namespace}/${podName}`, component });
  };
  return (one) => {
    if (podName !== '' && (isRefusal(one) || TOLD.has(one.code))) void tell(one);
  };
}
