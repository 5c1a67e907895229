import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseManifests } from '../api/manifests.js';
import { ROOT, synthByCli, synthElsewhere, treeOf } from './support.js';

const dist = treeOf(join(ROOT, 'dist'));
const oneFile = readFileSync(join(ROOT, 'install.yaml'), 'utf8');
const committed = {
  ...Object.fromEntries(Object.entries(dist).map(([path, text]) => [`dist/${path}`, text])),
  'install.yaml': oneFile,
};
/** The files of the layers. */
const layered = Object.entries(dist).filter(([path]) => path.endsWith('.k8s.yaml'));
const objects = layered.flatMap(([, text]) => parseManifests(text));

describe('dist/', () => {
  test('is what `cdk8s synth` writes', { timeout: 60_000 }, () => {
    expect(synthByCli()).toEqual(committed);
  });

  test('is the same bytes in another folder, time zone and language', { timeout: 60_000 }, () => {
    expect(synthElsewhere({ TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toEqual(committed);
    expect(synthElsewhere({ TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C' })).toEqual(committed);
  });

  test('names no path of the machine it was made on', () => {
    expect(Object.values(committed).filter((text) => text.includes(ROOT) || /\bfile:\/\//.test(text))).toEqual([]);
  });

  test('has a file for each object', () => {
    expect(objects).toHaveLength(layered.length);
  });

  test('has beside it one file with what its layers have, but for the configuration', () => {
    const installed = layered.filter(([path]) => !path.startsWith('20-config/')).flatMap(([, text]) => parseManifests(text));
    const named = (all: typeof objects): string[] => all.map((one) => JSON.stringify(one)).sort();
    const inOne = parseManifests(oneFile);
    expect(named(inOne)).toEqual(named(installed));
    // A namespace is there before what is in it, and an account before who runs as it.
    const at = (kind: string): number => inOne.findIndex((one) => one.kind === kind);
    const order = ['CustomResourceDefinition', 'Namespace', 'ServiceAccount', 'DaemonSet'].map(at);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test('has beside it what names each of its files, for Kustomize, without the ending of an object', () => {
    const folders = [...new Set(layered.map(([path]) => path.split('/')[0] ?? ''))];
    const resources = (path: string): unknown => (parseManifests(dist[path] ?? '')[0] as { resources?: unknown }).resources;
    expect(resources('Kustomization')).toEqual(folders);
    for (const folder of folders) {
      const files = layered.map(([path]) => path).filter((path) => path.startsWith(`${folder}/`));
      expect(resources(`${folder}/Kustomization`)).toEqual(files.map((path) => path.slice(folder.length + 1)));
    }
    expect(Object.keys(dist)).toHaveLength(layered.length + folders.length + 1);
  });

  test('gives a namespace to what is namespaced, and to nothing else', () => {
    const clusterScoped = [
      'CustomResourceDefinition',
      'Namespace',
      'ClusterRole',
      'ClusterRoleBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ];
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.name, metadata.namespace !== undefined]).toEqual([
        kind,
        metadata.name,
        !clusterScoped.includes(kind),
      ]);
    }
  });
});
