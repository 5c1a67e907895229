/**
 * How things stand with a speaker, in one line of its log: what it announces, and who is a member. It has the words that people search for.
 */
import type { MemberState, Membership } from '../../../src/membership/membership.js';
import type { LogRecord } from '../../runtime/log.js';

/** Of names in one line. The rest is in status and metrics. */
const MOST = 100;
const STATES: readonly MemberState[] = ['alive', 'silent', 'left'];

export function standingRecord({ self, members }: Membership, owned: readonly string[]): LogRecord {
  const announces =
    owned.length === 0
      ? `${self} announces no address`
      : `${self} is leader of ${some(owned)} and announces ${owned.length === 1 ? 'it' : 'them'}`;
  const all = [{ name: self, state: 'alive' }, ...members].sort((a, b) => (a.name < b.name ? -1 : 1));
  const states = STATES.map((state) => ({ state, names: all.filter((one) => one.state === state).map(({ name }) => name) }));
  const listed = states.filter(({ names }) => names.length > 0).map(({ state, names }) => `${state} ${some(names)}`);
  return {
    level: 'info',
    event: 'standing',
    msg: `${announces}; memberlist: ${listed.join('; ')}`,
    fields: { node: self, announced: owned.length, members: all.length, protocol: 'layer2' },
  };
}

function some(names: readonly string[]): string {
  const rest = names.length - MOST;
  return rest > 0 ? `${names.slice(0, MOST).join(', ')} and ${rest} more` : names.join(', ');
}
