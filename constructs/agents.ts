/**
 * The agents of a cluster as its objects: a Deployment of controllers, a DaemonSet of speakers, and what protects both. They are named and
 * labelled as MetalLB's, so that what people know of it finds them.
 *
 * They need the CRDs, their namespace and {@link Rbac}: {@link Install} is all of it.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { METALLB_NAMESPACE } from '../src/api/object.js';
import { controllerPolicy, type ReachProps, speakerPolicy } from './agentpolicies.js';
import { GOSSIP_PORT, HEALTH_PORT, METRICS_PORT, SECURE_METRICS_PORT } from './agentports.js';
import { DEFAULT_IMAGE } from './image.js';

export interface AgentsProps extends ReachProps {
  /**
   * The image of both agents, with its tag or digest.
   *
   * @default - `arpeggio`, with the version of this package
   */
  readonly image?: string;

  /**
   * What agents log.
   *
   * @default info
   */
  readonly logLevel?: 'all' | 'debug' | 'info' | 'warn' | 'error' | 'none';

  /**
   * The `spec.loadBalancerClass` that is served.
   *
   * @default - Services that have none
   */
  readonly loadBalancerClass?: string;

  /** What gives addresses. */
  readonly controller?: ControllerProps;

  /** What answers for them. */
  readonly speaker?: SpeakerProps;
}

interface PlacementProps {
  /**
   * Labels of the Nodes that it runs on, besides that of Linux.
   *
   * @default - all
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;

  /**
   * Taints that it tolerates; speakers tolerate those of control planes anyway.
   *
   * @default []
   */
  readonly tolerations?: readonly Toleration[];

  /**
   * What each Pod asks for. A limit of processor time would hold up a speaker's answers.
   *
   * @default - a twentieth of a core, and 100 MiB of memory for a controller, 80 MiB for a speaker; no limits
   */
  readonly resources?: Resources;
}

export interface ControllerProps extends PlacementProps {
  /**
   * How many there are. One gives addresses; the others wait for its lease.
   *
   * @default 1
   */
  readonly replicas?: number;
}

export interface SpeakerProps extends PlacementProps {
  /**
   * How long a node that came back must stay before it takes its addresses back, in seconds; `never`: until the others are gone.
   *
   * @default 30
   */
  readonly failbackDelay?: number | 'never';

  /**
   * When a host that is none of the nodes claims an address: announce it again, at most once in 10 s, or leave it to that host.
   *
   * @default defend
   */
  readonly conflict?: 'defend' | 'yield';

  /**
   * Whether addresses are spread so that no node is first for many more than its even share.
   *
   * @default false
   */
  readonly spread?: boolean;

  /**
   * Interfaces to answer on.
   *
   * @default - every one that can be, but for those of container networks
   */
  readonly interfaces?: readonly string[];

  /**
   * Interfaces never to answer on: regular expressions, found anywhere in the name.
   *
   * @default - those of container networks
   */
  readonly excludeInterfaces?: readonly string[];
}

/** core/v1. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** core/v1 ResourceRequirements. */
export interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** As MetalLB's speakers mount it; the controller makes it. */
const MEMBERLIST_SECRET = 'memberlist';
const KEY_FOLDER = '/etc/ml_secret_key';
/** Constants of memberlist, for those who have others than its own. */
const MEMBERLIST_CONFIG = 'metallb-memberlist-config';
const MEMBERLIST_FOLDER = '/etc/metallb/memberlist';
const VIEW_FOLDER = '/var/lib/arpeggio';
/** Longer than a speaker takes to hand its addresses over, which is 3 s at most. */
const HANDOVER_SECONDS = 15;
/** Of nobody. */
const NOBODY = 65534;
const LINUX = { 'kubernetes.io/os': 'linux' };
const DEFAULT_SECCOMP = { type: 'RuntimeDefault' };
const CONTROL_PLANES: readonly Toleration[] = ['node-role.kubernetes.io/master', 'node-role.kubernetes.io/control-plane'].map(
  (key) => ({ key, effect: 'NoSchedule', operator: 'Exists' }),
);

