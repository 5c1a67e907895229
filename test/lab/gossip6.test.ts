/**
 * Agents that gossip over IPv6, and answer for addresses of both families all the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const ADDRESS = '192.168.1.240';
const NODES = ['n1', 'n2', 'n3'];

let lab: Cluster;
let folder: string;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: NODES, gossipApart: 'IPv6' });
  folder = mkdtempSync(join(tmpdir(), 'arpeggio-key-'));
  await lab.write('state.yaml', manifest([...pool('pool', [`${ADDRESS}/32`]), service('web')]));
});
afterEach(async () => {
  await lab.destroy();
  rmSync(folder, { recursive: true });
});

const answerer = async (): Promise<string | undefined> => {
  const mac = await ask(lab.client, ADDRESS, { timeoutMs: 300 });
  return lab.network.hosts.find((host) => host.mac === mac)?.name;
};

test.each(['in the clear', 'sealed'])('find each other through one, and take over as fast as any, %s', async (how) => {
  const file = join(folder, 'secretkey');
  writeFileSync(file, 'one for all');
  const sealed = how === 'sealed' ? ['--gossip-key-file', file] : [];
  const agents: Map<string, AgentProcess> = new Map(NODES.map((node) => [node, lab.start(node, sealed, [], { joins: ['n1'] })]));
  const { node, ranking } = await leaderOf(agents, ADDRESS);
  const [, next = ''] = ranking;
  await until('the leader answers', async () => (await answerer()) === node);
  await agents.get(node)?.end('SIGKILL');
  await agents
    .get(next)
    ?.logged(({ event, evidence }) => event === 'serviceAnnounced' && String(evidence).includes(`${node} closed its connection`));
  await until('the successor answers', async () => (await answerer()) === next);
  await agents.get(next)?.end('SIGTERM');
  const [last = ''] = NODES.filter((one) => one !== node && one !== next);
  await until('the last one answers', async () => (await answerer()) === last);
});
