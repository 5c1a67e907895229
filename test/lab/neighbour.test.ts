/**
 * IPv6 on the wire: the real agent, asked by ndisc6 and by the kernel.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { Cluster, type LogLine, leaderOf } from './cluster.js';
import { curl } from './http.js';
import { manifest, pool, service } from './manifests.js';
import type { Host } from './network.js';

const WEB = 'fd00::f0';
const STATE = manifest([...pool('six', ['fd00::f0-fd00::ff']), service('web', { families: ['IPv6'] })]);

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create();
  await lab.write('state.yaml', STATE);
  await lab.client.run('ip', ['address', 'add', 'fd00::64/64', 'dev', 'eth0']);
});
afterEach(async () => {
  await lab.destroy();
});

const announces = ({ event, ip }: LogLine): boolean => event === 'serviceAnnounced' && ip === WEB;
const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;

/** The MAC that ndisc6 is told; undefined when nobody answers. */
async function ask(host: Host, address: string): Promise<string | undefined> {
  const { stdout } = await host.run('ndisc6', ['-1', '-q', '-r', '1', '-w', '500', address, 'eth0']);
  return /([0-9a-f]{2}(:[0-9a-f]{2}){5})/i.exec(stdout)?.[1]?.toLowerCase();
}

/** What the client's kernel believes, after it has something to send there. */
async function believed(address: string): Promise<string | undefined> {
  await lab.client.run('ping', ['-6', '-c', '1', '-W', '1', address]);
  const { stdout } = await lab.client.run('ip', ['-6', 'neighbour', 'show', address, 'dev', 'eth0']);
  return /lladdr (\S+)/.exec(stdout)?.[1];
}

describe('an IPv6 address', () => {
  test('is answered for by its owner alone, and moves with an unsolicited advertisement', async () => {
    const agents = new Map(lab.nodes.map((node) => [node, lab.start(node)]));
    const owner = (await leaderOf(agents, WEB)).node;
    expect(nameOf(await ask(lab.client, WEB))).toBe(owner);
    expect(nameOf(await believed(WEB))).toBe(owner);
    await agents.get(owner)?.end('SIGKILL');
    const others = [...agents].filter(([node]) => node !== owner);
    await Promise.any(others.map(([, agent]) => agent.logged((line) => announces(line) && line['from'] === owner)));
    // Nothing is sent there meanwhile: only the new owner's own word can have moved the entry.
    await until('the kernel believes the new owner', async () => {
      const { stdout } = await lab.client.run('ip', ['-6', 'neighbour', 'show', WEB, 'dev', 'eth0']);
      const now = nameOf(/lladdr (\S+)/.exec(stdout)?.[1]);
      return now !== undefined && now !== owner;
    });
    expect(nameOf(await ask(lab.client, WEB))).not.toBe(owner);
    const metrics = (
      await curl(lab.client, `http://192.168.1.${11 + lab.nodes.indexOf(nameOf(await ask(lab.client, WEB)) ?? '')}:7472/metrics`)
    ).body;
    expect(metrics).toMatch(/^metallb_layer2_requests_received\{ip="fd00::f0"\} [1-9]/m);
    expect(metrics).toMatch(/^metallb_layer2_gratuitous_sent\{ip="fd00::f0"\} [1-9]/m);
  });

  test('cannot be taken by a host that asks first, as RFC 4862 has it, and whoever tries is named', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces);
    await lab.client.run('sysctl', ['-w', 'net.ipv6.conf.eth0.accept_dad=1', 'net.ipv6.conf.eth0.dad_transmits=1']);
    await lab.client.run('ip', ['address', 'add', `${WEB}/64`, 'dev', 'eth0']);
    await until('the client sees that the address is taken', async () =>
      (await lab.client.run('ip', ['-6', 'address', 'show', 'dev', 'eth0'])).stdout.includes('dadfailed'),
    );
    const line = await agent.logged(({ event }) => event === 'addressConflict');
    expect(line).toMatchObject({ ip: WEB, mac: lab.client.mac, interface: 'eth0', services: ['default/web'] });
  });

  test('is asked for with whom else holds it, when it is announced', async () => {
    await lab.client.run('ip', ['address', 'add', `${WEB}/64`, 'dev', 'eth0', 'nodad']);
    const agent = lab.start('n1');
    const line = await agent.logged(({ event }) => event === 'addressConflict');
    expect(line).toMatchObject({ ip: WEB, mac: lab.client.mac });
  });
});
