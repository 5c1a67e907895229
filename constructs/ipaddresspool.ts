/**
 * An IPAddressPool: addresses that may be given to Services. At synth its ranges are parsed, and compared with those of all
 * other pools and with all subnets of the app.
 */
import { ApiObject, type ApiObjectMetadata, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import type { IPAddressPoolSpec } from '../src/api/ipaddresspool.js';
import { API_VERSION } from '../src/api/kind.js';
import {
  type Carving,
  exclude,
  remaining,
  reserveAddress,
  reserveAny,
  reservedEntries,
  uncarved,
} from '../src/config/carving.js';
import { parseRangeOrAddress } from '../src/config/subnet.js';
import { type Issue, issue, malformed, type Parsed, type Source } from '../src/issue/issue.js';
import { type Family, formatAddress, parseAddress } from '../src/net/address.js';
import { formatEntry } from '../src/net/range.js';
import { authorOf, placedBy } from './author.js';
import { metadataOf, notText, type ResourceProps } from './manifest.js';
import { Reservation, ReservedPool } from './reservation.js';
import { annotationsOf, type Subnet, strangeSubnet, takeHighest, takeRanges } from './subnet.js';
import { checkAgain, checkAtSynth } from './verdict.js';

export type ServiceAllocation = NonNullable<IPAddressPoolSpec['serviceAllocation']>;

interface PoolSettings extends ResourceProps {
  /**
   * Whether Services that ask for no pool get addresses from this one.
   *
   * @default true
   */
  readonly autoAssign?: boolean;

  /**
   * Whether IPv4 addresses that end in .0 or .255, which some network equipment drops, are never given.
   *
   * @default false
   */
  readonly avoidBuggyIPs?: boolean;

  /**
   * Pins the pool to the Services of some namespaces, or with some labels, and says which pinned pool comes first.
   *
   * @default - any Service may use the pool
   */
  readonly serviceAllocation?: ServiceAllocation;
}

interface WrittenAddresses {
  /**
   * Ranges (`192.168.1.240-192.168.1.255`, both ends included) and prefixes (`192.168.10.0/24`), tried in this order.
   * No two pools may share an address.
   */
  readonly addresses: readonly string[];

  /**
   * The subnet that the addresses are in: synth refuses one outside it. An address that the app's subnets have given to
   * somebody else is refused in any case.
   *
   * @default - nothing is known of the subnet
   */
  readonly subnet?: Subnet;

  readonly size?: never;
}

interface TakenAddresses {
  /** The subnet to take addresses from. */
  readonly subnet: Subnet;

  /**
   * How many addresses to take: the highest in a row that are free, which is to say not the gateway's, DHCP's, the nodes',
   * reserved, or of a pool that was made from the subnet before this one.
   *
   * The pool moves when these change: when the subnet's props do, when a pool made before it is added, removed or resized.
   * Make new pools after those that exist, or write `addresses` once the pool must stay.
   */
  readonly size: number;

  readonly addresses?: never;
}

export type IPAddressPoolProps = PoolSettings & (WrittenAddresses | TakenAddresses);

interface ReserveThis {
  /** The address to reserve. */
  readonly address: string;
  readonly family?: never;
}

interface ReserveAny {
  readonly address?: never;

  /**
   * Which address of a pool that has both families.
   *
   * @default - the family of the pool's first range
   */
  readonly family?: Family;
}

/**
 * Without an address, one is chosen that hangs on the name and the pool's own ranges, and stays when other reservations come
 * and go; of two names that meet on one address, the one reserved later moves on.
 */
export type ReserveOptions = ReserveThis | ReserveAny;

export class IPAddressPool extends ApiObject {
  /** As written, or as taken from the subnet, before anything was taken out. */
  readonly #entries: readonly string[];
  readonly #mistakes: Issue[] = [];
  readonly #settings: Pick<PoolSettings, 'avoidBuggyIPs' | 'serviceAllocation'>;
  readonly #author: () => Source | undefined;
  /** Whether the addresses are unknown for a mistake that is told anyway: then nothing that follows from it is. */
  readonly #isUnknown: boolean;
  #carving: Carving;
  #reserved: ReservedPool | undefined;

  constructor(scope: Construct, id: string, props: IPAddressPoolProps) {
    // Whatever else a program without types passed is written too, so that synth says it is no field.
    const { metadata: _, subnet, size, addresses, ...settings } = props;
    const author = authorOf(new.target);
    const taken = subnet !== undefined && size !== undefined && addresses === undefined ? takeHighest(subnet, size) : undefined;
    const isList = Array.isArray(addresses) && addresses.every((text) => typeof text === 'string');
    const metadata = metadataOf(id, props);
    super(scope, id, {
      apiVersion: API_VERSION,
      kind: 'IPAddressPool',
      metadata: subnet === undefined ? metadata : withAnnotations(metadata, annotationsOf(subnet)),
      spec: {
        ...settings,
        ...(taken === undefined ? { size } : {}),
        addresses: taken !== undefined || isList ? Lazy.any({ produce: () => this.#left() }) : addresses,
      },
    });
    this.#author = author;
    this.#settings = settings;
    this.#isUnknown = taken?.ok === false;
    this.#entries = taken === undefined ? (isList ? addresses : []) : taken.ok ? [formatEntry(taken.value)] : [];
    this.#carving = uncarved(this.#entries, settings.avoidBuggyIPs === true);
    if (subnet !== undefined) this.#mistakes.push(...strangeSubnet(subnet).map(placedBy(author)));
    if (taken?.ok === false) this.#mistakes.push(...taken.issues.map(placedBy(author)));
    if (taken === undefined && subnet !== undefined) takeRanges(subnet, this.#carving.ranges);
    checkAtSynth(this, {
      author,
      mistakes: () => [...this.#mistakes, ...this.#nothingLeft().map(placedBy(author))],
      follows: ({ path }) => path === 'spec.addresses' && (this.#isUnknown || this.#nothingLeft().length > 0),
    });
  }

  /**
   * Takes addresses out of the pool: ranges, prefixes or single addresses, all of which must be in it. What is left is written
   * as ranges, in the same order.
   */
  exclude(...ranges: readonly string[]): this {
    for (const [i, text] of ranges.entries()) {
      const path = `exclude[${i}]`;
      const wrong = notText(text, path);
      const range = wrong.length > 0 ? malformed(...wrong) : parseRangeOrAddress(text, path);
      this.#carve(range.ok ? exclude(this.#carving, range.value) : range, this.exclude);
    }
    return this;
  }

  /**
   * Keeps one address for whoever is given the reservation: no other Service gets it unless it asks for just this address.
   * The reserved addresses of a pool are written as a second pool, `<pool>-reserved`, that gives none by itself.
   * L2Advertisements that are given this pool announce both.
   */
  reserve(name: string, options: ReserveOptions = {}): Reservation {
    this.#carve(this.#reserving(name, options), this.reserve);
    const address = this.#carving.reserved.get(name);
    if (address === undefined) return new Reservation(name, '');
    this.#reserved ??= this.#makeReservedPool();
    return new Reservation(name, formatAddress(address));
  }

  /** The names of the pools that this one is written as: its own, and that of its reserved addresses, if it has any. */
  get poolNames(): readonly string[] {
    return [this.name, ...(this.#reserved === undefined ? [] : [this.#reserved.name])];
  }

  #reserving(name: string, { address, family }: ReserveOptions): Parsed<Carving> {
    const wrong = [...notText(name, 'name'), ...(address === undefined ? [] : notText(address, 'address'))];
    if (wrong.length > 0) return malformed(...wrong);
    const [first] = this.#carving.ranges;
    if (address === undefined) return reserveAny(this.#carving, name, family ?? first?.first.family ?? 'IPv4');
    const read = parseAddress(address, 'address');
    return read.ok ? reserveAddress(this.#carving, name, read.value) : read;
  }

  /** A mistake stands at the line that called `method`. */
  #carve(carved: Parsed<Carving>, method: unknown): void {
    const author = authorOf(method);
    if (carved.ok) this.#carving = carved.value;
    else if (!this.#isUnknown) this.#mistakes.push(...carved.issues.map(placedBy(author)));
    checkAgain(this);
  }

  #makeReservedPool(): ReservedPool {
    const addresses = (): readonly string[] => reservedEntries(this.#carving);
    const pool = new ReservedPool(this, addresses, this.#settings);
    checkAtSynth(pool, { author: this.#author });
    return pool;
  }

  #left(): readonly string[] {
    return remaining(this.#entries, this.#carving);
  }

  #nothingLeft(): Issue[] {
    if (this.#entries.length === 0 || this.#left().length > 0) return [];
    const instead = 'to keep all of them for Services that name their address, write a pool with autoAssign: false';
    const message = `every address of the pool is excluded or reserved; none is left to give. ${instead}`;
    return [issue('FIELD_INVALID', 'spec.addresses', message)];
  }
}

const withAnnotations = (metadata: ApiObjectMetadata, annotations: Readonly<Record<string, string>>): ApiObjectMetadata => ({
  ...metadata,
  annotations: { ...annotations, ...metadata.annotations },
});
