/**
 * The documents of an OCI image with one layer (OCI Image Format 1.1), and of the archive that holds it. They name no time, so the same
 * layer has the same digests. `docker load` before Docker 25 reads manifest.json instead of index.json; both are there.
 */
import { createHash } from 'node:crypto';

export interface ImageOptions {
  /** As a registry's client writes it in full, such as `docker.io/library/arpeggio:0.1.0`. */
  readonly reference: string;
  /** As Go names it. */
  readonly architecture: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Of an uncompressed tar. */
export interface Layer {
  readonly digest: string;
  readonly size: number;
}

export interface ImageDocuments {
  /** Of the manifest: what a registry would know the image by. */
  readonly digest: string;
  /** By their paths in the archive; the layer's own is at {@link blobPath} of its digest. */
  readonly files: Readonly<Record<string, string>>;
}

const EPOCH = '1970-01-01T00:00:00Z';
const TYPE = 'application/vnd.oci.image';

export const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

export function imageDocuments(layer: Layer, { reference, architecture, entrypoint, labels }: ImageOptions): ImageDocuments {
  const config = blob({
    ...{ created: EPOCH, architecture, os: 'linux' },
    config: { Entrypoint: entrypoint, Env: ['PATH=/usr/sbin:/usr/bin'], Labels: labels, WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created: EPOCH, created_by: 'npm run image' }],
  });
  const manifest = blob({
    ...{ schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json` },
    config: { mediaType: `${TYPE}.config.v1+json`, digest: config.digest, size: config.text.length },
    layers: [{ mediaType: `${TYPE}.layer.v1.tar`, ...layer }],
    annotations: labels,
  });
  const index = {
    ...{ schemaVersion: 2, mediaType: `${TYPE}.index.v1+json` },
    manifests: [
      {
        ...{ mediaType: `${TYPE}.manifest.v1+json`, digest: manifest.digest, size: manifest.text.length },
        platform: { architecture, os: 'linux' },
        annotations: { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': tagOf(reference) },
      },
    ],
  };
  return {
    digest: manifest.digest,
    files: {
      'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
      'index.json': JSON.stringify(index),
      'manifest.json': JSON.stringify([
        { Config: blobPath(config.digest), RepoTags: [reference], Layers: [blobPath(layer.digest)] },
      ]),
      [blobPath(config.digest)]: config.text,
      [blobPath(manifest.digest)]: manifest.text,
    },
  };
}

const tagOf = (reference: string): string => reference.slice(reference.lastIndexOf(':') + 1);

function blob(document: object): { readonly digest: string; readonly text: string } {
  const text = JSON.stringify(document);
  return { text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}
