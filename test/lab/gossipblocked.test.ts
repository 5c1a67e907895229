/**
 * Something between the nodes drops heartbeats, or resets connections: whoever lives keeps what he owns, because he answers on the
 * wire.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { capture } from './capture.js';
import { type AgentProcess, Cluster, type LogLine, leaderOf } from './cluster.js';
import { curl } from './http.js';
import { manifest, pool, service } from './manifests.js';

const ADDRESSES = Array.from({ length: 8 }, (_, i) => `192.168.1.${240 + i}`);
const SIX = ['fd00::f0', 'fd00::f1'];
const STATE = manifest([
  ...pool('pool', ['192.168.1.240-192.168.1.247', 'fd00::f0-fd00::f1']),
  ...[...ADDRESSES, ...SIX].map((address, i) =>
    service(`s${i}`, { address, families: [address.includes(':') ? 'IPv6' : 'IPv4'] }),
  ),
]);
/** With four, one of them is beyond the first three of every ranking, and does not listen for requests. */
const NODES = ['n1', 'n2', 'n3', 'n4'];

let lab: Cluster;
let agents: Map<string, AgentProcess>;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: NODES });
  await lab.write('state.yaml', STATE);
  agents = new Map(NODES.map((node) => [node, lab.start(node)]));
});
afterEach(async () => {
  await lab.destroy();
});

/** What the firewall of a node does, or does no more: nothing leaves for the port of the heartbeats. */
async function block(node: string, what: 'add' | 'del' = 'add'): Promise<void> {
  const host = lab.network.host(node);
  const { code, stderr } = await host.run('ip', ['rule', what, 'ipproto', 'udp', 'dport', '7946', 'blackhole']);
  if (code !== 0) throw new Error(stderr);
}

const isTakeover = ({ event, evidence }: LogLine): boolean =>
  event === 'serviceAnnounced' && String(evidence).includes('silence');
const isBlocked = ({ code }: LogLine): boolean => code === 'GOSSIP_BLOCKED';

async function owners(): Promise<ReadonlyMap<string, string>> {
  const leaders = await Promise.all([...ADDRESSES, ...SIX].map(async (ip) => [ip, (await leaderOf(agents, ip)).node] as const));
  return new Map(leaders);
}

const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;

test('one owner stays when no heartbeat gets through, and everybody says what is wrong', async () => {
  const before = await owners();
  await Promise.all(NODES.map((node) => block(node)));
  await Promise.all([...agents.values()].map((agent) => agent.logged(isBlocked)));
  await sleep(1500);
  await using heard = await capture(lab.client);
  for (const ip of ADDRESSES) expect(nameOf(await ask(lab.client, ip))).toBe(before.get(ip));
  for (const ip of ADDRESSES) {
    const answers = heard.events.filter(({ operation, senderAddress }) => operation === 2 && senderAddress === ip);
    expect(new Set(answers.map(({ senderMac }) => nameOf(senderMac)))).toEqual(new Set([before.get(ip)]));
  }
  for (const agent of agents.values()) expect(agent.log.filter(isTakeover)).toEqual([]);
  const { body } = await curl(lab.client, 'http://192.168.1.11:7472/metrics');
  expect(body).toMatch(/^arpeggio_takeovers_refused_total [1-9]/m);
  await Promise.all(NODES.map((node) => block(node, 'del')));
  await agents.get('n1')?.logged(({ event, node, state }) => event === 'memberChanged' && node === 'n2' && state === 'alive');
  expect(await owners()).toEqual(before);
});

test('a node that others do not hear keeps its addresses; when it dies, they are taken over all the same', async () => {
  const before = await owners();
  const ip = ADDRESSES[0] ?? '';
  const owner = before.get(ip) ?? '';
  const others = [...agents].filter(([node]) => node !== owner).map(([, agent]) => agent);
  await block(owner);
  await Promise.all(others.map((agent) => agent.logged(isBlocked)));
  expect(nameOf(await ask(lab.client, ip))).toBe(owner);
  await agents.get(owner)?.end('SIGKILL');
  await Promise.any(others.map((agent) => agent.logged((line) => isTakeover(line) && line['ip'] === ip)));
  await until('another answers', async () => {
    const now = nameOf(await ask(lab.client, ip));
    return now !== undefined && now !== owner;
  });
});

test('connections that somebody resets move nothing, and are there again', async () => {
  const before = await owners();
  const reset = async (): Promise<number> => {
    const killed = await Promise.all(
      NODES.map((node) => lab.network.host(node).run('ss', ['-K', '-H', '-t', 'dport', '=', '7946'])),
    );
    return killed.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line.includes('ESTAB'))).length;
  };
  await until('each holds a connection to each', async () => (await reset()) >= NODES.length * (NODES.length - 1));
  await until('they are there again', async () => (await reset()) >= NODES.length * (NODES.length - 1));
  await sleep(500);
  for (const agent of agents.values()) {
    expect(
      agent.log.filter(({ event, evidence }) => event === 'serviceAnnounced' && /ended|silence/.test(String(evidence))),
    ).toEqual([]);
  }
  expect(await owners()).toEqual(before);
});
