/**
 * What there is of layers besides their objects: for Kustomize, and Flux and Argo CD with it, what each has; and one file with several of
 * them, for whoever applies one file.
 *
 * `kubectl apply -R` takes every file with the ending of YAML for an object. A Kustomization is none, and Kustomize knows it without.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Chart, Yaml } from 'cdk8s';

const FILE = 'Kustomization';

/** One for each folder, and one for all of them, in order. */
export function writeKustomizations(outdir: string): void {
  const entries = readdirSync(outdir, { withFileTypes: true });
  const layers = entries.filter((one) => one.isDirectory()).map(({ name }) => name);
  for (const layer of layers) writeKustomization(join(outdir, layer), readdirSync(join(outdir, layer)));
  writeKustomization(outdir, layers);
}

const writeKustomization = (folder: string, resources: readonly string[]): void =>
  Yaml.save(join(folder, FILE), [
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: resources.toSorted() },
  ]);

export const writeOneFile = (file: string, charts: readonly Chart[]): void =>
  Yaml.save(
    file,
    charts.flatMap((chart) => chart.toJson()),
  );
