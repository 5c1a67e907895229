/**
 * What a message says of a node, checked: none that fails here may be kept or passed on.
 */
import type { DropReason } from './drop.js';
import type { Endpoint, Versions } from './message.js';

const LONGEST_META = 512;
/** Twice what Kubernetes allows. Names are kept, and what tells of a longer one would fit no packet of gossip. */
const LONGEST_NAME = 512;

export const isTooLong = (name: string): boolean => name.length > LONGEST_NAME;

/** IPv4 or IPv6. Which of the two forms an IPv4 address came in is kept. */
export const isAddress = (bytes: Uint8Array): boolean => bytes.length === 4 || bytes.length === 16;

/** Why a node of these fields is dropped; undefined if nothing speaks against it. */
export function faultOf(name: string, address: Uint8Array, meta: Uint8Array): DropReason | undefined {
  if (name === '' || !isAddress(address)) return 'malformed';
  return isTooLong(name) || meta.length > LONGEST_META ? 'too-large' : undefined;
}

export const bytesOfVersions = (versions: Versions): Uint8Array =>
  Uint8Array.of(
    versions.min,
    versions.max,
    versions.current,
    versions.delegateMin,
    versions.delegateMax,
    versions.delegateCurrent,
  );

/** Six bytes exactly: reference peers up to 0.6.0 crash on 1 to 5, and refuse to merge with a node that has none. */
export function versionsOf(bytes: Uint8Array): Versions | undefined {
  const [min, max, current, delegateMin, delegateMax, delegateCurrent, more] = bytes;
  if (min === undefined || max === undefined || current === undefined || delegateMin === undefined) return undefined;
  if (delegateMax === undefined || delegateCurrent === undefined || more !== undefined) return undefined;
  return { min, max, current, delegateMin, delegateMax, delegateCurrent };
}

type Source = Endpoint & { readonly node: string };
interface SourceFields {
  readonly SourceAddr: Uint8Array;
  readonly SourcePort: number;
  readonly SourceNode: string;
}

/** What is empty is left out. */
export const fieldsOfSource = (source: Source | undefined): Partial<SourceFields> => ({
  ...(source === undefined || source.address.length === 0 ? {} : { SourceAddr: source.address }),
  ...(source === undefined || source.port === 0 ? {} : { SourcePort: source.port }),
  ...(source === undefined || source.node === '' ? {} : { SourceNode: source.node }),
});

/** Without an address and a port, the answer goes to where the ping came from, as if nothing had been said. */
export const sourceOf = ({
  SourceAddr: address,
  SourcePort: port,
  SourceNode: node,
}: SourceFields): { readonly source?: Source } => (isAddress(address) && port !== 0 ? { source: { address, port, node } } : {});
