/**
 * Services of a `loadBalancerClass` that is not ours. Another load balancer may serve them, which nobody here can know: one
 * finding a class, about the first Service that has it.
 */
import { type Finding, findingAboutService } from '../finding.js';
import { groupBy, listed } from '../listed.js';
import type { World } from '../situation.js';

export function checkClasses({ objects: { services }, loadBalancerClass }: World): Finding[] {
  const others = services
    .filter((service) => service.type === 'LoadBalancer' && service.loadBalancerClass !== loadBalancerClass)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const ours = loadBalancerClass === undefined ? 'Services without one' : `class "${loadBalancerClass}"`;
  return [...groupBy(others, (service) => service.loadBalancerClass ?? '').values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const what =
      first.loadBalancerClass === undefined ? 'no loadBalancerClass' : `loadBalancerClass "${first.loadBalancerClass}"`;
    const verb = group.length === 1 ? 'has' : 'have';
    const message = `${listed(group.map(({ key }) => key))} ${verb} ${what}, and what is served here is ${ours}: unless another load balancer serves it, no address comes`;
    return [findingAboutService(first, 'CLASS_UNHANDLED', 'spec.loadBalancerClass', message)];
  });
}
