import { describe } from 'vitest';
import { ASSETS } from './apiserver.js';

/** Without an API server the suite is skipped; under CI it fails instead, when it starts one. */
export const describeWithApiServer: ReturnType<typeof describe.skipIf> = describe.skipIf(
  ASSETS === '' && process.env['CI'] !== 'true',
);
