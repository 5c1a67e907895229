/**
 * Connections through an address while it moves as planned between nodes that route to one backend without NAT: the nodes keep nothing
 * about a connection, so that it is the same to the backend through whom it comes.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from './arping.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';
import { manifest, pool, service } from './manifests.js';
import { compileNative } from './native.js';
import type { Host } from './network.js';

const WEB = '192.168.1.240';
const BACKEND = '192.168.1.50';
const PORT = '7000';

interface Talk {
  readonly opened: number;
  readonly failed: number;
  /** Through the connection that was opened first. */
  readonly exchanged: number;
  readonly survived: boolean;
}

const nodes = (cordoned?: string): readonly object[] =>
  ['n1', 'n2'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { unschedulable: name === cordoned },
  }));

let lab: Cluster;
let agents: ReadonlyMap<string, AgentProcess>;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: ['n1', 'n2'], others: { backend: BACKEND } });
  await lab.write('state.yaml', manifest([...pool('pool', [`${WEB}/32`]), service('web')]));
  await lab.write('nodes.yaml', manifest(nodes()));
  for (const host of lab.nodes.map((name) => lab.network.host(name))) await route(host);
  await serve(lab.network.host('backend'));
  agents = new Map(lab.nodes.map((node) => [node, lab.start(node)]));
});
afterEach(async () => {
  await lab.destroy();
});

/** Sends on what comes for the address, and tells nobody of a shorter way. */
const route = (host: Host): Promise<void> =>
  shell(
    host,
    'cd /proc/sys/net/ipv4 && echo 1 > ip_forward && for i in all eth0; do echo 0 > conf/$i/send_redirects; done',
    `ip route add ${WEB} via ${BACKEND}`,
  );

/** Has the address without answering for it or asking in its name; answers clients directly. */
async function serve(host: Host): Promise<void> {
  await shell(
    host,
    'cd /proc/sys/net/ipv4/conf/all && echo 1 > arp_ignore && echo 2 > arp_announce',
    `ip address add ${WEB}/32 dev lo`,
  );
  const server = host.spawn(await compileNative('tcploop'), ['serve', PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (server.stdout !== null) await once(server.stdout, 'data');
}

async function shell(host: Host, ...lines: readonly string[]): Promise<void> {
  const { code, stderr } = await host.run('sh', ['-e'], { input: lines.join('\n') });
  if (code !== 0) throw new Error(stderr);
}

const forwarded = async (node: string): Promise<number> => {
  const { stdout } = await lab.network.host(node).run('cat', ['/proc/net/snmp']);
  const [names = [], values = []] = stdout.split('\n').flatMap((line) => (line.startsWith('Ip:') ? [line.split(' ')] : []));
  return Number(values[names.indexOf('ForwDatagrams')]);
};

/** What a client got through the address while `move` happened, and a second after. */
async function talkWhile(move: () => Promise<unknown>): Promise<Talk> {
  const client = lab.client.spawn(await compileNative('tcploop'), ['ask', WEB, PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  client.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  if (client.stdout !== null) await once(client.stdout, 'data');
  await sleep(500);
  await move();
  await sleep(1000);
  client.kill('SIGTERM');
  if (client.stdout !== null) await once(client.stdout, 'close');
  return JSON.parse(text.slice(text.indexOf('{'))) as Talk;
}

test.each<[string, (owner: string) => Promise<unknown>]>([
  ['SIGTERM of the owner', async (owner) => agents.get(owner)?.end('SIGTERM')],
  [
    'a cordon of the owner',
    async (owner) => {
      await lab.write('nodes.yaml', manifest(nodes(owner)));
      await agents.get(owner)?.logged((line) => line.event === 'serviceWithdrawn' && typeof line['to'] === 'string');
    },
  ],
])('%s: no new connection fails, and an established one goes on through the other node', async (_, move) => {
  const { node: owner, ranking } = await leaderOf(agents, WEB);
  const [, next = ''] = ranking;
  const before = await forwarded(next);
  const talk = await talkWhile(() => move(owner));
  expect(await ask(lab.client, WEB)).toBe(lab.network.host(next).mac);
  expect(talk).toMatchObject({ failed: 0, survived: true });
  expect(talk.opened).toBeGreaterThan(100);
  expect(talk.exchanged).toBe(talk.opened);
  expect(await forwarded(next)).toBeGreaterThan(before + 100);
});
