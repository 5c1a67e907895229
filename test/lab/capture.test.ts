/**
 * What a client sees while the agent changes what it captures, and where it answers.
 */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { capture } from './capture.js';
import { Cluster, type LogLine } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const WEB = '192.168.1.240';
const webPool = (interfaces?: readonly string[]): string =>
  manifest(pool('web', ['192.168.1.240-192.168.1.250'], interfaces === undefined ? {} : { interfaces }));
const serviceWith = (name: string, address: string): string => manifest([service(name, { address })]);

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: ['n1'] });
  await lab.write('pool.yaml', webPool());
  await lab.write('web.yaml', serviceWith('web', WEB));
});
afterEach(async () => {
  await lab.destroy();
});

const announces =
  (ip: string) =>
  (line: LogLine): boolean =>
    line.event === 'serviceAnnounced' && line['ip'] === ip;

test('each request is answered, once, while addresses come and go beside it', async () => {
  const agent = lab.start('n1');
  await agent.logged(announces(WEB));
  await until('it answers', async () => (await ask(lab.client, WEB)) !== undefined);
  const heard = await capture(lab.client);
  const asking = lab.client.spawn('arping', ['-r', '-i', 'eth0', '-W', '0.002', '-c', '2000', WEB], { stdio: 'ignore' });
  for (const last of [241, 242, 243]) {
    await lab.write(`more-${last}.yaml`, serviceWith(`more-${last}`, `192.168.1.${last}`));
    await agent.logged(announces(`192.168.1.${last}`));
    // What is new is heard once the filter has changed, at the latest 50 ms after the change before.
    await until(
      'the new one is answered for',
      async () => (await ask(lab.client, `192.168.1.${last}`, { timeoutMs: 200 })) !== undefined,
    );
  }
  // Its last request may be on the way when it is told to end.
  const ended = once(asking, 'exit');
  asking.kill();
  await ended;
  await until('the last is answered', () => {
    const [requests, answers] = [1, 2].map((operation) => heard.events.filter((one) => isAbout(one, operation)).length);
    return answers !== undefined && requests !== undefined && answers >= requests;
  });
  const events = await heard.stop();
  const requests = events.filter((one) => isAbout(one, 1));
  expect(requests.length).toBeGreaterThan(100);
  expect(events.filter((one) => isAbout(one, 2))).toHaveLength(requests.length);
});

/** A question of the client about the first address, or an answer to one. */
const isAbout = (
  one: { readonly operation: number; readonly outgoing: boolean; readonly senderAddress: string; readonly targetAddress: string },
  operation: number,
): boolean =>
  one.operation === operation &&
  one.outgoing === (operation === 1) &&
  (operation === 1
    ? one.targetAddress === WEB && one.senderAddress !== WEB
    : one.senderAddress === WEB && one.targetAddress !== WEB);

test('an address whose interface is not there is not said to be announced, and is once it is there (Q-22)', async () => {
  await lab.write('pool.yaml', webPool(['eth9']));
  const agent = lab.start('n1', ['--interface', 'eth9']);
  const failed = await agent.logged(({ event }) => event === 'announceFailed');
  expect(failed).toMatchObject({ level: 'warn', ip: WEB, services: ['default/web'] });
  await until(
    'the event is written',
    async () =>
      (await lab.status('n1', 'events.jsonl'))?.includes(
        `the interfaces specified by LB IP \\"${WEB}\\" doesn't exist in assigned node \\"n1\\" with protocol \\"layer2\\"`,
      ) === true,
  );
  expect(agent.log.filter(announces(WEB))).toEqual([]);
  expect(await ask(lab.client, WEB, { timeoutMs: 300 })).toBeUndefined();
  await lab.network.host('n1').run('ip', ['link', 'add', 'eth9', 'type', 'veth', 'peer', 'name', 'far9']);
  await lab.network.host('n1').run('ip', ['link', 'set', 'far9', 'up']);
  await lab.network.host('n1').run('ip', ['link', 'set', 'eth9', 'up']);
  await agent.logged(announces(WEB));
});

test('an advertisement that names another interface is not answered on the old one any more (Q-23)', async () => {
  const agent = lab.start('n1');
  await agent.logged(announces(WEB));
  await lab.write('pool.yaml', webPool(['eth9']));
  await agent.logged(({ event }) => event === 'announceFailed');
  expect(await ask(lab.client, WEB, { timeoutMs: 300 })).toBeUndefined();
  await agent.logged(({ event, ip }) => event === 'serviceWithdrawn' && ip === WEB);
  await lab.write('pool.yaml', webPool(['eth9', 'eth0']));
  await until('it answers again', async () => (await ask(lab.client, WEB)) !== undefined);
});

test('without --interface it answers on every interface that is not one of containers, the excluded ones apart', async () => {
  const n1 = lab.network.host('n1');
  await n1.run('ip', ['link', 'add', 'veth9', 'type', 'veth', 'peer', 'name', 'eth9']);
  await n1.run('ip', ['link', 'set', 'veth9', 'up']);
  await n1.run('ip', ['link', 'set', 'eth9', 'up']);
  const agent = lab.start('n1', ['--exclude-interfaces', '^eth9$', '^veth'], [], { everywhere: true });
  await agent.logged(announces(WEB));
  expect(await ask(lab.client, WEB)).toBe(n1.mac);
  const on = agent.log.filter(({ event }) => event === 'createARPResponder').map((line) => line['interface']);
  expect(on).toEqual(['eth0']);
});
