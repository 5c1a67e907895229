import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifests, yamlFiles } from '../api/manifests.js';
import { GUIDE } from './guide.js';
import { quietly } from './network.js';

const fixtures = yamlFiles(new URL('../fixtures/guide/', import.meta.url)).flatMap(({ text }) => parseManifests(text));
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

/** The guide itself is not part of the repository; where it lies beside it, the fixtures are held complete against it. */
const GUIDE_FILE = fileURLToPath(new URL('../../../shared/spec/guide-layer2-mode.md', import.meta.url));

test('the fixtures are every pool and advertisement that the guide prints', () => {
  if (!existsSync(GUIDE_FILE)) return;
  const blocks = [...readFileSync(GUIDE_FILE, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = '']) => yaml);
  const printed = blocks.flatMap(parseManifests).filter(({ kind }) => kind === 'IPAddressPool' || kind === 'L2Advertisement');
  expect(byKey(fixtures)).toEqual(byKey(printed));
});
