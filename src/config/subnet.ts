/**
 * What is known of the subnet a pool was taken from: its prefix, and who else has addresses in it. The Subnet construct
 * writes it into annotations of the pool, where `lint` and the controller find it; MetalLB passes them over.
 *
 *   arpeggio.dev/subnet: 192.168.1.0/24
 *   arpeggio.dev/gateway: 192.168.1.1
 *   arpeggio.dev/dhcp: 192.168.1.100-192.168.1.199
 *   arpeggio.dev/nodes: 192.168.1.10-192.168.1.12, 192.168.1.20
 *   arpeggio.dev/reserved: 192.168.1.2
 */
import { formatPath } from '../api/path.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import { type Address, formatAddress, parseAddress } from '../net/address.js';
import { type Prefix, parsePrefix } from '../net/prefix.js';
import { parseRange, type Range, rangeContains, rangeOf } from '../net/range.js';

/** Who has addresses in a subnet, other than Services. */
export const OCCUPANTS = ['gateway', 'dhcp', 'nodes', 'reserved'] as const;
export type Occupant = (typeof OCCUPANTS)[number];

export interface Subnet {
  readonly prefix: Prefix;
  /** By what they are, in the order of {@link OCCUPANTS}. All lie in the prefix. */
  readonly occupied: readonly { readonly by: Occupant; readonly range: Range }[];
}

const SUBNET_KEY = 'arpeggio.dev/subnet';
const keyOf = (by: Occupant): string => `arpeggio.dev/${by}`;

type Annotations = Readonly<Record<string, string>>;

/** Undefined without annotation `arpeggio.dev/subnet`. FIELD_INVALID, at the annotation, for every entry that cannot be. */
export function readSubnet(annotations: Annotations): Parsed<Subnet | undefined> {
  const text = annotations[SUBNET_KEY];
  if (text === undefined) return parsed(undefined);
  const prefix = parsePrefix(text.trim());
  if (!prefix.ok) return malformed(wrong(SUBNET_KEY, prefix.issues[0]?.message ?? text));
  const whole = rangeOf(prefix.value);
  const issues: Issue[] = [];
  const occupied: { by: Occupant; range: Range }[] = [];
  for (const by of OCCUPANTS) {
    for (const entry of splitList(annotations[keyOf(by)] ?? '')) {
      const range = parseRangeOrAddress(entry);
      if (!range.ok) issues.push(wrong(keyOf(by), range.issues[0]?.message ?? entry));
      else if (!rangeContains(whole, range.value.first) || !rangeContains(whole, range.value.last)) {
        issues.push(wrong(keyOf(by), `"${entry}" is not inside the subnet ${text.trim()}`));
      } else occupied.push({ by, range: range.value });
    }
  }
  return issues.length === 0 ? parsed({ prefix: prefix.value, occupied }) : malformed(...issues);
}

/** The annotations that {@link readSubnet} reads. `occupied` is as its author wrote it. */
export function subnetAnnotations(prefix: string, occupied: Readonly<Record<Occupant, readonly string[]>>): Annotations {
  const lists = OCCUPANTS.filter((by) => occupied[by].length > 0).map((by) => [keyOf(by), occupied[by].join(', ')] as const);
  return Object.fromEntries([[SUBNET_KEY, prefix], ...lists]);
}

/** `first-last`, a prefix, or one address by itself. */
export function parseRangeOrAddress(text: string, path = ''): Parsed<Range> {
  if (/[-/]/.test(text)) return parseRange(text, path);
  const address = parseAddress(text.trim(), path);
  return address.ok ? parsed(single(address.value)) : address;
}

/** The addresses of the subnet that no host can have: the network's own and broadcast. None in IPv6, or below 4 addresses (RFC 3021). */
export function unusableIn({ prefix }: Subnet): readonly { readonly what: 'network' | 'broadcast'; readonly address: Address }[] {
  if (prefix.address.family === 'IPv6' || prefix.length > 30) return [];
  const { first, last } = rangeOf(prefix);
  return [
    { what: 'network', address: first },
    { what: 'broadcast', address: last },
  ];
}

const single = (address: Address): Range => ({ first: address, last: address });

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

const wrong = (key: string, message: string): Issue =>
  issue('FIELD_INVALID', formatPath(['metadata', 'annotations', key]), message);

export const formatSubnet = ({ prefix }: Subnet): string => `${formatAddress(prefix.address)}/${prefix.length}`;
