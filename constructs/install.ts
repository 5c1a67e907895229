/**
 * The agents of a cluster as its objects: a Deployment of controllers, a DaemonSet of speakers, and what protects both. They are named and
 * labelled as MetalLB's, so that what people know of it finds them.
 *
 * Apply it after the CRDs, the namespace and {@link Rbac}. The image has both agents.
 */
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { METALLB_NAMESPACE } from '../src/api/object.js';

export interface InstallProps {
  /** The image of both agents, with its tag or digest. */
  readonly image: string;

  /**
   * Controllers. One gives addresses; the others wait for its lease.
   *
   * @default 1
   */
  readonly replicas?: number;

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

  /**
   * How long a node that came back must stay before it takes its addresses back, in seconds.
   *
   * @default 30
   */
  readonly failbackDelay?: number | 'never';

  /**
   * Labels of the Nodes that speakers run on, besides that of Linux.
   *
   * @default - all
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;

  /**
   * Taints that speakers tolerate, besides those of control planes.
   *
   * @default []
   */
  readonly tolerations?: readonly Toleration[];

  /**
   * What each controller asks for (core/v1 ResourceRequirements).
   *
   * @default - 100 MB of memory and a twentieth of a core; no limits
   */
  readonly controllerResources?: Resources;

  /**
   * What each speaker asks for. A limit of processor time would hold up answers.
   *
   * @default - 80 MB of memory and a twentieth of a core; no limits
   */
  readonly speakerResources?: Resources;

  /**
   * Metrics over HTTPS on port 9120 for those whom the API server lets get them, and in clear on loopback alone. Needs
   * `new Rbac(…, { secureMetrics: true })`.
   *
   * @default false
   */
  readonly secureMetrics?: boolean;
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

const METRICS_PORT = 7472;
const SECURE_PORT = 9120;
const GOSSIP_PORT = 7946;
/** As MetalLB's speakers mount it; the controller makes it. */
const MEMBERLIST_SECRET = 'memberlist';
const KEY_FOLDER = '/etc/ml_secret_key';
const VIEW_FOLDER = '/var/lib/arpeggio';
/** Longer than a speaker takes to hand its addresses over, which is 3 s at most. */
const HANDOVER_SECONDS = 15;
/** Of nobody. */
const NOBODY = 65534;

type Component = 'controller' | 'speaker';
const labelsOf = (component: Component): Readonly<Record<string, string>> => ({ app: 'metallb', component });

export class Install extends Chart {
  constructor(scope: Construct, id: string, props: InstallProps) {
    super(scope, id, { disableResourceNameHashes: true });
    this.#add('Deployment', 'apps/v1', 'controller', controllerSpec(props));
    this.#add('DaemonSet', 'apps/v1', 'speaker', speakerSpec(props));
    for (const component of ['controller', 'speaker'] as const) {
      // Whoever drains a node must not be held up by a rule that allows none to be missing.
      const spec = { maxUnavailable: 1, selector: { matchLabels: labelsOf(component) } };
      this.#add('PodDisruptionBudget', 'policy/v1', component, spec);
    }
    this.#add('NetworkPolicy', 'networking.k8s.io/v1', 'controller', networkPolicy(props));
  }

  #add(kind: string, apiVersion: string, name: Component, spec: object): void {
    new ApiObject(this, `${kind}-${name}`, {
      ...{ apiVersion, kind, spec },
      metadata: { name, namespace: METALLB_NAMESPACE, labels: labelsOf(name) },
    });
  }
}

function controllerSpec(props: InstallProps): object {
  const { replicas = 1, controllerResources = asks('100Mi') } = props;
  const container = {
    ...agent('controller', props, []),
    env: [
      fromField('METALLB_POD_NAME', 'metadata.name'),
      { name: 'METALLB_ML_SECRET_NAME', value: MEMBERLIST_SECRET },
      { name: 'METALLB_DEPLOYMENT', value: 'controller' },
    ],
    ports: ports(props),
    resources: controllerResources,
    securityContext: hardened({ drop: ['ALL'] }),
  };
  const security = { runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY, fsGroup: NOBODY };
  return {
    ...{ replicas, revisionHistoryLimit: 3 },
    selector: { matchLabels: labelsOf('controller') },
    template: {
      metadata: podMetadata('controller', props),
      spec: {
        ...{ serviceAccountName: 'controller', priorityClassName: 'system-cluster-critical', terminationGracePeriodSeconds: 5 },
        nodeSelector: LINUX,
        securityContext: { ...security, seccompProfile: DEFAULT_SECCOMP },
        containers: [container],
      },
    },
  };
}

