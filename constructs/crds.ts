/**
 * The CustomResourceDefinitions of every kind we serve, as a chart of their own: they are cluster-scoped, so nothing in it
 * has a namespace, and they must be there before anything of their kinds.
 *
 * Whoever prunes a CRD deletes every pool of the cluster with it. The annotations keep Argo CD and Flux from that,
 * and Argo CD from deleting them together with its application.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { CONFIGURATION_STATE } from '../src/api/configurationstate.js';
import { crd } from '../src/api/crd.js';
import { IP_ADDRESS_POOL } from '../src/api/ipaddresspool.js';
import { L2_ADVERTISEMENT } from '../src/api/l2advertisement.js';
import { SERVICE_L2_STATUS } from '../src/api/servicel2status.js';

const KINDS = [CONFIGURATION_STATE, IP_ADDRESS_POOL, L2_ADVERTISEMENT, SERVICE_L2_STATUS];

const PROTECTION = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'argocd.argoproj.io/sync-wave': '-10',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};

export class Crds extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { disableResourceNameHashes: true });
    for (const kind of KINDS) {
      const { metadata, ...definition } = crd(kind);
      new ApiObject(this, kind.kind, { ...definition, metadata: { ...metadata, annotations: PROTECTION } });
    }
  }
}
