/** Services for tests, and outcomes as short text: `10.0.0.1 from a`, or the code of why not. */

import { allocateAll } from '../../src/allocator/allocateall.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import type { Lock } from '../../src/allocator/lock.js';
import { parseRequest, type Request } from '../../src/allocator/request.js';
import { type ServiceView, serviceKey } from '../../src/api/views.js';
import type { Config } from '../../src/config/config.js';
import { type Address, formatAddress, parseAddress } from '../../src/net/address.js';

export interface ServiceFields extends Partial<Omit<ServiceView, 'namespace' | 'name' | 'ports'>> {
  /** `80` is TCP/80. */
  readonly ports?: readonly (number | string)[];
  readonly share?: string;
  readonly pool?: string;
  /** Annotation `metallb.io/loadBalancerIPs`. */
  readonly ips?: string;
}

/** `key` is `name`, in namespace default, or `namespace/name`. */
export function service(
  key: string,
  { ports = [80], share, pool, ips, annotations = {}, ...fields }: ServiceFields = {},
): ServiceView {
  const [name = key, namespace = 'default'] = key.split('/').reverse();
  return {
    key: serviceKey({ namespace, name }),
    namespace,
    name,
    labels: {},
    type: 'LoadBalancer',
    clusterIPs: [],
    ipFamilies: [],
    ipFamilyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Cluster',
    selector: {},
    ingress: [],
    ...fields,
    annotations: {
      ...(share === undefined ? {} : { 'metallb.io/allow-shared-ip': share }),
      ...(pool === undefined ? {} : { 'metallb.io/address-pool': pool }),
      ...(ips === undefined ? {} : { 'metallb.io/loadBalancerIPs': ips }),
      ...annotations,
    },
    ports: ports.map((port) => {
      const [protocol = 'TCP', number] = typeof port === 'number' ? ['TCP', port] : port.split('/');
      return { protocol, port: Number(number) };
    }),
    source: fields.source ?? { file: `${name}.yaml` },
  };
}

export function requestOf(view: ServiceView): Request {
  const read = parseRequest(view);
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join('; '));
  return read.value;
}

export function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(`${text} is not an address`);
  return read.value;
}

/** A lock from `{ 'default/web': '10.0.0.1' }`; two addresses are separated by a comma. */
export const lockOfTexts = (entries: Readonly<Record<string, string>>): Lock => ({
  services: new Map(
    Object.entries(entries).map(([key, texts]) => [
      key,
      { addresses: texts.split(',').map(address), source: { file: 'addresses.lock.yaml', line: 5, column: 3 } },
    ]),
  ),
});

/** `10.0.0.1 from a`, the codes of why not, or why it is ignored. */
export function shortly(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'absent';
  if ('ignored' in outcome) return outcome.ignored;
  if ('pending' in outcome) return outcome.pending.map(({ code }) => code).join(', ');
  return `${outcome.allocated.addresses.map(formatAddress).join(',')} from ${outcome.allocated.pool}`;
}

/** What every Service gets, shortly, by its name without the namespace default. */
export function allocated(
  config: Config,
  services: readonly ServiceView[],
  lock?: Lock,
  loadBalancerClass?: string,
): Record<string, string> {
  const outcomes = allocateAll(config, services, lock, loadBalancerClass === undefined ? {} : { loadBalancerClass });
  return byShortName(outcomes);
}

export const byShortName = (outcomes: ReadonlyMap<string, Outcome>): Record<string, string> =>
  Object.fromEntries([...outcomes].map(([key, outcome]) => [key.replace(/^default\//, ''), shortly(outcome)]));

/** The message of the first issue, or of the reason. */
export function told(outcome: Outcome | undefined): string {
  if (outcome === undefined || 'ignored' in outcome) return '';
  return 'pending' in outcome ? outcome.pending[0].message : outcome.allocated.reason.message;
}
