/**
 * A node that is far down in the rankings, and whose betters are all gone: it has to hear what it did not listen for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rank } from '../../src/layer2/ranking.js';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { type AgentProcess, Cluster } from './cluster.js';

/** Three of the folder's four nodes do not exist. */
const NODES = ['n1', 'gone-a', 'gone-b', 'gone-c'];
const isLast = (address: string): boolean =>
  rank(
    NODES.map((node) => ({ node, score: 0 })),
    address,
  )[3] === 'n1';
const ADDRESSES = Array.from({ length: 8000 }, (_, i) => `192.168.${32 + (i >> 8)}.${i & 255}`).filter(isLast);

const STATE = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: pool, namespace: metallb-system }
spec: { addresses: ['192.168.32.0/19'], avoidBuggyIPs: false }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: all, namespace: metallb-system }
${NODES.map((name) => `---\napiVersion: v1\nkind: Node\nmetadata: { name: ${name} }\n`).join('')}`;
const service = (address: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: s-${address.replaceAll('.', '-')}, namespace: default, annotations: { metallb.io/loadBalancerIPs: ${address} } }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`;

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: ['n1'] });
  await lab.write('state.yaml', STATE);
});
afterEach(async () => {
  await lab.destroy();
});

const announced = (agent: AgentProcess, address: string) =>
  agent.logged(({ event, ip }) => event === 'serviceAnnounced' && ip === address);
const isAnswered = async (address: string) => (await ask(lab.client, address, { timeoutMs: 300 })) !== undefined;

test('the last in line hears what it owns, also after the table has changed', async () => {
  const [first = '', second = ''] = ADDRESSES;
  await lab.write('first.yaml', service(first));
  const agent = lab.start('n1');
  await announced(agent, first);
  await until('it answers', () => isAnswered(first));
  await lab.write('second.yaml', service(second));
  await announced(agent, second);
  // A filter that lets through too much is narrowed after ten seconds.
  await sleep(12_000);
  expect(await isAnswered(first)).toBe(true);
  expect(await isAnswered(second)).toBe(true);
});

test('the last in line of many addresses takes a filter that the kernel takes', async () => {
  await lab.write('first.yaml', ADDRESSES.map(service).join(''));
  const agent = lab.start('n1');
  const last = ADDRESSES.at(-1) ?? '';
  await announced(agent, last);
  await until('it answers', () => isAnswered(last));
  expect(await isAnswered(ADDRESSES[0] ?? '')).toBe(true);
  expect(agent.stderr()).toBe('');
});
