/**
 * An address that a pool keeps for one Service. MetalLB gives any address of an automatic pool to whoever comes first, so the
 * reserved ones of a pool are in a pool of their own, `<pool>-reserved`, from which nobody gets one who does not ask for it.
 */
import { ApiObject, Lazy } from 'cdk8s';
import { API_VERSION } from '../src/api/kind.js';

export class Reservation {
  /** As it is written in a Service. Empty when the reservation was refused, which synth tells. */
  readonly address: string;
  /** A type of its own: an object that only looks like one is none. */
  readonly #name: string;

  constructor(name: string, address: string) {
    this.#name = name;
    this.address = address;
  }

  get name(): string {
    return this.#name;
  }

  toString(): string {
    return this.address;
  }
}

/** What the pool of reserved addresses takes over from the pool they are reserved in. */
interface Shared {
  readonly avoidBuggyIPs?: boolean | undefined;
  readonly serviceAllocation?: unknown;
}

/** A child of the pool, named after it, with its labels and annotations as they are when it is written. */
export class ReservedPool extends ApiObject {
  readonly #pool: ApiObject;

  constructor(pool: ApiObject, addresses: () => readonly string[], { avoidBuggyIPs, serviceAllocation }: Shared) {
    super(pool, 'reserved', {
      apiVersion: API_VERSION,
      kind: 'IPAddressPool',
      metadata: {
        name: `${pool.name}-reserved`,
        ...(pool.metadata.namespace === undefined ? {} : { namespace: pool.metadata.namespace }),
      },
      spec: { addresses: Lazy.any({ produce: addresses }), autoAssign: false, avoidBuggyIPs, serviceAllocation },
    });
    this.#pool = pool;
  }

  override toJson(): unknown {
    const theirs = this.#pool.metadata.toJson();
    const own = this.metadata.toJson();
    for (const [key, value] of missing(theirs.labels, own.labels)) this.metadata.addLabel(key, value);
    for (const [key, value] of missing(theirs.annotations, own.annotations)) this.metadata.addAnnotation(key, value);
    return super.toJson();
  }
}

type Texts = Readonly<Record<string, string>>;

const missing = (from: Texts = {}, there: Texts = {}): (readonly [string, string])[] =>
  Object.entries(from).filter(([key]) => !Object.hasOwn(there, key));
