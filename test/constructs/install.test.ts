import { App } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { AgentNamespace, Install, type InstallProps } from '../../constructs/index.js';

interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly image: string;
    readonly resources: object;
    readonly securityContext: { readonly capabilities: object };
    readonly livenessProbe: { readonly httpGet: object };
  }[];
}

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly replicas?: number; readonly template: { readonly metadata: object; readonly spec: PodSpec } };
}

const objectsOf = (props: InstallProps): readonly Written[] => new Install(new App(), 'install', props).toJson() as Written[];
const podOf = (kind: 'Deployment' | 'DaemonSet', props: Partial<InstallProps> = {}): PodSpec => {
  const found = objectsOf({ image: 'arpeggio:1', ...props }).find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found.spec.template.spec;
};
const argsOf = (kind: 'Deployment' | 'DaemonSet', props: Partial<InstallProps> = {}): readonly string[] =>
  podOf(kind, props).containers[0]?.args ?? [];

test('the install is as it was', async () => {
  const app = new App();
  new AgentNamespace(app, 'namespace');
  new Install(app, 'install', { image: 'arpeggio:1' });
  await expect(app.synthYaml()).toMatchFileSnapshot('../golden/constructs/install.yaml');
});

describe('a prop', () => {
  test.each<[string, Partial<InstallProps>, 'Deployment' | 'DaemonSet', object]>([
    [
      'the image',
      { image: 'registry/arpeggio@sha256:1' },
      'DaemonSet',
      { containers: [{ image: 'registry/arpeggio@sha256:1' }] },
    ],
    [
      'labels of nodes',
      { nodeSelector: { lb: 'yes' } },
      'DaemonSet',
      { nodeSelector: { 'kubernetes.io/os': 'linux', lb: 'yes' } },
    ],
    [
      'resources of controllers',
      { controllerResources: { limits: { memory: '1Gi' } } },
      'Deployment',
      { containers: [{ resources: { limits: { memory: '1Gi' } } }] },
    ],
    [
      'resources of speakers',
      { speakerResources: { requests: { cpu: '1' } } },
      'DaemonSet',
      { containers: [{ resources: { requests: { cpu: '1' } } }] },
    ],
  ])('is %s', (_, props, kind, expected) => {
    expect(podOf(kind, props)).toMatchObject(expected);
  });

  test.each<[Partial<InstallProps>, 'Deployment' | 'DaemonSet', readonly string[]]>([
    [{ logLevel: 'debug' }, 'Deployment', ['--log-level=debug']],
    [{ loadBalancerClass: 'a.b/c' }, 'Deployment', ['--lb-class=a.b/c']],
    [{ loadBalancerClass: 'a.b/c' }, 'DaemonSet', ['--lb-class=a.b/c']],
    [{ failbackDelay: 'never' }, 'DaemonSet', ['--failback-delay=never']],
    [{ secureMetrics: true }, 'Deployment', ['--port=9120']],
    [{ secureMetrics: true }, 'DaemonSet', ['--port=9120', '--metrics=127.0.0.1:7472']],
  ])('%j is a flag of the %s', (props, kind, flags) => {
    const more = argsOf(kind, props).filter((arg) => !argsOf(kind).includes(arg));
    expect(more.sort()).toEqual([...flags].sort());
  });

  test('tolerations come beside those of control planes', () => {
    const mine = { key: 'mine', operator: 'Exists' } as const;
    expect(podOf('DaemonSet', { tolerations: [mine] }).tolerations).toHaveLength(3);
    expect(podOf('DaemonSet', { tolerations: [mine] }).tolerations).toContainEqual(mine);
  });

  test('replicas is how many controllers there are', () => {
    expect(objectsOf({ image: 'a', replicas: 2 }).find(({ kind }) => kind === 'Deployment')?.spec.replicas).toBe(2);
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
});
