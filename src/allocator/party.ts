/**
 * A Service with its name as text, made once: of 100,000 Services every text that is made and hashed again counts.
 */
import { type ServiceView, serviceKey } from '../api/views.js';

export interface Party {
  /** `namespace/name`. */
  readonly key: string;
  readonly service: ServiceView;
}

export const partyOf = (service: ServiceView): Party => ({ key: serviceKey(service), service });

/** By namespace, then by name. */
export const compareParties = ({ service: a }: Party, { service: b }: Party): number =>
  compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
