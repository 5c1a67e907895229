/**
 * What happens to a node's interfaces while it answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { capture } from './capture.js';
import { Cluster, type LogLine } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const WEB = '192.168.1.240';
const SIX = 'fd00::f0';
const STATE = manifest([
  ...pool('pool', ['192.168.1.240-192.168.1.250', 'fd00::f0-fd00::ff']),
  service('web', { families: ['IPv4', 'IPv6'] }),
]);

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: ['n1', 'n2'] });
  await lab.write('state.yaml', STATE);
});
afterEach(async () => {
  await lab.destroy();
});

const announces =
  (ip: string) =>
  (line: LogLine): boolean =>
    line.event === 'serviceAnnounced' && line['ip'] === ip;
const opens = ({ event }: LogLine): boolean => event === 'createARPResponder';

test('a link-local address that comes late begins NDP, and no ARP request goes unanswered for it', async () => {
  const n1 = lab.network.host('n1');
  await n1.run('ip', ['link', 'set', 'eth0', 'addrgenmode', 'none']);
  await n1.run('ip', ['-6', 'address', 'flush', 'dev', 'eth0']);
  await lab.client.run('ip', ['address', 'add', 'fd00::64/64', 'dev', 'eth0']);
  const agent = lab.start('n1');
  await agent.logged(announces(WEB));
  await agent.logged(({ event, ip }) => event === 'announceFailed' && ip === SIX);
  await until('it answers', async () => (await ask(lab.client, WEB)) !== undefined);
  const heard = await capture(lab.client);
  const asking = lab.client.spawn('arping', ['-r', '-i', 'eth0', '-W', '0.002', '-c', '2000', WEB], { stdio: 'ignore' });
  await sleep(300);
  await n1.run('ip', ['address', 'add', 'fe80::11/64', 'dev', 'eth0', 'nodad']);
  await agent.logged(announces(SIX));
  const asked = await lab.client.run('ndisc6', ['-1', '-q', '-r', '1', '-w', '1000', SIX, 'eth0']);
  await sleep(300);
  asking.kill();
  await sleep(300);
  const events = await heard.stop();
  expect(asked.stdout.trim().toLowerCase()).toBe(n1.mac);
  const requests = events.filter((one) => one.outgoing && one.operation === 1 && one.targetAddress === WEB);
  const replies = events.filter(
    (one) => !one.outgoing && one.operation === 2 && one.senderAddress === WEB && one.targetAddress !== WEB,
  );
  expect(requests.length).toBeGreaterThan(100);
  expect(replies).toHaveLength(requests.length);
});

test('a full send buffer is told of, and no reason to open the interface anew', async () => {
  const n1 = lab.network.host('n1');
  const agent = lab.start('n1', ['--refresh', '1']);
  await agent.logged(announces(WEB));
  await n1.run('tc', ['qdisc', 'add', 'dev', 'eth0', 'root', 'tbf', 'rate', '1mbit', 'burst', '40', 'limit', '100']);
  expect(await ask(lab.client, WEB)).toBeUndefined();
  await agent.logged(({ event, msg }) => event === 'CAPTURE_FAILED' || /cannot be sent/.test(msg));
  // Longer than between two scans of the interfaces.
  await sleep(11_000);
  expect(agent.log.filter(opens)).toHaveLength(1);
  await n1.run('tc', ['qdisc', 'del', 'dev', 'eth0', 'root']);
  expect(await ask(lab.client, WEB)).toBe(n1.mac);
});

test('many interfaces that go down and come up at once keep no heartbeat waiting', async () => {
  const names = Array.from({ length: 16 }, (_, i) => `lan${i}`);
  const n1 = lab.network.host('n1');
  const each = async (line: (name: string) => string): Promise<void> => {
    const { code, stderr } = await n1.run('ip', ['-batch', '-'], { input: names.map(line).join('\n') });
    expect([code, stderr]).toEqual([0, '']);
  };
  await each((name) => `link add ${name} type veth peer name far${name}`);
  await each((name) => `link set far${name} up`);
  await each((name) => `link set ${name} up`);
  const rule = ['--exclude-interfaces', '^(lo|far)'];
  const [one, other] = [lab.start('n1', rule, [], { everywhere: true }), lab.start('n2', rule, [], { everywhere: true })];
  await until('all are open', () => one.log.filter(opens).length === names.length + 1);
  await other.logged((line) => line.event === 'memberChanged' && line['node'] === 'n1' && line['ready'] === true);
  await sleep(1000);
  const known = other.log.length;
  await each((name) => `link set ${name} down`);
  await sleep(1500);
  await each((name) => `link set ${name} up`);
  await until('all are open again', () => one.log.filter(opens).length === 2 * names.length + 1);
  await sleep(500);
  const changes = other.log.slice(known).filter((line) => line.event === 'memberChanged' && line['state'] !== 'alive');
  expect(changes).toEqual([]);
});
