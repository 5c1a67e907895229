/**
 * Whether a controller like this one is installed in another namespace. Both would serve the same Services, each from pools of its own, and
 * take away what the other gives. The Lease that each keeps in its own namespace says so, also while nobody holds it: a controller that is
 * being restarted is not gone.
 */
import { isRecord } from '../api/value.js';

/** Of a Lease: the `spec.loadBalancerClass` that its controller serves. Absent: Services that have none. */
export const LOAD_BALANCER_CLASS = 'arpeggio.dev/load-balancer-class';

export interface Install {
  readonly namespace: string;
  readonly loadBalancerClass?: string;
}

/**
 * The namespace of an install that serves the same Services and was there before; of two of the same second the first by name was.
 * Undefined: there is none.
 *
 * @param leases A LeaseList of coordination.k8s.io/v1, of every namespace.
 */
export function rivalOf({ namespace, loadBalancerClass = '' }: Install, leases: unknown): string | undefined {
  const items: readonly unknown[] = isRecord(leases) && Array.isArray(leases['items']) ? leases['items'] : [];
  const installs = items.flatMap((item) => {
    const { metadata } = isRecord(item) ? item : {};
    if (!isRecord(metadata)) return [];
    const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {};
    const [where, since] = [String(metadata['namespace']), String(metadata['creationTimestamp'])];
    return [{ where, age: `${since} ${where}`, serves: annotations[LOAD_BALANCER_CLASS] ?? '' }];
  });
  const own = installs.find(({ where }) => where === namespace);
  const rivals = installs.filter(({ where, serves }) => where !== namespace && serves === loadBalancerClass);
  const [oldest] = rivals.sort((a, b) => (a.age < b.age ? -1 : 1));
  return oldest === undefined || (own !== undefined && own.age < oldest.age) ? undefined : oldest.where;
}
