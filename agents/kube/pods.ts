/**
 * Pods, as far as they matter to agents: the one this process is in, and those of the speakers.
 */
import { isIP } from 'node:net';
import { isRecord, type PlainObject } from '../../src/api/value.js';
import type { Family } from '../../src/net/address.js';
import type { Answer, Transport } from './transport.js';

/** With which Pod objects go that only it writes: an ownerReference. Undefined outside a cluster, or where it may not be read. */
export async function ownerReference(transport: Transport, namespace: string, name: string): Promise<PlainObject | undefined> {
  if (name === '') return undefined;
  const answer = await transport.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}` });
  const metadata = 'answered' in answer && isRecord(answer.answered) ? answer.answered['metadata'] : undefined;
  return isRecord(metadata) ? { apiVersion: 'v1', kind: 'Pod', name, uid: metadata['uid'] } : undefined;
}

/** The address of this family of each of the Pods with these labels that has one. */
export async function podAddresses(
  transport: Transport,
  namespace: string,
  labels: string,
  family: Family,
): Promise<readonly string[] | Exclude<Answer, { readonly answered: unknown }>> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(labels)}`;
  const answer = await transport.call({ method: 'GET', path });
  if (!('answered' in answer)) return answer;
  const items = isRecord(answer.answered) && Array.isArray(answer.answered['items']) ? answer.answered['items'] : [];
  return items.flatMap(({ status }: PlainObject) => {
    const { podIP, podIPs = [] } = isRecord(status) ? status : {};
    const all = [podIP, ...(Array.isArray(podIPs) ? podIPs.map((one) => (isRecord(one) ? one['ip'] : undefined)) : [])];
    const version = family === 'IPv4' ? 4 : 6;
    const [ip] = all.filter((one): one is string => typeof one === 'string' && isIP(one) === version);
    return ip === undefined ? [] : [ip];
  });
}
