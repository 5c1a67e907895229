/**
 * Reading our own kinds: strict, because a person wrote them. An unknown field is a mistake, as it is to `kubectl apply
 * --validate=strict`.
 *
 * They belong in the namespace metallb-system. One that names no namespace is taken to be there, although kubectl would put
 * it into the namespace of its context. Their status is dropped: it is output, never input.
 */

import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { withoutBgpFields } from './bgpfields.js';
import { IP_ADDRESS_POOL, type IPAddressPool } from './ipaddresspool.js';
import { manifestSchema } from './kind.js';
import { L2_ADVERTISEMENT, type L2Advertisement } from './l2advertisement.js';
import { METALLB_NAMESPACE } from './object.js';
import type { Schema } from './schema.js';
import { validate } from './validate.js';
import { isRecord, type PlainObject, withoutNulls } from './value.js';

export const POOL_SCHEMA: Schema = manifestSchema(IP_ADDRESS_POOL);
export const ADVERTISEMENT_SCHEMA: Schema = manifestSchema(L2_ADVERTISEMENT);

export const readIPAddressPool = (object: PlainObject): Parsed<IPAddressPool> => readManifest(object, POOL_SCHEMA);
export const readL2Advertisement = (object: PlainObject): Parsed<L2Advertisement> => readManifest(object, ADVERTISEMENT_SCHEMA);

/** `T` is what `schema` describes. */
function readManifest<T>(object: PlainObject, schema: Schema): Parsed<T> {
  const { status: _, ...manifest } = withoutBgpFields(String(object['kind']), object);
  // Templates write `autoAssign: null`; an API server reads a field that is null as absent. In a list null is a mistake.
  const written = withoutNulls(manifest);
  const issues = [...validate(schema, written).filter(isStructural), ...misplaced(manifest['metadata'])];
  return issues.length === 0 ? parsed(written as T) : malformed(...issues);
}

/** Whether the object has the wrong shape. Text that is no range has the right one: src/config parses it, and says so once. */
const isStructural = ({ code }: Issue): boolean =>
  code === 'UNKNOWN_FIELD' || code === 'FIELD_MISSING' || code === 'FIELD_INVALID';

function misplaced(metadata: unknown): Issue[] {
  if (!isRecord(metadata) || typeof metadata['namespace'] !== 'string' || metadata['namespace'] === METALLB_NAMESPACE) return [];
  const message = `must be ${METALLB_NAMESPACE}, not "${metadata['namespace']}": objects elsewhere are not read`;
  return [issue('FIELD_INVALID', 'metadata.namespace', message)];
}
