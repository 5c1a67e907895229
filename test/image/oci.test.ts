import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { blobPath, type ImageOptions, imageDocuments } from '../../tools/image/oci.js';

const LAYER = { digest: `sha256:${'a'.repeat(64)}`, size: 5 };
const OPTIONS: ImageOptions = {
  reference: 'docker.io/library/one:2',
  architecture: 'amd64',
  entrypoint: ['/one'],
  labels: { of: 'it' },
};

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

describe('the documents of an image', () => {
  const { digest, files } = imageDocuments(LAYER, OPTIONS);
  const read = (path: string): Record<string, unknown> => JSON.parse(files[path] ?? '');
  const index = read('index.json') as { manifests: [Descriptor & { annotations: object }] };
  const manifest = read(blobPath(digest)) as { config: Descriptor; layers: Descriptor[] };

  test('lead from the index to the layer', () => {
    expect(index.manifests[0].digest).toBe(digest);
    expect(manifest.layers).toEqual([{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...LAYER }]);
    expect(read(blobPath(manifest.config.digest))).toMatchObject({
      config: { Entrypoint: ['/one'] },
      rootfs: { diff_ids: [LAYER.digest] },
    });
  });

  test('name their digests and sizes truly', () => {
    for (const { digest: of, size } of [...index.manifests, manifest.config]) {
      const text = files[blobPath(of)] ?? '';
      expect([`sha256:${createHash('sha256').update(text).digest('hex')}`, Buffer.byteLength(text)]).toEqual([of, size]);
    }
  });

  test('are found by containerd under the reference, and by docker under its name and tag', () => {
    expect(index.manifests[0].annotations).toEqual({
      'io.containerd.image.name': 'docker.io/library/one:2',
      'org.opencontainers.image.ref.name': '2',
    });
    expect(read('manifest.json')).toEqual([
      { Config: blobPath(manifest.config.digest), RepoTags: [OPTIONS.reference], Layers: [blobPath(LAYER.digest)] },
    ]);
  });

  test('are the same for the same layer, and others for another', () => {
    expect(imageDocuments(LAYER, OPTIONS)).toEqual({ digest, files });
    expect(imageDocuments({ ...LAYER, digest: `sha256:${'b'.repeat(64)}` }, OPTIONS).digest).not.toBe(digest);
  });
});
