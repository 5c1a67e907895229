/**
 * The package as its users import it.
 */

export type { LabelSelector } from '../src/api/labelselector.js';
export { Crds } from './crds.js';
export { IPAddressPool, type IPAddressPoolProps, type ServiceAllocation } from './ipaddresspool.js';
export { L2Advertisement, type L2AdvertisementProps, type PreferredNodeSelector } from './l2advertisement.js';
export type { ResourceProps } from './manifest.js';
