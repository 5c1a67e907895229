/**
 * Planned moves: the address goes from one node to another, and a client that asks each millisecond notices nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Load, load } from '../bench/support/load.js';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';

const COUNT = 100;
const ADDRESSES = Array.from({ length: COUNT }, (_, i) => `192.168.1.${120 + i}`);
const FIRST = ADDRESSES[0] ?? '';

const pool = (advertisement = ''): string => `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: pool, namespace: metallb-system }
spec: { addresses: [${FIRST}-${ADDRESSES.at(-1)}] }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: all, namespace: metallb-system }
${advertisement}`;
const service = (address: string): string => `apiVersion: v1
kind: Service
metadata: { name: s${address.replaceAll('.', '-')}, annotations: { metallb.io/loadBalancerIPs: ${address} } }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`;
const node = (name: string, spec: string, labels = '{}'): string => `apiVersion: v1
kind: Node
metadata: { name: ${name}, labels: ${labels} }
spec: ${spec}
`;
const nodes = (spec: (name: string) => string): string => ['n1', 'n2', 'n3'].map((name) => node(name, spec(name))).join('---\n');

let lab: Cluster;
afterEach(async () => {
  await lab.destroy();
});

async function start(...flags: readonly string[]): Promise<Map<string, AgentProcess>> {
  lab = await Cluster.create();
  await lab.write('pool.yaml', pool());
  await lab.write('services.yaml', ADDRESSES.map(service).join('---\n'));
  await lab.write(
    'nodes.yaml',
    nodes(() => '{}'),
  );
  const agents = new Map(lab.nodes.map((name) => [name, lab.start(name, flags)]));
  for (const address of ADDRESSES) await leaderOf(agents, address);
  return agents;
}

const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;

/** Asks for one address a thousand times a second, and for all of them two thousand times, while `move` happens. */
async function whileAsked(move: () => Promise<void>, seconds = 4): Promise<void> {
  const asked = [
    load(lab.client, { targets: FIRST, seconds, inFlight: 512, ratePerS: 1000, senders: '10.9.2.0' }),
    load(lab.client, { targets: `${FIRST}-${ADDRESSES.at(-1)}`, seconds, inFlight: 2048, ratePerS: 2000, senders: '10.9.16.0' }),
  ];
  await sleep(300);
  await move();
  for (const { sent, lost } of (await Promise.all(asked)) as readonly Load[]) {
    expect(sent).toBeGreaterThan(1000);
    expect(lost).toBe(0);
  }
}

/** All that `name` answers for is another's, who announces it; the other may not know whose it was. */
async function handedOver(agents: ReadonlyMap<string, AgentProcess>, name: string): Promise<void> {
  const lastOf = (node: string, ip: string) =>
    agents.get(node)?.log.findLast((line) => line['ip'] === ip && /^service/.test(line.event));
  const mine = ADDRESSES.filter((ip) => lastOf(name, ip)?.event === 'serviceAnnounced');
  expect(mine.length).toBeGreaterThan(0);
  await until(`others announce what ${name} had`, () =>
    mine.every((ip) => {
      const to = lastOf(name, ip)?.['to'];
      return typeof to === 'string' && to !== name && lastOf(to, ip)?.event === 'serviceAnnounced';
    }),
  );
}

describe('no request goes unanswered', () => {
  test('when the owner is ended with SIGTERM', async () => {
    const agents = await start();
    const { node: owner } = await leaderOf(agents, FIRST);
    await whileAsked(async () => {
      const handed = handedOver(agents, owner);
      expect(await agents.get(owner)?.end('SIGTERM')).toBe(0);
      await handed;
    });
    expect(nameOf(await ask(lab.client, FIRST))).not.toBe(owner);
  });

  test('when the owner is cordoned, and when it is no more', async () => {
    const agents = await start();
    const { node: owner } = await leaderOf(agents, FIRST);
    await whileAsked(async () => {
      await lab.write(
        'nodes.yaml',
        nodes((name) => (name === owner ? '{ unschedulable: true }' : '{}')),
      );
      await handedOver(agents, owner);
      await lab.write(
        'nodes.yaml',
        nodes(() => '{}'),
      );
      await agents
        .get(owner)
        ?.logged((line) => line['kind'] !== 'first' && line['ip'] === FIRST && /handed it over to/.test(line.msg));
    });
    await until('it has it again', async () => nameOf(await ask(lab.client, FIRST)) === owner);
    // A node is asked last when it is cordoned, not dropped.
    await lab.write(
      'nodes.yaml',
      nodes(() => '{ unschedulable: true }'),
    );
    await sleep(500);
    expect(nameOf(await ask(lab.client, FIRST))).toBe(owner);
  });

  test('when an advertisement selects the owner no more', async () => {
    const agents = await start();
    const { node: owner } = await leaderOf(agents, FIRST);
    await lab.write(
      'nodes.yaml',
      ['n1', 'n2', 'n3'].map((name) => node(name, '{}', `{ edge: "${name !== owner}" }`)).join('---\n'),
    );
    await whileAsked(async () => {
      await lab.write('pool.yaml', pool('spec: { nodeSelectors: [{ matchLabels: { edge: "true" } }] }'));
      await handedOver(agents, owner);
    });
  });

  test('when a node that was killed is back, and takes its addresses after its delay and not before', async () => {
    const agents = await start('--failback-delay', '2');
    const { node: owner } = await leaderOf(agents, FIRST);
    const others = [...agents].flatMap(([name, agent]) => (name === owner ? [] : [agent]));
    // Nobody is new to the others any more.
    await sleep(1500);
    await agents.get(owner)?.end('SIGKILL');
    await Promise.any(others.map((agent) => agent.logged((line) => line['ip'] === FIRST && line['from'] === owner)));
    await whileAsked(async () => {
      const back = lab.start(owner, ['--failback-delay', '2']);
      agents.set(owner, back);
      await Promise.all(others.map((agent) => agent.logged((line) => line['bootId'] !== '' && isBack(line, owner))));
      await sleep(800);
      expect(nameOf(await ask(lab.client, FIRST))).not.toBe(owner);
      await back.logged((line) => line['ip'] === FIRST && line['to'] === owner && /handed it over/.test(line.msg));
    }, 6);
    expect(nameOf(await ask(lab.client, FIRST))).toBe(owner);
  });
});

