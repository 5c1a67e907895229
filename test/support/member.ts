/**
 * A member of the cluster as another node knows it: one of ours that lives and is ready, save for what a test says of it.
 */
import type { Member } from '../../src/membership/membership.js';

export const member = (name: string, given: Partial<Member> = {}): Member => ({
  name,
  address: '10.0.0.7:7946',
  state: 'alive',
  ready: true,
  returning: false,
  stale: false,
  spreads: false,
  speaks: 'arpeggio',
  macs: [],
  evidence: { kind: 'heard' },
  since: 0,
  ...given,
});
