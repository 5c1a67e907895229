/**
 * An IPAddressPool: addresses that may be given to Services. At synth its ranges are parsed, and compared with those of all
 * other IPAddressPool constructs of the app.
 */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { IPAddressPoolSpec } from '../src/api/ipaddresspool.js';
import { API_VERSION } from '../src/api/kind.js';
import { authorOf } from './author.js';
import { metadataOf, type ResourceProps } from './manifest.js';
import { checkAtSynth } from './verdict.js';

export type ServiceAllocation = NonNullable<IPAddressPoolSpec['serviceAllocation']>;

export interface IPAddressPoolProps extends ResourceProps {
  /**
   * Ranges (`192.168.1.240-192.168.1.255`, both ends included) and prefixes (`192.168.10.0/24`), tried in this order.
   * No two pools may share an address.
   */
  readonly addresses: readonly string[];

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

export class IPAddressPool extends ApiObject {
  constructor(scope: Construct, id: string, props: IPAddressPoolProps) {
    // Whatever else a program without types passed is written too, so that synth says it is no field.
    const { metadata: _, ...spec } = props;
    super(scope, id, {
      apiVersion: API_VERSION,
      kind: 'IPAddressPool',
      metadata: metadataOf(id, props),
      spec,
    });
    checkAtSynth(this, authorOf(new.target));
  }
}
