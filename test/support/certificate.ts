/**
 * A certificate for 127.0.0.1, made for one test: no tool, no file, no key in the repository.
 */
import * as runtime from '../../agents/runtime/selfsigned.js';

export type { Certificate } from '../../agents/runtime/selfsigned.js';

/** Names `commonName`, so that two certificates of a test can be told apart. */
export const selfSigned = (commonName = 'test'): runtime.Certificate =>
  runtime.selfSigned({
    commonName,
    validFrom: new Date('2020-01-01T00:00:00Z'),
    validTo: new Date('2099-12-31T00:00:00Z'),
    addresses: [[127, 0, 0, 1]],
  });
