/**
 * What a reconciliation changed for each Service, once: the line in the log and the event that `kubectl describe` shows. A
 * Service for which nothing changed gets neither, however often it is looked at.
 */
import type { Outcome } from '../../src/allocator/allocation.js';
import type { ServiceView } from '../../src/api/views.js';
import { formatAddress } from '../../src/net/address.js';
import { issueRecord, type LogRecord } from '../runtime/log.js';
import type { ServiceEvent } from '../source/source.js';

export interface Change {
  readonly record: LogRecord;
  readonly event?: ServiceEvent;
}

/** In the order of the Services, one after the other. Of `services`, in any order, those that are there. */
export function* changesBetween(
  before: ReadonlyMap<string, Outcome>,
  after: ReadonlyMap<string, Outcome>,
  services: readonly ServiceView[] = [],
): Iterable<Change> {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  let views: ReadonlyMap<string, ServiceView> | undefined;
  for (const key of keys) {
    const changes = changeOf(key, before.get(key), after.get(key));
    if (changes.length === 0) continue;
    views ??= new Map(services.map((one) => [one.key, one]));
    for (const one of changes) yield withOwnReason(one, views.get(key));
    yield* deprecatedOn(views.get(key));
  }
}

function changeOf(service: string, before: Outcome | undefined, after: Outcome | undefined): readonly Change[] {
  const [had, has] = [addressesOf(before), addressesOf(after)];
  if (after !== undefined && 'allocated' in after) {
    // After a restart it has what it had, which nobody need be told.
    const isKnown = had === has || (isFirst(before) && after.allocated.reason.code === 'KEPT');
    const news = isKnown ? [] : gained(service, before, after);
    return [...news, ...lacking(service, before, after), ...unheeded(service, before, after)];
  }
  if (after !== undefined && 'pending' in after && text(before) !== text(after))
    return [...lost(service, had, after), failed(service, after)];
  return cleared(service, had);
}

/** Whether a controller decides for it for the first time since its start. */
const isFirst = (before: Outcome | undefined): boolean =>
  before === undefined || ('ignored' in before && before.ignored === 'no-pool-yet');

type Allocated = Extract<Outcome, { allocated: unknown }>;

function gained(service: string, before: Outcome | undefined, after: Allocated): readonly Change[] {
  const had = listOf(before);
  const more = listOf(after).filter((ip) => !had.includes(ip));
  const isAddition = had.length > 0 && listOf(after).length === had.length + more.length;
  if (!isAddition)
    return [...lost(service, had.join(','), after), allocated(service, after, `Assigned IP ${goList(listOf(after))}`)];
  return [allocated(service, after, `Assigned additional IP ${more.map((ip) => `"${ip}"`).join(' ')}`)];
}

/** One that prefers both families has one: told once, as the other may come any time. */
function lacking(service: string, before: Outcome | undefined, after: Allocated): readonly Change[] {
  const known = before !== undefined && 'allocated' in before ? before.lacks : undefined;
  const isRestart = isFirst(before) && after.allocated.reason.code === 'KEPT';
  if (after.lacks === undefined || after.lacks === known || isRestart) return [];
  const message = `cannot assign additional IP in PreferDualStack: ${after.lacks}`;
  return [
    {
      record: { level: 'info', event: 'tryAssignAdditionalIP', msg: `${service}: ${message}`, fields: { service } },
      event: event(service, 'Normal', 'AdditionalAssignFailed', message),
    },
  ];
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

/** MetalLB has a reason of its own for a Service that requires two families and was given one cluster IP. */
function withOwnReason(change: Change, service: ServiceView | undefined): Change {
  const isShort = service?.ipFamilyPolicy === 'RequireDualStack' && service.clusterIPs.length === 1;
  if (!isShort || change.event?.reason !== 'AllocationFailed') return change;
  return { ...change, event: { ...change.event, reason: 'not enough clusterips' } };
}

const DEPRECATED = 'metallb.universe.tf';

/** Told whenever something else is told of the Service. */
function deprecatedOn(service: ServiceView | undefined): readonly Change[] {
  if (service === undefined) return [];
  const { key, annotations } = service;
  return Object.keys(annotations)
    .filter((name) => name.startsWith(DEPRECATED))
    .map((name) => {
      const message = `Service uses deprecated annotation ${name}`;
      return {
        record: {
          level: 'warn',
          event: 'deprecatedAnnotation',
          msg: `${key}: ${message}`,
          fields: { service: key, annotation: name },
        },
        event: event(key, 'Warning', 'deprecatedAnnotation', message),
      };
    });
}

/** What it had by its status before a restart counts as well. */
function lost(service: string, had: string, { lost: loss }: Exclude<Outcome, { ignored: unknown }>): readonly Change[] {
  if (had !== '' || loss === undefined) return cleared(service, had, loss?.message);
  if (loss.code !== 'STATUS_UNREADABLE') return cleared(service, loss.addresses.map(formatAddress).join(','), loss.message);
  const msg = `the status of ${service} is nothing that was written here: ${loss.message}`;
  return [
    {
      record: { level: 'warn', event: 'clearAssignment', msg, fields: { service } },
      event: event(service, 'Warning', 'nolbIPsIPFamily', msg),
    },
  ];
}

/** Nothing for a Service that had no address. */
function cleared(service: string, had: string, why?: string): readonly Change[] {
  if (had === '') return [];
  const msg = `${service} no longer has ${had}${why === undefined ? '' : `: ${why}`}`;
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
