/**
 * What our constructs have in common: where their objects live and what they are called.
 */
import type { ApiObjectMetadata } from 'cdk8s';
import { METALLB_NAMESPACE } from '../src/api/object.js';
import { shown } from '../src/api/value.js';
import { type Issue, issue } from '../src/issue/issue.js';

export interface ResourceProps {
  /**
   * Metadata of the object. Labels are what selectors of an advertisement match.
   *
   * @default - named like the construct's id, in the namespace metallb-system
   */
  readonly metadata?: ApiObjectMetadata;
}

/**
 * The name is never hashed: an object that is renamed is one that is deleted and made again, and Services would lose the
 * addresses of a pool.
 */
export const metadataOf = (id: string, { metadata }: ResourceProps): ApiObjectMetadata => ({
  ...metadata,
  name: metadata?.name ?? id,
  namespace: metadata?.namespace ?? METALLB_NAMESPACE,
});

/** FIELD_INVALID for what a program without types, or one that reads its environment, passes for text. */
export const notText = (value: unknown, path: string): Issue[] =>
  typeof value === 'string' ? [] : [issue('FIELD_INVALID', path, `must be text, not ${shown(value)}`)];
