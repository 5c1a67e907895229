/**
 * `addresses.lock.yaml`: which Service has which addresses, kept in git, so that no other
 * change renumbers anything.
 *
 *   apiVersion: arpeggio.dev/v1alpha1
 *   kind: AddressLock
 *   services:
 *     default/nginx-lb:
 *       addresses: [192.168.1.240]
 *       pool: primary-pool
 *
 * `addresses` binds; `pool` tells the reader of a diff where they came from, and may be out of date.
 */
import type { Sourced } from '../api/object.js';
import { formatPath } from '../api/path.js';
import { shown } from '../api/value.js';
import { type Issue, issue, malformed, type Parsed, parsed, type Source } from '../issue/issue.js';
import { type Address, compareAddresses, formatAddress, parseAddress } from '../net/address.js';
import { isIpv4Mapped } from '../net/prefix.js';
import type { Outcome } from './allocation.js';

const LOCK_API_VERSION = 'arpeggio.dev/v1alpha1';
const LOCK_KIND = 'AddressLock';
export const LOCK_FILE = 'addresses.lock.yaml';

export interface Lock {
  /** By `namespace/name`, sorted. */
  readonly services: ReadonlyMap<string, LockEntry>;
}

export interface LockEntry {
  /** One, or one of each family, in the order they are written into status. */
  readonly addresses: readonly Address[];
  readonly pool?: string;
  readonly source?: Source;
}

export const EMPTY_LOCK: Lock = { services: new Map() };

/** Reads the value that YAML gave. LOCK_MALFORMED names every mistake and its place. */
export function parseLock({ object, locate }: Sourced<unknown>): Parsed<Lock> {
  const issues: Issue[] = [];
  const wrong = (path: string, message: string): void => {
    issues.push(issue('LOCK_MALFORMED', path, message, locate(path)));
  };
  if (!isMapping(object)) {
    wrong('', `a lock file is a mapping with apiVersion, kind and services, not ${given(object)}`);
    return malformed(...issues);
  }
  if (object['apiVersion'] !== LOCK_API_VERSION)
    wrong('apiVersion', `must be "${LOCK_API_VERSION}", not ${given(object['apiVersion'])}`);
  if (object['kind'] !== LOCK_KIND) wrong('kind', `must be "${LOCK_KIND}", not ${given(object['kind'])}`);
  for (const field of unknownFields(object, ['apiVersion', 'kind', 'metadata', 'services'])) {
    wrong(field, `unknown field "${field}"; a lock file has apiVersion, kind and services`);
  }
  const { services } = object;
  if (!isMapping(services)) {
    wrong('services', `must be a mapping from namespace/name to addresses ({} when there is none), not ${given(services)}`);
    return malformed(...issues);
  }
  const entries = new Map<string, LockEntry>();
  for (const [service, value] of Object.entries(services).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = formatPath(['services', service]);
    if (!/^[^/]+\/[^/]+$/.test(service)) wrong(path, `"${service}" is not namespace/name`);
    const source = locate(path);
    const entry = readEntry(value, path, wrong);
    if (entry !== undefined) entries.set(service, source === undefined ? entry : { ...entry, source });
  }
  return issues.length === 0 ? parsed({ services: entries }) : malformed(...issues);
}

/** The plain value {@link parseLock} reads, ready to be written as YAML: Services sorted by name. */
export function lockDocument({ services }: Lock): Readonly<Record<string, unknown>> {
  const sorted = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    apiVersion: LOCK_API_VERSION,
    kind: LOCK_KIND,
    services: Object.fromEntries(
      sorted.map(([service, { addresses, pool }]) => [
        service,
        { addresses: addresses.map(formatAddress), ...(pool === undefined ? {} : { pool }) },
      ]),
    ),
  };
}

/** The lock that keeps what `outcomes` gave. A Service without addresses has no entry. */
export function lockOf(outcomes: ReadonlyMap<string, Outcome>): Lock {
  const services = [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    services: new Map(
      services.flatMap(([service, outcome]) =>
        'allocated' in outcome
          ? [[service, { addresses: outcome.allocated.addresses, pool: outcome.allocated.pool }] as const]
          : [],
      ),
    ),
  };
}

type Wrong = (path: string, message: string) => void;

function readEntry(value: unknown, path: string, wrong: Wrong): LockEntry | undefined {
  if (!isMapping(value)) {
    wrong(path, `a locked Service is a mapping with addresses, not ${given(value)}`);
    return undefined;
  }
  for (const field of unknownFields(value, ['addresses', 'pool'])) {
    wrong(`${path}.${field}`, `unknown field "${field}"; a locked Service has addresses and pool`);
  }
  const { addresses, pool } = value;
  if (pool !== undefined && typeof pool !== 'string') wrong(`${path}.pool`, `must be the name of a pool, not ${given(pool)}`);
  const read = readAddresses(addresses, `${path}.addresses`, wrong);
  return read === undefined ? undefined : { addresses: read, ...(typeof pool === 'string' ? { pool } : {}) };
}

function readAddresses(value: unknown, path: string, wrong: Wrong): readonly Address[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > 2) {
    const what = Array.isArray(value) ? `a list of ${value.length}` : given(value);
    wrong(path, `must be a list of one address, or of one of each family, not ${what}`);
    return undefined;
  }
  const addresses: Address[] = [];
  for (const [i, text] of value.entries()) {
    const read = typeof text === 'string' ? parseAddress(text) : undefined;
    if (read?.ok === true && !isIpv4Mapped(read.value)) addresses.push(read.value);
    else
      wrong(`${path}[${i}]`, read?.ok === false ? (read.issues[0]?.message ?? '') : `must be an IP address, not ${given(text)}`);
  }
  const [first, second] = addresses;
  if (first !== undefined && second !== undefined && first.family === second.family) {
    wrong(path, `${formatAddress(first)} and ${formatAddress(second)} are of the same family; two must be one of each`);
  }
  return addresses;
}

/** Whether both hold the same addresses, in whatever order. */
export function sameAddresses(a: readonly Address[], b: readonly Address[]): boolean {
  const [left, right] = [[...a].sort(compareAddresses), [...b].sort(compareAddresses)];
  return left.length === right.length && left.every((one, i) => right[i] !== undefined && compareAddresses(one, right[i]) === 0);
}

const given = (value: unknown): string => (value === undefined ? 'missing' : shown(value));

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unknownFields = (value: Readonly<Record<string, unknown>>, known: readonly string[]): string[] =>
  Object.keys(value).filter((field) => !known.includes(field));
