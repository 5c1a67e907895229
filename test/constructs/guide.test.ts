import { Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifests, yamlFiles } from '../api/manifests.js';
import { GUIDE } from './guide.js';
import { quietly } from './network.js';

const fixtures = yamlFiles(new URL('../fixtures/guide/', import.meta.url))
  .flatMap(({ text }) => parseManifests(text))
  .filter(({ kind }) => kind === 'IPAddressPool' || kind === 'L2Advertisement');
/** Some sections have a pool and no advertisement, which synth warns of. */
const written: readonly Manifest[] = quietly(() =>
  Object.values(GUIDE).flatMap((section): Manifest[] => Testing.synth(section())),
);

const keyOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
const byKey = (manifests: readonly Manifest[]): Map<string, Manifest> => new Map(manifests.map((one) => [keyOf(one), one]));

describe('the guide in TypeScript', () => {
  test.each(fixtures.map((manifest) => [keyOf(manifest), manifest]))('says what the YAML says: %s', (key, manifest) => {
    expect(byKey(written).get(key)).toEqual(manifest);
  });

  test('has nothing but what the guide has', () => {
    expect(written.map(keyOf).sort()).toEqual(fixtures.map(keyOf).sort());
    expect(fixtures).toHaveLength(12);
  });
});
