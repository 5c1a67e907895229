/**
 * What a controller writes into a Service: the addresses, the pool they came from, and why; as the API server has it, and as it
 * should be. How an address is reached from within the cluster, `ipMode`, is the API server's to default (metallb-behaviour, Q-37) and
 * others' to change: it makes no difference, and stays with its address.
 */
import type { KubeObject } from '../api/object.js';
import { isRecord, type PlainObject } from '../api/value.js';

/** MetalLB's name for the pool a Service's addresses came from. */
export const POOL_ANNOTATION = 'metallb.io/ip-allocated-from-pool';
export const ALLOCATED = 'arpeggio/Allocated';
const ANNOUNCED = 'arpeggio/Announced';

/** A condition without the time at which it began. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface ServiceStatus {
  /** Addresses, pool, and whether the Service has what it wants: equal texts for equal ones. */
  readonly text: string;
  /** Why, as code and sentence. */
  readonly reason: string;
}

export interface ShownService extends ServiceStatus {
  readonly resourceVersion: string;
  readonly uid: string;
  /** When our condition last changed from True to False or back. Absent where there is none. */
  readonly since?: string;
  /** `arpeggio/Announced`, as {@link conditionText} has it. Absent where there is none. */
  readonly announced?: string;
  /** Addresses with `ipMode: Proxy`. Absent where there is none. */
  readonly proxied?: readonly string[];
}

/** Of the object as the API server sends it. */
export function shownService({ metadata, status }: PlainObject): ShownService {
  const { resourceVersion = '', uid = '', annotations } = isRecord(metadata) ? metadata : {};
  const { conditions, loadBalancer } = isRecord(status) ? status : {};
  const ours = conditionIn(conditions, ALLOCATED);
  const announced = conditionIn(conditions, ANNOUNCED);
  const pool = isRecord(annotations) ? annotations[POOL_ANNOTATION] : undefined;
  const ingress = isRecord(loadBalancer) && Array.isArray(loadBalancer['ingress']) ? loadBalancer['ingress'] : [];
  const proxied = ingress.flatMap((one) => (isRecord(one) && one['ipMode'] === 'Proxy' ? [String(one['ip'])] : []));
  const { status: holds = '', reason = '', message = '', lastTransitionTime } = ours ?? {};
  return {
    resourceVersion: String(resourceVersion),
    uid: String(uid),
    text: textOf(String(holds), pool === undefined ? '' : String(pool), ingress),
    reason: ours === undefined ? '' : `${reason} ${message}`,
    ...(typeof lastTransitionTime === 'string' ? { since: lastTransitionTime } : {}),
    ...(announced === undefined ? {} : { announced: conditionText(announced) }),
    ...(proxied.length === 0 ? {} : { proxied }),
  };
}

/** Equal texts for conditions that say the same, whenever they began. */
export const conditionText = ({
  status,
  reason,
  message,
}: {
  readonly status?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
}): string => `${status} ${reason} ${message}`;

/** Of the object as a controller wants it to be. */
export function wantedService({ metadata, status }: KubeObject): ServiceStatus {
  const { text, reason } = shownService({ metadata, status });
  return { text, reason };
}

/** Whether nothing need be written. Why a Service has what it kept is not known after a restart, and no news. */
export const isAsWanted = (shown: ServiceStatus, wanted: ServiceStatus): boolean =>
  shown.text === wanted.text && (shown.reason === wanted.reason || wanted.reason.startsWith('KEPT '));

/** Whether it has an address that it had not. */
export function gained(before: ServiceStatus, shown: ServiceStatus): boolean {
  const had = new Set(entriesOf(before));
  return entriesOf(shown).some((one) => !had.has(one));
}

/** Whether a controller wrote into it and should take that back when the Service is no load balancer any more. */
export const hasMarks = ({ text, reason, announced }: ShownService): boolean =>
  reason !== '' || announced !== undefined || text.split(' ')[1] !== '';

/**
 * A strategic merge patch of the status subresource, which others' conditions survive, and their `ipMode`; refused if the Service has
 * changed since.
 * `wanted` undefined: nothing of ours is left in it.
 */
export function servicePatch(wanted: KubeObject | undefined, shown: ShownService, now: string): PlainObject {
  const { resourceVersion, proxied = [] } = shown;
  if (wanted === undefined) {
    const gone = [ALLOCATED, ANNOUNCED].map((type) => ({ $patch: 'delete', type }));
    return {
      metadata: { resourceVersion, annotations: { [POOL_ANNOTATION]: null } },
      status: { conditions: gone, loadBalancer: { ingress: null } },
    };
  }
  const { conditions, loadBalancer } = isRecord(wanted['status']) ? wanted['status'] : {};
  const condition = conditionIn(conditions, ALLOCATED);
  const ingress = isRecord(loadBalancer) && Array.isArray(loadBalancer['ingress']) ? loadBalancer['ingress'] : undefined;
  const modes = ingress?.map((one: PlainObject) => (proxied.includes(String(one['ip'])) ? { ...one, ipMode: 'Proxy' } : one));
  const hasChanged = !shown.text.startsWith(`${condition?.['status']} `);
  const lastTransitionTime = hasChanged ? now : (shown.since ?? now);
  return {
    metadata: { resourceVersion, annotations: { [POOL_ANNOTATION]: wanted.metadata.annotations?.[POOL_ANNOTATION] ?? null } },
    status: { conditions: [{ ...condition, lastTransitionTime }], loadBalancer: { ingress: modes ?? null } },
  };
}

/**
 * A strategic merge patch that says whether the Service is announced, and touches nothing else: it is as good for a later version of the
 * Service, but not for another one of the same name. A condition that goes on to hold, or not to, keeps the time at which it began.
 */
export function announcedPatch(condition: Condition, { uid, announced = '' }: ShownService, now: string): PlainObject {
  const began = announced.startsWith(`${condition.status} `) ? {} : { lastTransitionTime: now };
  return { metadata: { uid }, status: { conditions: [{ ...condition, ...began }] } };
}

const conditionIn = (conditions: unknown, type: string): PlainObject | undefined =>
  Array.isArray(conditions) ? conditions.find((one) => isRecord(one) && one['type'] === type) : undefined;

function textOf(holds: string, pool: string, ingress: readonly unknown[]): string {
  return [holds, pool, ...ingress.map(entryText)].join(' ');
}

/** What {@link textOf} has of the addresses. */
const entriesOf = ({ text }: ServiceStatus): readonly string[] => text.split(' ').slice(2);

/** The address alone, if that is all that the entry says. */
function entryText(entry: unknown): string {
  if (!isRecord(entry)) return JSON.stringify(entry);
  const { ip, ipMode: _, ...rest } = entry;
  return typeof ip === 'string' && Object.keys(rest).length === 0 ? ip : JSON.stringify(entry);
}
