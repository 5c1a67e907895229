/**
 * What each agent may do in a cluster, and nothing more: a rule is here because something an agent does needs it.
 *
 * Nobody may write what git owns, which is every spec. A speaker, which runs on every node, writes nothing of a Service and
 * reads no Secret but the one that gossip is encrypted with.
 */
import { GROUP } from '../src/api/kind.js';

/** PolicyRule, rbac.authorization.k8s.io/v1, of resources. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Whose names a request must say. @default any */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly Verb[];
}

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface AgentRules {
  readonly serviceAccount: 'controller' | 'speaker';
  /** In every namespace, and of what has none. */
  readonly cluster: readonly PolicyRule[];
  /** In the namespace of the agents. */
  readonly namespaced: readonly PolicyRule[];
}

/** Everything there is, and each change of it: nobody asks for one object by its name. */
const READ: readonly Verb[] = ['list', 'watch'];
/** A status is read with its object, and only what differs is sent. */
const WRITE_STATUS: readonly Verb[] = ['patch'];

/** As MetalLB's speakers mount it. */
const MEMBERLIST_SECRET = 'memberlist';
/** Which of several controllers is at work. */
const LEASE = 'arpeggio-controller';

/** An event that comes again is a patch of the first. It lies in the namespace of what it is about. */
const RECORD_EVENTS: PolicyRule = { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] };

const READ_CONFIGURATION: PolicyRule = { apiGroups: [GROUP], resources: ['ipaddresspools', 'l2advertisements'], verbs: READ };

/** One for each agent, of its own name, made again when somebody deletes it. It goes with its Pod. */
const KEEP_CONFIGURATION_STATE: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: ['configurationstates'], verbs: [...READ, 'create'] },
  { apiGroups: [GROUP], resources: ['configurationstates/status'], verbs: WRITE_STATUS },
];

const CONTROLLER: AgentRules = {
  serviceAccount: 'controller',
  cluster: [
    { apiGroups: [''], resources: ['services', 'namespaces', 'nodes'], verbs: READ },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
    { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: READ },
    // Annotations too are written through the status: an API server takes everything but the spec there.
    { apiGroups: [''], resources: ['services/status'], verbs: WRITE_STATUS },
    RECORD_EVENTS,
    // Whether another install serves the same Services.
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [LEASE], verbs: ['list'] },
  ],
  namespaced: [
    READ_CONFIGURATION,
    { apiGroups: [GROUP], resources: ['ipaddresspools/status', 'l2advertisements/status'], verbs: WRITE_STATUS },
    { apiGroups: [GROUP], resources: ['servicel2statuses'], verbs: READ },
    ...KEEP_CONFIGURATION_STATE,
    // No rule can name what does not exist yet.
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: [MEMBERLIST_SECRET], verbs: ['get'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [LEASE], verbs: ['get', 'update'] },
    // The owners of what it makes.
    { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['controller'], verbs: ['get'] },
  ],
};

const SPEAKER: AgentRules = {
  serviceAccount: 'speaker',
  cluster: [
    { apiGroups: [''], resources: ['services', 'namespaces', 'nodes'], verbs: READ },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
    RECORD_EVENTS,
  ],
  namespaced: [
    READ_CONFIGURATION,
    // Whoever answers for a Service deletes what a dead node left about it.
    { apiGroups: [GROUP], resources: ['servicel2statuses'], verbs: [...READ, 'create', 'delete'] },
    { apiGroups: [GROUP], resources: ['servicel2statuses/status'], verbs: WRITE_STATUS },
    ...KEEP_CONFIGURATION_STATE,
    // The other speakers, to gossip with.
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: [MEMBERLIST_SECRET], verbs: ['get'] },
  ],
};

export const AGENT_RULES: readonly AgentRules[] = [CONTROLLER, SPEAKER];

/** To ask who a scraper is, and whether it may: for agents that serve metrics over HTTPS. */
export const REVIEW_RULES: readonly PolicyRule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];
