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
  if (after !== undefined && 'allocated' in after) {
    // After a restart it has what it had, which nobody need be told.
    const isKnown = had === has || (before === undefined && after.allocated.reason.code === 'KEPT');
    return [...(isKnown ? [] : gained(service, before, after)), ...unheeded(service, before, after)];
  }
  if (after !== undefined && 'pending' in after && text(before) !== text(after))
    return [...lost(service, had, after), failed(service, after)];
  return cleared(service, had);
}

type Allocated = Extract<Outcome, { allocated: unknown }>;

function gained(service: string, before: Outcome | undefined, after: Allocated): readonly Change[] {
  const had = listOf(before);
  const more = listOf(after).filter((ip) => !had.includes(ip));
  const isAddition = had.length > 0 && listOf(after).length === had.length + more.length;
  if (!isAddition)
    return [...lost(service, had.join(','), after), allocated(service, after, `Assigned IP ${goList(listOf(after))}`)];
  return [allocated(service, after, `Assigned additional IP ${more.map((ip) => `"${ip}"`).join(' ')}`)];
}

/** A request that cannot be read takes no address away, and gives none. */
function unheeded(service: string, before: Outcome | undefined, after: Allocated): readonly Change[] {
  const said = (outcome: Outcome | undefined) =>
    outcome !== undefined && 'allocated' in outcome ? outcome.warnings.filter(({ code }) => code === 'SERVICE_INVALID') : [];
  const known = said(before).map(({ message }) => message);
  return said(after)
    .filter(({ message }) => !known.includes(message))
    .map((one) => ({
      record: { ...issueRecord(one, { service }), event: 'loadBalancerFailed' },
      event: event(service, 'Warning', 'LoadBalancerFailed', `${one.code}: ${one.message}`),
    }));
}

/** As Go prints it. */
const goList = (ips: readonly string[]): string => `[${ips.map((ip) => `"${ip}"`).join(' ')}]`;

const listOf = (outcome: Outcome | undefined): readonly string[] =>
  outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses.map(formatAddress) : [];

const addressesOf = (outcome: Outcome | undefined): string => listOf(outcome).join(',');

/** Two pending outcomes are the same when they say the same. */
const text = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'pending' in outcome
    ? outcome.pending.map(({ code, message }) => `${code} ${message}`).join('\n')
    : '';

function allocated(service: string, { allocated: { addresses, pool, reason } }: Allocated, message: string): Change {
  const ips = addresses.map(formatAddress);
  return {
    record: {
      level: 'info',
      event: 'ipAllocated',
      msg: `${service} has ${ips.join(' and ')} from ${pool}: ${reason.message}`,
      fields: { service, ips, pool, reason: reason.message, code: reason.code },
    },
    event: event(service, 'Normal', 'IPAllocated', message),
  };
}

function failed(service: string, { pending }: Extract<Outcome, { pending: unknown }>): Change {
  const [first] = pending;
  return {
    record: { ...issueRecord(first, { service }), event: 'allocationFailed' },
    event: event(
      service,
      'Warning',
      first.path.startsWith('spec.clusterIPs') ? 'noclusterIPsIPFamily' : 'AllocationFailed',
      `Failed to allocate IP for "${service}": ${first.code}: ${first.message}`,
    ),
  };
}

/** What it had by its status before a restart counts as well. */
function lost(service: string, had: string, { lost: loss }: Exclude<Outcome, { ignored: unknown }>): readonly Change[] {
  if (had !== '' || loss === undefined) return cleared(service, had);
  if (loss.code !== 'STATUS_UNREADABLE') return cleared(service, loss.addresses.map(formatAddress).join(','));
  const msg = `the status of ${service} is nothing that was written here: ${loss.message}`;
  return [
    {
      record: { level: 'warn', event: 'clearAssignment', msg, fields: { service } },
      event: event(service, 'Warning', 'nolbIPsIPFamily', msg),
    },
  ];
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
