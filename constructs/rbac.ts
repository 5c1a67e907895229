/**
 * The ServiceAccounts of the agents, with roles that allow what they do and nothing else (rbac.authorization.k8s.io/v1).
 *
 * A chart of its own, because half of it is cluster-scoped. The accounts are named as MetalLB's, so that its workloads and ours can be
 * exchanged for each other; the roles are not, because while both run each needs its own.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { METALLB_NAMESPACE } from '../src/api/object.js';
import { AGENT_RULES, type AgentRules, REVIEW_RULES } from './rbacrules.js';

export interface RbacProps {
  /**
   * Whether agents may ask the API server who scrapes them, which they do with `--port`, and whether there is a ClusterRole
   * `arpeggio-metrics-reader` to bind to whoever may.
   *
   * @default false
   */
  readonly secureMetrics?: boolean;
}

export class Rbac extends Chart {
  constructor(scope: Construct, id: string, { secureMetrics = false }: RbacProps = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    for (const agent of AGENT_RULES) {
      const rules = secureMetrics ? { ...agent, cluster: [...agent.cluster, ...REVIEW_RULES] } : agent;
      new ApiObject(this, rules.serviceAccount, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: rules.serviceAccount, namespace: METALLB_NAMESPACE },
      });
      grant(this, rules, 'ClusterRole');
      grant(this, rules, 'Role');
    }
    if (secureMetrics) {
      new ApiObject(this, 'metrics-reader', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'arpeggio-metrics-reader' },
        rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
      });
    }
  }
}

/** A role and its binding, which have one name. */
function grant(chart: Chart, { serviceAccount, cluster, namespaced }: AgentRules, kind: 'ClusterRole' | 'Role'): void {
  const name = `arpeggio-${serviceAccount}`;
  const metadata = kind === 'Role' ? { name, namespace: METALLB_NAMESPACE } : { name };
  new ApiObject(chart, `${serviceAccount}-${kind}`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata,
    rules: kind === 'Role' ? namespaced : cluster,
  });
  new ApiObject(chart, `${serviceAccount}-${kind}Binding`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: `${kind}Binding`,
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: METALLB_NAMESPACE }],
  });
}
