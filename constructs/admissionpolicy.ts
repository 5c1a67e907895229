/**
 * Admission policies that an API server (Kubernetes 1.30 and later) evaluates by itself: no webhook, so nothing to run, to
 * renew, or to be down. They say at once what agents would only report later, about one request; what takes several objects to
 * see is checked by agents.
 *
 * A chart of its own, because policies are cluster-scoped: the namespace of another chart would be stamped on them.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { ADMISSION_RULES } from './admissionrules.js';

export interface AdmissionPolicyProps {
  /**
   * Whether a request is refused when a policy itself cannot be evaluated.
   *
   * @default Fail
   */
  readonly failurePolicy?: 'Fail' | 'Ignore';

  /**
   * What happens to a request that is against a policy: it is refused, its author gets a warning, or it goes into the audit log.
   *
   * @default ['Deny']
   */
  readonly validationActions?: readonly ['Deny' | 'Warn' | 'Audit'] | readonly ['Deny' | 'Warn', 'Audit'];
}

export class AdmissionPolicy extends Chart {
  constructor(scope: Construct, id: string, props: AdmissionPolicyProps = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    const { failurePolicy = 'Fail', validationActions = ['Deny'] } = props;
    for (const { name, ...rules } of ADMISSION_RULES) {
      new ApiObject(this, name, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name },
        spec: { failurePolicy, ...rules },
      });
      new ApiObject(this, `${name}-binding`, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name },
        spec: { policyName: name, validationActions },
      });
    }
  }
}
