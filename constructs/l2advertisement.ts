/**
 * An L2Advertisement: which pools' addresses are answered for on the local network, by which nodes, on which interfaces.
 */
import { ApiObject, Lazy } from 'cdk8s';
import type { Construct } from 'constructs';
import { API_VERSION } from '../src/api/kind.js';
import type { L2AdvertisementSpec } from '../src/api/l2advertisement.js';
import type { LabelSelector } from '../src/api/labelselector.js';
import { authorOf } from './author.js';
import type { IPAddressPool } from './ipaddresspool.js';
import { metadataOf, type ResourceProps } from './manifest.js';
import { checkAtSynth } from './verdict.js';

export type PreferredNodeSelector = NonNullable<L2AdvertisementSpec['preferredNodeSelectors']>[number];

export interface L2AdvertisementProps extends ResourceProps {
  /**
   * The pools to announce, with the addresses reserved in them. An empty list is no list: it means every pool, as in the YAML.
   *
   * @default - those that `ipAddressPoolSelectors` match; without selectors, every pool
   */
  readonly ipAddressPools?: readonly IPAddressPool[];

  /**
   * Pools to announce, by label; any one selector may match. They add to `ipAddressPools`.
   *
   * @default - none
   */
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];

  /**
   * Nodes that may answer, by label; any one selector may match.
   *
   * @default - every node
   */
  readonly nodeSelectors?: readonly LabelSelector[];

  /**
   * Nodes that answer rather than others that may. The weights (1 to 100) of all that match a node are added.
   *
   * @default - none is preferred
   */
  readonly preferredNodeSelectors?: readonly PreferredNodeSelector[];

  /**
   * Names of the interfaces to answer on.
   *
   * @default - all interfaces
   */
  readonly interfaces?: readonly string[];

  /**
   * Services whose addresses are announced, by their own labels; any one selector may match.
   *
   * @default - every Service
   */
  readonly serviceSelectors?: readonly LabelSelector[];
}

export class L2Advertisement extends ApiObject {
  constructor(scope: Construct, id: string, props: L2AdvertisementProps = {}) {
    // Whatever else a program without types passed is written too, so that synth says it is no field.
    const { metadata: _, ipAddressPools, ...spec } = props;
    super(scope, id, {
      apiVersion: API_VERSION,
      kind: 'L2Advertisement',
      metadata: metadataOf(id, props),
      spec: ipAddressPools === undefined ? spec : { ...spec, ipAddressPools: namesOf(ipAddressPools) },
    });
    checkAtSynth(this, { author: authorOf(new.target) });
  }
}

/** Put off until the app is written: a pool may still be given its first reservation. */
const namesOf = (pools: readonly IPAddressPool[]): unknown =>
  Lazy.any({ produce: () => pools.flatMap(({ poolNames }) => poolNames) });