type Component = 'controller' | 'speaker';
const labelsOf = (component: Component): Readonly<Record<string, string>> => ({ app: 'metallb', component });

export class Agents extends Chart {
  constructor(scope: Construct, id: string, props: AgentsProps = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    this.#add('Deployment', 'apps/v1', 'controller', controllerSpec(props));
    this.#add('DaemonSet', 'apps/v1', 'speaker', speakerSpec(props));
    this.#add('NetworkPolicy', 'networking.k8s.io/v1', 'controller', controllerPolicy(labelsOf('controller'), props));
    this.#add('NetworkPolicy', 'networking.k8s.io/v1', 'speaker', speakerPolicy(labelsOf('speaker'), props));
    // Whoever drains a node must not be held up by a rule that allows none to be missing. Speakers have none: a DaemonSet has no scale by which
    // one could be counted, Kubernetes then evicts none of them at all, and a drain passes them over anyway.
    const spec = { maxUnavailable: 1, selector: { matchLabels: labelsOf('controller') } };
    this.#add('PodDisruptionBudget', 'policy/v1', 'controller', spec);
  }

  #add(kind: string, apiVersion: string, name: Component, spec: object): void {
    new ApiObject(this, `${kind}-${name}`, {
      ...{ apiVersion, kind, spec },
      metadata: { name, namespace: METALLB_NAMESPACE, labels: labelsOf(name) },
    });
  }
}

function controllerSpec(props: AgentsProps): object {
  const { replicas = 1, nodeSelector = {}, tolerations = [], resources = asks('100Mi') } = props.controller ?? {};
  const selector = { matchLabels: labelsOf('controller') };
  const container = {
    ...agent('controller', props, []),
    env: [
      fromField('METALLB_POD_NAME', 'metadata.name'),
      { name: 'METALLB_ML_SECRET_NAME', value: MEMBERLIST_SECRET },
      { name: 'METALLB_DEPLOYMENT', value: 'controller' },
    ],
    ports: metricsPorts(props),
    resources,
    securityContext: hardened({ drop: ['ALL'] }),
  };
  const security = { runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY, fsGroup: NOBODY };
  return {
    ...{ replicas, revisionHistoryLimit: 3, selector },
    template: {
      metadata: podMetadata('controller', props),
      spec: {
        ...{ serviceAccountName: 'controller', priorityClassName: 'system-cluster-critical', terminationGracePeriodSeconds: 5 },
        nodeSelector: { ...LINUX, ...nodeSelector },
        ...(tolerations.length === 0 ? {} : { tolerations }),
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector },
        ],
        securityContext: { ...security, seccompProfile: DEFAULT_SECCOMP },
        containers: [container],
      },
    },
  };
}

