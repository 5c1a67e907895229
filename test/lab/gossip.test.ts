/**
 * Gossip of real agents: encrypted, found from one of them, and with a stock speaker among them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Envelope } from '../../agents/speaker/wire/envelope.js';
import { rank } from '../../src/layer2/ranking.js';
import { encodeBeat } from '../../src/membership/beat.js';
import { beatOf } from '../membership/beats.js';
import { describeWithReference, ReferenceNode } from '../support/referencenode.js';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { type AgentProcess, Cluster, type LogLine, leaderOf } from './cluster.js';
import { curl } from './http.js';

const ADDRESSES = Array.from({ length: 8 }, (_, i) => `192.168.1.${240 + i}`);
const [FIRST = ''] = ADDRESSES;
const STATE = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: pool, namespace: metallb-system }
spec: { addresses: ['192.168.1.240-192.168.1.247'] }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: all, namespace: metallb-system }
${ADDRESSES.map(
  (address, i) => `---
apiVersion: v1
kind: Service
metadata: { name: s${i}, namespace: default, annotations: { metallb.io/loadBalancerIPs: '${address}' } }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`,
).join('')}`;
const NODES = ['n1', 'n2', 'n3'];
const SECRET = 'one for all';

let lab: Cluster;
let folder: string;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: NODES });
  await lab.write('state.yaml', STATE);
  folder = mkdtempSync(join(tmpdir(), 'arpeggio-key-'));
});
afterEach(async () => {
  await lab.destroy();
  rmSync(folder, { recursive: true });
});

function sealed(secret: string): readonly string[] {
  const file = join(folder, secret);
  writeFileSync(file, secret);
  return ['--gossip-key-file', file];
}
const startAll = (extra: readonly string[]): Map<string, AgentProcess> =>
  new Map(NODES.map((node) => [node, lab.start(node, extra, [], { joins: ['n1'] })]));
const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;
const answerer = async (ip: string): Promise<string | undefined> => nameOf(await ask(lab.client, ip, { timeoutMs: 300 }));
const isMember =
  (name: string, state: string) =>
  ({ event, node, state: now }: LogLine): boolean =>
    event === 'memberChanged' && node === name && now === state;
const metrics = async (node: string): Promise<string> =>
  (await curl(lab.client, `http://192.168.1.${11 + NODES.indexOf(node)}:7472/metrics`)).body;

/** Sends one datagram to the gossip port of n1, from a host that is no node. */
async function forge(bytes: Uint8Array): Promise<void> {
  const script = `const s = require('dgram').createSocket('udp4'); s.send(Buffer.from(process.argv[1], 'hex'), 7946, '192.168.1.11', () => s.close())`;
  const { code, stderr } = await lab.client.run(process.execPath, ['-e', script, Buffer.from(bytes).toString('hex')]);
  if (code !== 0) throw new Error(stderr);
}

test('an encrypted cluster is found from one of its nodes, and takes over as fast as any', async () => {
  const agents = startAll(sealed(SECRET));
  const { node, ranking } = await leaderOf(agents, FIRST);
  const [, next = ''] = ranking;
  await agents.get(node)?.end('SIGKILL');
  await agents
    .get(next)
    ?.logged(
      ({ event, ip, evidence }) =>
        event === 'serviceAnnounced' && ip === FIRST && String(evidence).includes(`${node} closed its connection`),
    );
  await until('the successor answers', async () => (await answerer(FIRST)) === next);
});

test('an encrypted cluster is not moved by a node with another secret, nor by what anybody forges', async () => {
  const [two, three] = [lab.start('n1', sealed(SECRET)), lab.start('n2', sealed(SECRET))];
  const agents = new Map([
    ['n1', two],
    ['n2', three],
  ]);
  const { node } = await leaderOf(agents, FIRST);
  const stranger = lab.start('n3', sealed('another'));
  expect((await two.logged(({ code }) => code === 'GOSSIP_KEY_MISMATCH')).msg).toContain('192.168.1.13');
  await stranger.logged(({ event }) => event === 'memberlistSettled');
  const clear = new Envelope(undefined);
  const beat = beatOf({ node: 'n2', bootId: 'f'.repeat(16), sequence: 9, ready: false, leaving: true });
  await forge(clear.packet([{ kind: 'user', body: encodeBeat(beat) }]));
  await forge(clear.packet([{ kind: 'dead', node: 'n2', incarnation: 4_000_000_000, from: 'n2' }]));
  await until('all of it is dropped', async () =>
    /^arpeggio_memberlist_packets_dropped_total\{reason="not-decrypted"\} ([3-9]|\d\d)/m.test(await metrics('n1')),
  );
  expect(await metrics('n1')).toMatch(/^arpeggio_memberlist_nodes\{state="alive"\} 2$/m);
  expect(two.log.filter(({ event, node: name }) => event === 'memberChanged' && name === 'n3')).toEqual([]);
  expect(two.log.filter(isMember('n2', 'left'))).toEqual([]);
  await stranger.end();
  expect(await answerer(FIRST)).toBe(node);
});

