import fc from 'fast-check';
import type { Beat } from '../../src/membership/beat.js';

/** The first beat of a node n2 that is ready and has nothing to say, but for what `change` has otherwise. */
export const beatOf = (change: Partial<Beat> = {}): Beat => ({
  node: 'n2',
  bootId: '00000000000000bb',
  sequence: 1,
  intervalMs: 100,
  ready: true,
  leaving: false,
  returning: false,
  stale: false,
  spreads: false,
  macs: [],
  ...change,
});

/** Beats that say anything of a node, with such values. */
export const anyBeat = (
  values: {
    readonly [Field in 'node' | 'bootId' | 'sequence' | 'intervalMs' | 'macs']: fc.Arbitrary<Beat[Field]>;
  },
): fc.Arbitrary<Beat> =>
  fc.record<Beat>({
    ...values,
    ready: fc.boolean(),
    leaving: fc.boolean(),
    returning: fc.boolean(),
    stale: fc.boolean(),
    spreads: fc.boolean(),
  });