function speakerSpec(props: AgentsProps): object {
  const { nodeSelector = {}, tolerations = [], resources = asks('80Mi') } = props.speaker ?? {};
  const container = {
    ...agent('speaker', props, speakerFlags(props.speaker)),
    env: [
      fromField('METALLB_NODE_NAME', 'spec.nodeName'),
      fromField('METALLB_POD_NAME', 'metadata.name'),
      fromField('METALLB_ML_BIND_ADDR', 'status.podIP'),
      { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
      { name: 'METALLB_ML_SECRET_KEY_PATH', value: KEY_FOLDER },
    ],
    ports: [
      ...metricsPorts(props),
      { name: 'memberlist-tcp', containerPort: GOSSIP_PORT },
      { name: 'memberlist-udp', containerPort: GOSSIP_PORT, protocol: 'UDP' },
    ],
    resources,
    securityContext: hardened({ drop: ['ALL'], add: ['NET_RAW'] }),
    volumeMounts: [
      { name: MEMBERLIST_SECRET, mountPath: KEY_FOLDER, readOnly: true },
      { name: MEMBERLIST_CONFIG, mountPath: MEMBERLIST_FOLDER, readOnly: true },
      { name: 'view', mountPath: VIEW_FOLDER },
    ],
  };
  return {
    ...{ revisionHistoryLimit: 3, selector: { matchLabels: labelsOf('speaker') } },
    template: {
      metadata: podMetadata('speaker', props),
      spec: {
        ...{ serviceAccountName: 'speaker', hostNetwork: true, priorityClassName: 'system-node-critical' },
        terminationGracePeriodSeconds: HANDOVER_SECONDS,
        nodeSelector: { ...LINUX, ...nodeSelector },
        securityContext: { seccompProfile: DEFAULT_SECCOMP },
        tolerations: [...CONTROL_PLANES, ...tolerations],
        containers: [container],
        volumes: [
          // Not optional: a Pod waits for the controller to make it.
          { name: MEMBERLIST_SECRET, secret: { secretName: MEMBERLIST_SECRET, defaultMode: 0o400 } },
          { name: MEMBERLIST_CONFIG, configMap: { name: MEMBERLIST_CONFIG, optional: true } },
          { name: 'view', emptyDir: {} },
        ],
      },
    },
  };
}

function speakerFlags({ failbackDelay, conflict, spread, interfaces, excludeInterfaces }: SpeakerProps = {}): readonly string[] {
  return [
    `--keep-view=${VIEW_FOLDER}`,
    ...(failbackDelay === undefined ? [] : [`--failback-delay=${failbackDelay}`]),
    ...(conflict === undefined ? [] : [`--conflict=${conflict}`]),
    ...(spread === true ? ['--spread'] : []),
    ...(interfaces ?? []).map((name) => `--interface=${name}`),
    ...(excludeInterfaces ?? []).map((pattern) => `--exclude-interfaces=${pattern}`),
  ];
}

/** The container, as far as both have it alike. Health is asked for where metrics are, or on a port of its own where those are for few. */
function agent(component: Component, props: AgentsProps, more: readonly string[]): object {
  const { image = DEFAULT_IMAGE, logLevel = 'info', loadBalancerClass, secureMetrics = false } = props;
  const at = {
    port: secureMetrics ? HEALTH_PORT : METRICS_PORT,
    // A speaker serves health on its host's loopback.
    ...(secureMetrics && component === 'speaker' ? { host: '127.0.0.1' } : {}),
  };
  return {
    ...{ name: component, image },
    args: [
      component,
      `--log-level=${logLevel}`,
      ...(loadBalancerClass === undefined ? [] : [`--lb-class=${loadBalancerClass}`]),
      ...(secureMetrics
        ? [`--port=${SECURE_METRICS_PORT}`, `--metrics=127.0.0.1:${METRICS_PORT}`, `--health-probe-port=${HEALTH_PORT}`]
        : []),
      ...more,
    ],
    // Often, and from the beginning: whoever waits for it waits 2 s too long at most. Whoever is ready stays so for 30 s, as with MetalLB: while
    // one Pod of a DaemonSet is wrong, all that are not ready are made like it, and a node that stands still for seconds is not worth that.
    readinessProbe: { httpGet: { path: '/readyz', ...at }, periodSeconds: 2, failureThreshold: 15 },
    livenessProbe: { httpGet: { path: '/healthz', ...at }, periodSeconds: 10, timeoutSeconds: 5 },
  };
}

const metricsPorts = ({ secureMetrics = false }: AgentsProps): readonly object[] =>
  secureMetrics
    ? [{ name: 'metricshttps', containerPort: SECURE_METRICS_PORT }]
    : [{ name: 'monitoring', containerPort: METRICS_PORT }];

/** For a Prometheus that finds Pods by them; over HTTPS it must be told who may. */
function podMetadata(component: Component, { secureMetrics = false }: AgentsProps): object {
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(METRICS_PORT) };
  return { labels: labelsOf(component), ...(secureMetrics ? {} : { annotations }) };
}

const fromField = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });

const asks = (memory: string): Resources => ({ requests: { cpu: '50m', memory } });

const hardened = (capabilities: object): object => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities,
});
