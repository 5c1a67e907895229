/**
 * A subnet, and who has addresses in it other than Services. It writes no object of its own: pools that are taken from it
 * carry what is known in annotations, which MetalLB passes over. No pool of the app may have an address that is somebody
 * else's in any of its subnets.
 */
import { Construct } from 'constructs';
import { shown } from '../src/api/value.js';
import {
  formatSubnet,
  OCCUPANTS,
  type Occupant,
  parseRangeOrAddress,
  type Subnet as SubnetFacts,
  subnetAnnotations,
  unusableIn,
} from '../src/config/subnet.js';
import { highestFree } from '../src/config/subnetspace.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../src/issue/issue.js';
import { type Address, parseAddress, sameAddress } from '../src/net/address.js';
import { parsePrefix } from '../src/net/prefix.js';
import { describeRange, type Range, rangeContains, rangeOf } from '../src/net/range.js';
import { authorOf, placedBy } from './author.js';
import { notText } from './manifest.js';
import { checkAtSynth } from './verdict.js';

export interface SubnetProps {
  /** The subnet's prefix, `192.168.1.0/24` or `fd00:1::/64`. Host bits are masked off. */
  readonly cidr: string;

  /**
   * The router's address in the subnet. A link-local one (`fe80::1`) is not in it: leave it out.
   *
   * @default - none is known
   */
  readonly gateway?: string;

  /**
   * What the DHCP server gives out: ranges, prefixes or single addresses.
   *
   * @default - none
   */
  readonly dhcp?: readonly string[];

  /**
   * Addresses of the cluster's nodes: single ones, ranges or prefixes.
   *
   * @default - none is known
   */
  readonly nodes?: readonly string[];

  /**
   * Whatever else has an address there, now or later: printers, switches, the next rack.
   *
   * @default - none
   */
  readonly reserved?: readonly string[];
}

export class Subnet extends Construct {
  constructor(scope: Construct, id: string, props: SubnetProps) {
    super(scope, id);
    const author = authorOf(new.target);
    const read = readProps(props);
    books.set(this, { facts: read.facts, annotations: read.annotations, taken: [] });
    checkAtSynth(this, {
      author,
      mistakes: () => read.issues.map(placedBy(author)),
      subnet: () => read.facts,
    });
  }
}

interface Book {
  /** Undefined when the author made a mistake, which synth tells. */
  readonly facts: SubnetFacts | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** By the pools made so far. */
  readonly taken: Range[];
}

const books = new WeakMap<Subnet, Book>();

/** What a pool of the subnet carries in its annotations. */
export const annotationsOf = (subnet: Subnet): Book['annotations'] => books.get(subnet)?.annotations ?? {};

/** FIELD_INVALID when it is none of ours: one that another copy of this package made, say. */
export const strangeSubnet = (subnet: unknown): Issue[] =>
  subnet instanceof Subnet
    ? []
    : [issue('FIELD_INVALID', 'subnet', 'is no Subnet of this copy of arpeggio; is the package installed twice?')];

/** From now on these are a pool's. */
export function takeRanges(subnet: Subnet, ranges: readonly Range[]): void {
  books.get(subnet)?.taken.push(...ranges);
}

/** The highest `size` addresses in a row that no pool made so far has. Of a mistaken subnet none, and nothing more is wrong. */
export function takeHighest(subnet: Subnet, size: number): Parsed<Range> {
  const { facts, taken = [] } = books.get(subnet) ?? {};
  if (facts === undefined) return malformed();
  const found = highestFree(facts, taken, size);
  if (found.ok) taken.push(found.value);
  return found;
}

interface ReadProps {
  readonly facts: SubnetFacts | undefined;
  readonly annotations: Book['annotations'];
  readonly issues: readonly Issue[];
}

function readProps(props: SubnetProps): ReadProps {
  const wrong = typeMistakes(props);
  return wrong.length > 0 ? { facts: undefined, annotations: {}, issues: wrong } : readTexts(props);
}

/** What a program without types may pass, or one that reads its environment. */
function typeMistakes({ cidr, gateway, dhcp = [], nodes = [], reserved = [] }: SubnetProps): Issue[] {
  const lists = Object.entries({ dhcp, nodes, reserved }).flatMap(([path, texts]: [string, unknown]) =>
    Array.isArray(texts)
      ? texts.flatMap((text: unknown, i) => notText(text, `${path}[${i}]`))
      : [issue('FIELD_INVALID', path, `must be a list of texts, not ${shown(texts)}`)],
  );
  return [...notText(cidr, 'cidr'), ...(gateway === undefined ? [] : notText(gateway, 'gateway')), ...lists];
}

function readTexts({ cidr, gateway, dhcp = [], nodes = [], reserved = [] }: SubnetProps): ReadProps {
  const texts = { gateway: gateway === undefined ? [] : [gateway], dhcp, nodes, reserved };
  const prefix = parsePrefix(cidr, 'cidr');
  const entries = OCCUPANTS.flatMap((by) => texts[by].map((text, i) => ({ by, ...readEntry(by, text, i) })));
  const subnet = prefix.ok
    ? { prefix: prefix.value, occupied: entries.flatMap(({ by, range }) => (range === undefined ? [] : [{ by, range }])) }
    : undefined;
  const issues = [
    ...(prefix.ok ? [] : prefix.issues),
    ...entries.flatMap((entry) => [...entry.issues, ...(subnet === undefined ? [] : misplaced(subnet, entry))]),
  ];
  if (subnet === undefined || issues.length > 0) return { facts: undefined, annotations: {}, issues };
  return { facts: subnet, annotations: subnetAnnotations(formatSubnet(subnet), texts), issues };
}

interface Entry {
  readonly text: string;
  readonly path: string;
  readonly range?: Range;
  readonly issues: readonly Issue[];
}

/** The gateway is one address; all others may be ranges. */
function readEntry(by: Occupant, text: string, index: number): Entry {
  const path = by === 'gateway' ? by : `${by}[${index}]`;
  const read = by === 'gateway' ? single(parseAddress(text, path)) : parseRangeOrAddress(text, path);
  return read.ok ? { text, path, range: read.value, issues: [] } : { text, path, issues: read.issues };
}

const single = (address: Parsed<Address>): Parsed<Range> =>
  address.ok ? parsed({ first: address.value, last: address.value }) : address;

function misplaced(subnet: SubnetFacts, { by, text, path, range }: Entry & { readonly by: Occupant }): Issue[] {
  if (range === undefined) return [];
  const whole = rangeOf(subnet.prefix);
  if (!rangeContains(whole, range.first) || !rangeContains(whole, range.last)) {
    const message = `"${text}" is not inside the subnet ${formatSubnet(subnet)}, which has ${describeRange(whole)}`;
    return [issue('OUTSIDE_SUBNET', path, message)];
  }
  if (by !== 'gateway') return [];
  return unusableIn(subnet)
    .filter(({ address }) => sameAddress(address, range.first))
    .map(({ what }) =>
      issue('FIELD_INVALID', path, `"${text}" is the ${what} address of ${formatSubnet(subnet)}; no host can have it`),
    );
}