const has = ({ log }: AgentProcess, ip: string): boolean =>
  log.findLast((line) => line['ip'] === ip && /^service(Announced|Withdrawn)$/.test(line.event))?.event === 'serviceAnnounced';

const isBack = (line: { readonly [field: string]: unknown }, name: string): boolean =>
  line['event'] === 'memberChanged' && line['node'] === name && line['ready'] === true && line['state'] === 'alive';

describe('an owner', () => {
  test('that stood still for so long that another took over leaves the address there, for its delay', async () => {
    const agents = await start('--failback-delay', '2');
    const { node: owner } = await leaderOf(agents, FIRST);
    const others = [...agents].flatMap(([name, agent]) => (name === owner ? [] : [agent]));
    const stopped = agents.get(owner);
    stopped?.child.kill('SIGSTOP');
    // From whom is not asked: on a busy machine the one who came next may have stood still as well.
    await until('another has taken over', () => others.some((agent) => has(agent, FIRST)));
    stopped?.child.kill('SIGCONT');
    await stopped?.logged((line) => line.event === 'serviceWithdrawn' && line['ip'] === FIRST && /stood still/.test(line.msg));
    expect(nameOf(await ask(lab.client, FIRST))).not.toBe(owner);
    await until('it has it again', async () => nameOf(await ask(lab.client, FIRST)) === owner);
  });

  test('that stood still for less than the others wait keeps everything', async () => {
    const agents = await start();
    const { node: owner } = await leaderOf(agents, FIRST);
    const lengths = [...agents.values()].map(({ log }) => log.length);
    for (const [name, agent] of agents) {
      if (name === owner) continue;
      agent.child.kill('SIGSTOP');
      // Half of the time that the simulator shows to be harmless: this machine may be busy itself.
      await sleep(100);
      agent.child.kill('SIGCONT');
    }
    await sleep(700);
    const moved = [...agents.values()].flatMap(({ log }, i) =>
      log.slice(lengths[i]).filter(({ event }) => /^service/.test(event)),
    );
    expect(moved).toEqual([]);
  });

  test('that cannot announce an address where it should gives that one to the next', async () => {
    lab = await Cluster.create();
    for (const host of lab.nodes.map((name) => lab.network.host(name))) {
      await host.run('ip', ['link', 'add', 'eth1', 'link', 'eth0', 'type', 'macvlan', 'mode', 'bridge']);
      await host.setLink('eth1', 'up');
    }
    await lab.write('pool.yaml', pool('spec: { interfaces: [eth1] }'));
    await lab.write('services.yaml', service(FIRST));
    const flags = ['--interface', 'eth0', 'eth1'];
    const agents = new Map(lab.nodes.map((name) => [name, lab.start(name, flags, [], { everywhere: true })]));
    const { node: owner, ranking } = await leaderOf(agents, FIRST);
    await lab.network.host(owner).setLink('eth1', 'down');
    const next = agents.get(ranking[1] ?? '');
    await next?.logged((line) => line.event === 'serviceAnnounced' && line['ip'] === FIRST && line['from'] === owner);
    await until('it is answered', async () => (await ask(lab.client, FIRST)) !== undefined);
    // The next cannot either; then it is back, and has it again.
    await lab.network.host(ranking[1] ?? '').setLink('eth1', 'down');
    await agents.get(ranking[2] ?? '')?.logged((line) => line.event === 'serviceAnnounced' && line['ip'] === FIRST);
    await lab.network.host(owner).setLink('eth1', 'up');
    await until('the first has it again', () => {
      const last = agents.get(owner)?.log.findLast((line) => line['ip'] === FIRST && /^service/.test(line.event));
      return last?.event === 'serviceAnnounced';
    });
  });
});