test.each<[string, string, RegExp]>([
  ['is not there', '/nowhere/secretkey', /^GOSSIP_KEY_UNUSABLE --gossip-key-file: \/nowhere\/secretkey cannot be read/m],
  ['is empty', '/dev/null', /^GOSSIP_KEY_UNUSABLE --gossip-key-file: \/dev\/null is empty/m],
])('an agent whose key file %s does not start', async (_, file, message) => {
  const agent = lab.start('n1', ['--gossip-key-file', file]);
  expect(await agent.ended).toBe(1);
  expect(agent.stderr()).toMatch(message);
  const inFolder = lab.start('n1', [], ['env', `METALLB_ML_SECRET_KEY_PATH=${folder}`]);
  expect(await inFolder.ended).toBe(1);
  expect(inFolder.stderr()).toContain(`${folder}/secretkey cannot be read`);
});

test('an agent binds the address it is given, and no other', async () => {
  const wrong = lab.start('n1', ['--gossip-address', '192.168.1.99']);
  expect(await wrong.ended).toBe(1);
  expect(wrong.stderr()).toMatch(/^PORT_IN_USE gossip needs UDP port 7946 of 192\.168\.1\.99, and no interface/m);
  const right = lab.start('n1', [], ['env', 'METALLB_ML_BIND_ADDR=192.168.1.11']);
  const other = lab.start('n2', [], [], { joins: ['n1'] });
  await Promise.all([right.logged(isMember('n2', 'alive')), other.logged(isMember('n1', 'alive'))]);
  const { stdout } = await lab.network.host('n1').run('ss', ['-Hlntu', 'sport', '=', '7946']);
  expect(stdout.match(/\S+:7946/g)).toEqual(['192.168.1.11:7946', '192.168.1.11:7946']);
});

describeWithReference('beside a stock speaker', () => {
  test.each<[string, string]>([
    ['in the clear', ''],
    ['sealed', SECRET],
  ])('%s, each address has the owner that both kinds elect, before and after its death', async (_, secret) => {
    const extra = secret === '' ? [] : sealed(secret);
    const agents = new Map(['n1', 'n2'].map((node) => [node, lab.start(node, extra, [], { joins: ['n1'] })]));
    await using stock = await ReferenceNode.start('n3', '192.168.1.13', {
      secret,
      spawn: (program, args) => lab.network.host('n3').spawn(program, args, { stdio: 'pipe' }),
    });
    await until('n1 is there to join', async () => (await stock.join('192.168.1.11')) === 1);
    await Promise.all([...agents.values()].map((agent) => agent.logged(isMember('n3', 'alive'))));
    const owner = (ip: string, among: readonly string[]): string | undefined =>
      rank(
        among.map((node) => ({ node, score: 0 })),
        ip,
      )[0];
    const shares = ADDRESSES.map((ip) => owner(ip, NODES));
    expect(new Set(shares)).toEqual(new Set(NODES));
    const answerers = async (): Promise<string> => (await Promise.all(ADDRESSES.map(answerer))).join();
    // The reference has no addresses to answer for: of its share nobody is heard.
    const expected = shares.map((node) => (node === 'n3' ? undefined : node)).join();
    await until('each of ours answers for its share', async () => (await answerers()) === expected);
    await stock.kill();
    const heirs = ADDRESSES.map((ip) => owner(ip, ['n1', 'n2'])).join();
    await until('ours have taken over', async () => (await answerers()) === heirs, 30_000);
    const [first] = agents.values();
    expect((await first?.logged(isMember('n3', 'silent')))?.['speaks']).toBe('memberlist');
    await agents.get('n2')?.end();
    await until('the last one has all', async () => (await answerers()) === ADDRESSES.map(() => 'n1').join());
  });
});
