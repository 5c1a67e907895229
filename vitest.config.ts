import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Processes that fail over in milliseconds, beside each other on a network: whatever else computes is a stall to them. Soak and traces
 * ask who answers, not how soon.
 */
const WIRE = ['test/lab/!(soak|traces).test.ts', 'test/interop/**/*.test.ts'];

const config: ViteUserConfig = defineConfig({
  test: {
    setupFiles: ['./test/support/runs.ts'],
    // A bound for hangs, not a measure: lab tests start real processes on a machine that others use too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './tools/tally-reporter.mjs'],
    projects: [
      { extends: true, test: { name: 'wire', include: WIRE, maxWorkers: 1, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        // Most of them wait for an API server, or for each other.
        test: { name: 'rest', include: ['test/**/*.test.ts'], exclude: WIRE, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
export default config;
