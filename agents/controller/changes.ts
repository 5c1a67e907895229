/**
 * What a reconciliation changed for each Service, once: the line in the log and the event that `kubectl describe` shows. A
 * Service for which nothing changed gets neither, however often it is looked at.
 */
import type { Outcome } from '../../src/allocator/allocation.js';
import { formatAddress } from '../../src/net/address.js';
import { issueRecord, type LogRecord } from '../runtime/log.js';
import type { ServiceEvent } from '../source/source.js';

export interface Change {
  readonly record: LogRecord;
  readonly event?: ServiceEvent;
}

/** In the order of the Services. */
export function changesBetween(before: ReadonlyMap<string, Outcome>, after: ReadonlyMap<string, Outcome>): readonly Change[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].sort().flatMap((service) => changeOf(service, before.get(service), after.get(service)));
}

function changeOf(service: string, before: Outcome | undefined, after: Outcome | undefined): readonly Change[] {
  const [had, has] = [addressesOf(before), addressesOf(after)];
  if (after !== undefined && 'allocated' in after && had !== has) {
    // After a restart it has what it had, which nobody need be told.
    if (before === undefined && after.allocated.reason.code === 'KEPT') return [];
    return [...lost(service, had, after), allocated(service, after)];
  }
  if (after !== undefined && 'pending' in after && text(before) !== text(after))
    return [...lost(service, had, after), failed(service, after)];
  return has === '' ? cleared(service, had) : [];
}

const addressesOf = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses.map(formatAddress).join(',') : '';

/** Two pending outcomes are the same when they say the same. */
const text = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'pending' in outcome
    ? outcome.pending.map(({ code, message }) => `${code} ${message}`).join('\n')
    : '';

function allocated(
  service: string,
  { allocated: { addresses, pool, reason } }: Extract<Outcome, { allocated: unknown }>,
): Change {
  const ips = addresses.map(formatAddress);
  return {
    record: {
      level: 'info',
      event: 'ipAllocated',
      msg: `${service} has ${ips.join(' and ')} from ${pool}: ${reason.message}`,
      fields: { service, ips, pool, reason: reason.message, code: reason.code },
    },
    event: event(service, 'Normal', 'IPAllocated', `Assigned IP [${ips.map((ip) => `"${ip}"`).join(' ')}]`),
  };
}

function failed(service: string, { pending }: Extract<Outcome, { pending: unknown }>): Change {
  const [first] = pending;
  return {
    record: { ...issueRecord(first, { service }), event: 'allocationFailed' },
    event: event(
      service,
      'Warning',
      'AllocationFailed',
      `Failed to allocate IP for "${service}": ${first.code}: ${first.message}`,
    ),
  };
}

/** What it had by its status before a restart counts as well. */
function lost(service: string, had: string, { lost }: Exclude<Outcome, { ignored: unknown }>): readonly Change[] {
  if (had !== '' || lost === undefined) return cleared(service, had);
  return cleared(service, lost.addresses.map(formatAddress).join(','));
}

/** Nothing for a Service that had no address. */
function cleared(service: string, had: string): readonly Change[] {
  if (had === '') return [];
  const msg = `${service} no longer has ${had}`;
  return [
    {
      record: { level: 'info', event: 'clearAssignment', msg, fields: { service, ips: had.split(',') } },
      event: event(service, 'Normal', 'ClearAssignment', msg),
    },
  ];
}

const event = (service: string, type: ServiceEvent['type'], reason: string, message: string): ServiceEvent => ({
  type,
  reason,
  message,
  service,
  component: 'metallb-controller',
});
