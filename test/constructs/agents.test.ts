import { App } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { Agents, type AgentsProps, Install } from '../../constructs/index.js';
import packageJson from '../../package.json' with { type: 'json' };

interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly image: string;
    readonly resources: { readonly limits?: object };
    readonly securityContext: { readonly capabilities: object };
    readonly readinessProbe: Probe;
    readonly livenessProbe: Probe;
  }[];
}

interface Probe {
  readonly httpGet: object;
  readonly periodSeconds: number;
  readonly failureThreshold?: number;
  readonly initialDelaySeconds?: number;
}

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly replicas?: number;
    readonly ingress?: readonly object[];
    readonly egress?: readonly object[];
    readonly template: { readonly metadata: { readonly annotations?: object }; readonly spec: PodSpec };
  };
}

type Workload = 'Deployment' | 'DaemonSet';

const objectsOf = (props: AgentsProps): readonly Written[] => new Agents(new App(), 'agents', props).toJson() as Written[];
const find = (kind: string, props: AgentsProps = {}, name?: string): Written => {
  const found = objectsOf(props).find((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
};
const podOf = (kind: Workload, props: AgentsProps = {}): PodSpec => find(kind, props).spec.template.spec;
const argsOf = (kind: Workload, props: AgentsProps = {}): readonly string[] => podOf(kind, props).containers[0]?.args ?? [];

test('the agents are as they were', async () => {
  const app = new App();
  new Agents(app, 'agents', { image: 'arpeggio:1' });
  await expect(app.synthYaml()).toMatchFileSnapshot('../golden/constructs/agents.yaml');
});

describe('a prop', () => {
  const resources = { limits: { memory: '1Gi' } };
  test.each<[string, AgentsProps, Workload, object]>([
    ['the image', { image: 'registry/a@sha256:1' }, 'DaemonSet', { containers: [{ image: 'registry/a@sha256:1' }] }],
    ['the image of this version', {}, 'Deployment', { containers: [{ image: `arpeggio:${packageJson.version}` }] }],
    [
      'labels of the nodes of speakers',
      { speaker: { nodeSelector: { lb: 'yes' } } },
      'DaemonSet',
      { nodeSelector: { 'kubernetes.io/os': 'linux', lb: 'yes' } },
    ],
    [
      'labels of the nodes of controllers',
      { controller: { nodeSelector: { lb: 'yes' } } },
      'Deployment',
      { nodeSelector: { 'kubernetes.io/os': 'linux', lb: 'yes' } },
    ],
    ['resources of controllers', { controller: { resources } }, 'Deployment', { containers: [{ resources }] }],
    ['resources of speakers', { speaker: { resources } }, 'DaemonSet', { containers: [{ resources }] }],
    ['what controllers tolerate', { controller: { tolerations: [{ key: 'a' }] } }, 'Deployment', { tolerations: [{ key: 'a' }] }],
  ])('is %s', (_, props, kind, expected) => {
    expect(podOf(kind, props)).toMatchObject(expected);
  });

  test.each<[AgentsProps, Workload, readonly string[]]>([
    [{ logLevel: 'debug' }, 'Deployment', ['--log-level=debug']],
    [{ loadBalancerClass: 'a.b/c' }, 'Deployment', ['--lb-class=a.b/c']],
    [{ loadBalancerClass: 'a.b/c' }, 'DaemonSet', ['--lb-class=a.b/c']],
    [{ speaker: { failbackDelay: 'never' } }, 'DaemonSet', ['--failback-delay=never']],
    [{ speaker: { conflict: 'yield' } }, 'DaemonSet', ['--conflict=yield']],
    [{ speaker: { spread: true } }, 'DaemonSet', ['--spread']],
    [{ speaker: { interfaces: ['eth0', 'bond0'] } }, 'DaemonSet', ['--interface=bond0', '--interface=eth0']],
    [{ speaker: { excludeInterfaces: ['^wg'] } }, 'DaemonSet', ['--exclude-interfaces=^wg']],
    [{ secureMetrics: true }, 'Deployment', ['--health-probe-port=17472', '--metrics=127.0.0.1:7472', '--port=9120']],
    [{ secureMetrics: true }, 'DaemonSet', ['--health-probe-port=17472', '--metrics=127.0.0.1:7472', '--port=9120']],
  ])('%j is a flag of the %s', (props, kind, flags) => {
    const more = argsOf(kind, props).filter((arg) => !argsOf(kind).includes(arg));
    expect(more.toSorted()).toEqual(flags);
  });

  test('tolerations of speakers come beside those of control planes', () => {
    const mine = { key: 'mine', operator: 'Exists' } as const;
    expect(podOf('DaemonSet', { speaker: { tolerations: [mine] } }).tolerations).toHaveLength(3);
    expect(podOf('DaemonSet', { speaker: { tolerations: [mine] } }).tolerations).toContainEqual(mine);
  });

  test('replicas is how many controllers there are', () => {
    expect(find('Deployment', { controller: { replicas: 2 } }).spec.replicas).toBe(2);
  });

  test.each([
    ['controller', [443, 6443]],
    ['speaker', [443, 6443]],
    ['controller', [16443]],
  ])('of a %s: the ports of the API server are those it may reach, %j', (name, ports) => {
    const { spec } = find('NetworkPolicy', { apiServerPorts: ports }, name);
    expect(spec.egress).toContainEqual({ ports: ports.map((port) => ({ protocol: 'TCP', port })) });
  });

  test('metrics over HTTPS are asked for there alone, and health where a kubelet finds it', () => {
    const secure = { secureMetrics: true };
    for (const name of ['controller', 'speaker']) {
      expect(find('NetworkPolicy', secure, name).spec.ingress).toContainEqual({ ports: [{ protocol: 'TCP', port: 9120 }] });
      expect(JSON.stringify(find('NetworkPolicy', secure, name))).not.toContain('7472');
    }
    const probes = (kind: Workload): unknown => podOf(kind, secure).containers[0]?.readinessProbe.httpGet;
    expect(probes('Deployment')).toEqual({ path: '/readyz', port: 17472 });
    expect(probes('DaemonSet')).toEqual({ path: '/readyz', port: 17472, host: '127.0.0.1' });
    expect(find('DaemonSet', secure).spec.template.metadata.annotations).toBeUndefined();
  });
});

test('a speaker may do with packets what it must, and nothing else; a controller is nobody', () => {
  const [controller, speaker] = [podOf('Deployment'), podOf('DaemonSet')];
  expect(speaker.containers[0]?.securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['NET_RAW'] });
  expect(controller.containers[0]?.securityContext.capabilities).toEqual({ drop: ['ALL'] });
  expect(controller.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect([controller.hostNetwork, speaker.hostNetwork]).toEqual([undefined, true]);
  // A handover takes 3 s.
  expect(speaker.terminationGracePeriodSeconds).toBeGreaterThan(3);
  expect(speaker.containers[0]?.resources.limits).toBeUndefined();
});

test.each<Workload>(['Deployment', 'DaemonSet'])(
  'a Pod of the %s is known to be ready within 2 s, and stays so for 30',
  (kind) => {
    const { readinessProbe: probe, livenessProbe: liveness } = podOf(kind).containers[0] ?? {};
    expect([probe?.periodSeconds, probe?.initialDelaySeconds]).toEqual([2, undefined]);
    expect([probe, liveness].map((one) => (one?.failureThreshold ?? 3) * (one?.periodSeconds ?? 0))).toEqual([30, 30]);
  },
);

describe('an install', () => {
  const idsOf = (props?: ConstructorParameters<typeof Install>[2]): readonly string[] => {
    const app = new App();
    new Install(app, 'install', props);
    return app.charts.map(({ node }) => node.id);
  };

  test('is all that a cluster needs, in the order in which it is applied', () => {
    expect(idsOf()).toEqual(['00-crds', '05-namespace', '10-rbac', '12-admission', '15-agents']);
    expect(idsOf()).toEqual(idsOf().toSorted());
  });

  test('is nothing where the agents are those of MetalLB', () => {
    expect(idsOf({ stockAgents: true })).toEqual([]);
  });

  test('goes without admission policies where nobody wants them', () => {
    expect(idsOf({ admission: false })).not.toContain('12-admission');
  });

  test('with metrics over HTTPS lets agents ask who scrapes them', () => {
    const app = new App();
    const { charts } = new Install(app, 'install', { secureMetrics: true });
    expect(JSON.stringify(charts.map((chart) => chart.toJson()))).toContain('tokenreviews');
  });

  test('is there once', () => {
    const app = new App();
    new Install(app, 'install');
    expect(() => new Install(app, 'another')).toThrow(/already a Construct with name '00-crds'/);
  });
});
