/**
 * Everything that a cluster needs before its configuration, in layers: the CRDs, the namespace, rights, admission policies and agents. Each
 * is a chart, and their ids are the order in which they are applied.
 */
import type { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { AdmissionPolicy, type AdmissionPolicyProps } from './admissionpolicy.js';
import { AgentNamespace } from './agentnamespace.js';
import { Agents, type AgentsProps } from './agents.js';
import { Crds } from './crds.js';
import { Rbac } from './rbac.js';

export interface OwnAgents extends AgentsProps {
  /**
   * How mistakes are refused when they are applied; false: agents alone report them, as before Kubernetes 1.30.
   *
   * @default {}
   */
  readonly admission?: AdmissionPolicyProps | false;

  readonly stockAgents?: false;
}

/** MetalLB's own agents are in the cluster, with its CRDs and its namespace, and stay: there is nothing to install. */
export interface StockAgents {
  readonly stockAgents: true;
}

export type InstallProps = OwnAgents | StockAgents;

export class Install extends Construct {
  /** In the order in which they are applied. */
  readonly charts: readonly Chart[];

  /** The charts are made in `scope`, which is the app: what is in something else has a hash in the name of its folder. */
  constructor(scope: Construct, id: string, props: InstallProps = {}) {
    super(scope, id);
    this.charts = props.stockAgents === true ? [] : chartsOf(scope, props);
  }
}

function chartsOf(scope: Construct, props: OwnAgents): readonly Chart[] {
  const { secureMetrics = false, admission = {} } = props;
  return [
    new Crds(scope, '00-crds'),
    new AgentNamespace(scope, '05-namespace'),
    new Rbac(scope, '10-rbac', { secureMetrics }),
    ...(admission === false ? [] : [new AdmissionPolicy(scope, '12-admission', admission)]),
    new Agents(scope, '15-agents', props),
  ];
}
