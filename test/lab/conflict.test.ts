/**
 * Somebody else claims an address of ours: what the real agent says of it, and of whom it says nothing.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { Cluster, type LogLine, leaderOf } from './cluster.js';
import { curl } from './http.js';
import { inject } from './inject.js';
import { manifest, pool, service } from './manifests.js';

const WEB = '192.168.1.240';
const STATE = manifest([...pool('pool', ['192.168.1.240-192.168.1.250']), service('web')]);

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create();
  await lab.write('state.yaml', STATE);
});
afterEach(async () => {
  await lab.destroy();
});

const announces = ({ event, ip }: LogLine): boolean => event === 'serviceAnnounced' && ip === WEB;
const isConflict = ({ event }: LogLine): boolean => event === 'addressConflict';
/** What a host sends that has just got the address: a gratuitous request. */
const claim = (count: number, mac: string = lab.client.mac.replaceAll(':', '')) => {
  return inject(
    lab.client,
    Buffer.from(`ffffffffffff${mac}08060001080006040001${mac}c0a801f0000000000000c0a801f0${'00'.repeat(18)}`, 'hex'),
    { count },
  );
};
const squat = () => lab.client.run('ip', ['address', 'add', `${WEB}/24`, 'dev', 'eth0']);

describe('a host that has an address of ours', () => {
  test('is found when the address is announced, and named in log, event, metric and condition', async () => {
    await squat();
    const agent = lab.start('n1');
    const line = await agent.logged(isConflict);
    expect(line).toMatchObject({ level: 'warn', ip: WEB, mac: lab.client.mac, interface: 'eth0', services: ['default/web'] });
    const metrics = (await curl(lab.client, 'http://192.168.1.11:7472/metrics')).body;
    expect(metrics).toContain(`arpeggio_layer2_conflicts{ip="${WEB}",mac="${lab.client.mac}",interface="eth0"} 1`);
    expect(metrics).toMatch(new RegExp(`^arpeggio_layer2_conflict_claims_total\\{ip="${WEB}"\\} [1-9]`, 'm'));
    await until(
      'the event is written',
      async () => (await lab.status('n1', 'events.jsonl'))?.includes('"reason":"addressConflict"') === true,
    );
    const state = await lab.status('n1', 'configurationstates/metallb-system/speaker-n1.yaml');
    expect(state).toMatch(new RegExp(`message: .*${WEB} is claimed by ${lab.client.mac} on eth0`));
    expect(state).toContain('result: Valid');
  });

  test('is found when it comes later and says so', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces);
    await squat();
    await claim(1);
    expect(await agent.logged(isConflict)).toMatchObject({ ip: WEB, mac: lab.client.mac });
    await claim(3);
    expect(agent.log.filter(isConflict)).toHaveLength(1);
  });

  test('may be named as a gateway that answers for others', async () => {
    await squat();
    const agent = lab.start('n1', ['--proxy-arp', lab.client.mac]);
    await agent.logged(announces);
    await claim(3);
    const metrics = (await curl(lab.network.host('n2'), 'http://192.168.1.11:7472/metrics')).body;
    expect(metrics).not.toContain('arpeggio_layer2_conflicts{');
    expect(agent.log.filter(isConflict)).toEqual([]);
  });
});

test('peers that take over and give back are no strangers', async () => {
  const agents = new Map(lab.nodes.map((node) => [node, lab.start(node)]));
  const { node: owner } = await leaderOf(agents, WEB);
  const others = [...agents].filter(([node]) => node !== owner).map(([, agent]) => ({ agent, before: agent.log.length }));
  await agents.get(owner)?.end('SIGKILL');
  // Whichever of them: the second in line takes over where this machine holds the first up.
  await Promise.any(
    others.map(({ agent, before }) => agent.logged((line) => announces(line) && agent.log.indexOf(line) >= before)),
  );
  const returned = lab.start(owner, ['--failback-delay', '0']);
  await returned.logged(announces);
  await Promise.any(others.map(({ agent }) => agent.logged(({ event, to }) => event === 'serviceWithdrawn' && to === owner)));
  for (const agent of [...others.map((one) => one.agent), returned]) expect(agent.log.filter(isConflict)).toEqual([]);
});

test('our own frames that come in through another interface are no conflict, nor are those of a peer', async () => {
  for (const node of ['n1', 'n2']) {
    const { namespace, port } = lab.network.host(node);
    const script = `bridge=$(basename $(readlink /sys/class/net/${port}/master)) &&
      ip link add x${port} type veth peer name eth1 netns ${namespace} &&
      ip link set x${port} master $bridge up && ip -n ${namespace} link set eth1 up`;
    execFileSync('sh', ['-c', script]);
  }
  const agents = ['n1', 'n2'].map((node) => lab.start(node, ['--interface', 'eth1', '--refresh', '1']));
  await Promise.race(agents.map((agent) => agent.logged(announces)));
  await sleep(3000);
  expect(agents.flatMap(({ log }) => log.filter(({ event }) => event === 'createARPResponder'))).toHaveLength(4);
  expect(agents.flatMap(({ log }) => log.filter(isConflict))).toEqual([]);
});

test('claims with ever other MACs are a few lines', async () => {
  const agent = lab.start('n1');
  await agent.logged(announces);
  for (let i = 0; i < 60; i++) await claim(1, `0a000000${i.toString(16).padStart(4, '0')}`);
  await agent.logged(isConflict);
  await sleep(500);
  expect(agent.log.filter(isConflict)).toHaveLength(4);
  const metrics = (await curl(lab.client, 'http://192.168.1.11:7472/metrics')).body;
  expect(metrics.match(/^arpeggio_layer2_conflicts\{/gm)).toHaveLength(4);
});
