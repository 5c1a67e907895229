/**
 * Annotations of load balancers that MetalLB reads otherwise than they look: nearly one of its keys, which nothing reads; and
 * one key in both spellings with two values, of which the stable one counts (metallb-behaviour §1.5).
 */
import { ANNOTATION_KEYS } from '../../allocator/annotation.js';
import { didYouMean } from '../../api/nearest.js';
import { formatPath } from '../../api/path.js';
import type { ServiceView } from '../../api/views.js';
import { type Finding, findingAboutService } from '../finding.js';
import type { World } from '../situation.js';

export function checkAnnotations({ objects: { services } }: World): Finding[] {
  return services
    .filter(({ type }) => type === 'LoadBalancer')
    .flatMap((service) => [...mistyped(service), ...shadowed(service)]);
}

const PREFIX = /^metallb\.(?:io|universe\.tf)\//;

/** What people write, and what a controller does. */
const KNOWN = [...Object.keys(ANNOTATION_KEYS), 'ip-allocated-from-pool'];

function mistyped(service: ServiceView): Finding[] {
  return Object.keys(service.annotations).flatMap((key) => {
    const [prefix = ''] = PREFIX.exec(key) ?? [];
    const suffix = key.slice(prefix.length);
    if (prefix === '' || KNOWN.includes(suffix)) return [];
    const near = KNOWN.filter((known) => didYouMean(suffix, [known]) !== '');
    if (near.length === 0) return [];
    const hint = didYouMean(
      key,
      near.map((known) => prefix + known),
    );
    return [findingAboutService(service, 'ANNOTATION_MISTYPED', pathOf(key), `nothing reads the annotation "${key}"${hint}`)];
  });
}

function shadowed(service: ServiceView): Finding[] {
  const { annotations } = service;
  return Object.values(ANNOTATION_KEYS).flatMap(([stable, deprecated]) => {
    const [counts, other] = [annotations[stable], annotations[deprecated]];
    if (counts === undefined || other === undefined || counts === other) return [];
    const message = `"${other}" is not read: ${stable} is there too, and says "${counts}"; remove this one`;
    return [findingAboutService(service, 'ANNOTATION_SHADOWED', pathOf(deprecated), message)];
  });
}

const pathOf = (key: string): string => formatPath(['metadata', 'annotations', key]);