function speakerSpec(props: InstallProps): object {
  const { nodeSelector = {}, tolerations = [], speakerResources = asks('80Mi'), failbackDelay } = props;
  const failback = failbackDelay === undefined ? [] : [`--failback-delay=${failbackDelay}`];
  const container = {
    ...agent('speaker', props, [...failback, `--keep-view=${VIEW_FOLDER}`]),
    env: [
      fromField('METALLB_NODE_NAME', 'spec.nodeName'),
      fromField('METALLB_POD_NAME', 'metadata.name'),
      fromField('METALLB_ML_BIND_ADDR', 'status.podIP'),
      { name: 'METALLB_ML_LABELS', value: 'app=metallb,component=speaker' },
      { name: 'METALLB_ML_SECRET_KEY_PATH', value: KEY_FOLDER },
    ],
    ports: [
      ...ports(props),
      { name: 'memberlist-tcp', containerPort: GOSSIP_PORT },
      { name: 'memberlist-udp', containerPort: GOSSIP_PORT, protocol: 'UDP' },
    ],
    resources: speakerResources,
    securityContext: hardened({ drop: ['ALL'], add: ['NET_RAW'] }),
    volumeMounts: [
      { name: MEMBERLIST_SECRET, mountPath: KEY_FOLDER, readOnly: true },
      { name: 'view', mountPath: VIEW_FOLDER },
    ],
  };
  return {
    revisionHistoryLimit: 3,
    selector: { matchLabels: labelsOf('speaker') },
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
          { name: 'view', emptyDir: {} },
        ],
      },
    },
  };
}

const LINUX = { 'kubernetes.io/os': 'linux' };
const DEFAULT_SECCOMP = { type: 'RuntimeDefault' };
const CONTROL_PLANES: readonly Toleration[] = ['node-role.kubernetes.io/master', 'node-role.kubernetes.io/control-plane'].map(
  (key) => ({ key, effect: 'NoSchedule', operator: 'Exists' }),
);

function agent(
  component: Component,
  { image, logLevel = 'info', loadBalancerClass, secureMetrics = false }: InstallProps,
  more: readonly string[],
): object {
  const probe = (path: string): object => ({
    httpGet: { path, port: METRICS_PORT, ...(secureMetrics && component === 'speaker' ? { host: '127.0.0.1' } : {}) },
    periodSeconds: 2,
    failureThreshold: path === '/healthz' ? 15 : 3,
  });
  return {
    name: component,
    image,
    args: [
      component,
      `--log-level=${logLevel}`,
      ...(loadBalancerClass === undefined ? [] : [`--lb-class=${loadBalancerClass}`]),
      ...(secureMetrics
        ? [`--port=${SECURE_PORT}`, ...(component === 'speaker' ? [`--metrics=127.0.0.1:${METRICS_PORT}`] : [])]
        : []),
      ...more,
    ],
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
  };
}

const ports = ({ secureMetrics = false }: InstallProps): readonly object[] => [
  { name: 'monitoring', containerPort: METRICS_PORT },
  ...(secureMetrics ? [{ name: 'metricshttps', containerPort: SECURE_PORT }] : []),
];

/** For a Prometheus that finds Pods by them. */
function podMetadata(component: Component, { secureMetrics = false }: InstallProps): object {
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

/** A controller is asked for metrics and asks the API server, wherever that listens. Speakers have their host's network, which none holds for. */
function networkPolicy({ secureMetrics = false }: InstallProps): object {
  const open = [METRICS_PORT, ...(secureMetrics ? [SECURE_PORT] : [])].map((port) => ({ protocol: 'TCP', port }));
  return {
    podSelector: { matchLabels: labelsOf('controller') },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: open }],
    egress: [{ ports: [443, 6443].map((port) => ({ protocol: 'TCP', port })) }],
  };
}
