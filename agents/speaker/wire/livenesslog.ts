/**
 * What the log says of members.
 */
import type { Issue } from '../../../src/issue/issue.js';
import type { HeartbeatEffect } from '../../../src/membership/heartbeat.js';
import type { Member } from '../../../src/membership/membership.js';
import type { LogRecord } from '../../runtime/log.js';
import { nameClash } from './gossipwarnings.js';

export function memberRecord({ name, address, state, ready, speaks }: Member): LogRecord {
  const kind = speaks === 'memberlist' ? ', a stock speaker,' : '';
  return {
    level: 'info',
    event: 'memberChanged',
    msg: `memberlist: ${name}${kind} is ${state}${ready ? '' : ', not ready'}`,
    fields: { component: 'memberlist', node: name, address, state, ready, speaks },
  };
}

export const issueOf = (effect: HeartbeatEffect): Issue | undefined =>
  effect.kind === 'name-clash' ? nameClash(effect.name, effect.addresses) : undefined;

export function recordOf(effect: HeartbeatEffect): LogRecord | undefined {
  switch (effect.kind) {
    case 'send':
    case 'faltering':
    case 'steady':
    case 'name-clash':
      return undefined;
    case 'changed':
      return memberRecord(effect.member);
    case 'forgotten':
      return {
        level: 'info',
        event: 'memberForgotten',
        msg: `memberlist: ${effect.name} is no longer listed`,
        fields: { component: 'memberlist', node: effect.name },
      };
    case 'settled': {
      const unheard = effect.unheard.length === 0 ? 'every peer was heard' : `not heard: ${effect.unheard.join(', ')}`;
      return {
        level: 'info',
        event: 'memberlistSettled',
        msg: `memberlist: settled, ${unheard}`,
        fields: { component: 'memberlist', unheard: effect.unheard },
      };
    }
    case 'too-many-members':
      return {
        level: 'error',
        event: 'tooManyMembers',
        msg: `memberlist: ${effect.name} is ignored, too many nodes are alive`,
        fields: { component: 'memberlist', node: effect.name, address: effect.address },
      };
  }
}
