import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['./test/support/runs.ts'],
    // A bound for hangs, not a measure: lab tests start real processes on a machine that others use too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './tools/tally-reporter.mjs'],
  },
});
export default config;
