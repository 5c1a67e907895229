/**
 * The namespace of the agents. Speakers have the network of their host, which Pod Security calls privileged; the controller alone would do
 * with restricted.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { METALLB_NAMESPACE } from '../src/api/object.js';

export class AgentNamespace extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { disableResourceNameHashes: true });
    const labels = Object.fromEntries(
      ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'privileged']),
    );
    new ApiObject(this, 'Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: METALLB_NAMESPACE, labels } });
  }
}
