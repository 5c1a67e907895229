import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseManifests } from '../api/manifests.js';
import { ROOT, synthByCli, synthElsewhere, treeOf } from './support.js';

const dist = treeOf(join(ROOT, 'dist'));
const objects = Object.values(dist).flatMap(parseManifests);

describe('dist/', () => {
  test('is what `cdk8s synth` writes', { timeout: 60_000 }, () => {
    expect(synthByCli()).toEqual(dist);
  });

  test('is the same bytes in another folder, time zone and language', { timeout: 60_000 }, () => {
    expect(synthElsewhere({ TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toEqual(dist);
    expect(synthElsewhere({ TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C' })).toEqual(dist);
  });

  test('names no path of the machine it was made on', () => {
    expect(Object.values(dist).filter((text) => text.includes(ROOT) || text.includes('file:'))).toEqual([]);
  });

  test('has a file for each object', () => {
    expect(objects).toHaveLength(Object.keys(dist).length);
  });

  test('gives a namespace to what is namespaced, and to nothing else', () => {
    const clusterScoped = ['CustomResourceDefinition', 'Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass'];
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.name, metadata.namespace !== undefined]).toEqual([
        kind,
        metadata.name,
        !clusterScoped.includes(kind),
      ]);
    }
  });
});
