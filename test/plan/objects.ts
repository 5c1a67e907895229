/**
 * Objects as a repository has them, for checks: each a line in a table.
 */
import { allocateAll } from '../../src/allocator/allocateall.js';
import { readObjects } from '../../src/api/objects.js';
import { compileConfig } from '../../src/config/compile.js';
import { check } from '../../src/plan/check.js';
import type { Finding } from '../../src/plan/finding.js';

type Labels = Readonly<Record<string, string>>;

export const pool = (name: string, spec: object, { labels = {}, annotations = {} }: Meta = {}): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, labels, annotations },
  spec,
});

export const advertisement = (name: string, spec: object = {}): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name },
  spec,
});

export const node = (name: string, labels: Labels = {}, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  ...more,
});

interface Meta {
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly namespace?: string;
}

export const service = (name: string, spec: object = {}, metadata: Meta = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});

export const namespace = (name: string, labels: Labels = {}): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

/** Ready endpoints of a Service, one on each of `nodes`. */
export const endpoints = (name: string, ...nodes: readonly string[]): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  endpoints: nodes.map((nodeName) => ({ nodeName })),
});

/** What checks find about objects that have no error. */
export function findingsIn(objects: readonly object[], loadBalancerClass?: string): readonly Finding[] {
  const read = readObjects(objects.map((object) => ({ object, locate: () => undefined })));
  const { config, issues } = compileConfig(read.objects);
  if (config === undefined || read.issues.length > 0) {
    throw new Error([...read.issues, ...issues].map(({ message }) => message).join('; '));
  }
  const ours = loadBalancerClass === undefined ? {} : { loadBalancerClass };
  const outcomes = allocateAll(config, read.objects.services, undefined, ours);
  return check({ objects: read.objects, config, outcomes, ...ours });
}

/** `CODE name path: message`. */
export const told = (objects: readonly object[], loadBalancerClass?: string): string[] =>
  findingsIn(objects, loadBalancerClass).map(
    ({ about, issue: { code, path, message } }) => `${code} ${about.name}${path === '' ? '' : ` ${path}`}: ${message}`,
  );
