/**
 * What tcpdump, which shares no code with us, sees of an agent on the wire: the frames, their lengths, checksums and hop limits.
 */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { Cluster } from './cluster.js';
import { inject } from './inject.js';
import { manifest, pool, service } from './manifests.js';
import type { Host } from './network.js';

const [WEB, WEB6] = ['192.168.1.240', 'fd00::f0'];
const STATE = manifest([...pool('both', [`${WEB}/32`, `${WEB6}/128`]), service('web', { families: ['IPv4', 'IPv6'] })]);

interface Witness {
  /** What it has printed: a record a frame, each on one line. */
  records(): readonly string[];
  stop(): Promise<readonly string[]>;
}

/** Starts tcpdump; resolves when it listens. */
async function watch(host: Host, filter: string): Promise<Witness> {
  const args = ['-l', '-n', '-e', '-vv', '-Z', 'root', '--immediate-mode', '-i', 'eth0', filter];
  const child = host.spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  await until('tcpdump listens', () => Promise.resolve(err.includes('listening on')));
  // What belongs to a frame is indented.
  const records = (): string[] => out.replaceAll(/\n\s+/g, ' ').split('\n').filter(Boolean);
  const stop = async (): Promise<readonly string[]> => {
    child.kill('SIGINT');
    await exited;
    return records();
  };
  return { records, stop };
}

let lab: Cluster;
let mac: string;
beforeEach(async () => {
  lab = await Cluster.create({ nodes: ['n1'] });
  await lab.write('state.yaml', STATE);
  await lab.client.run('ip', ['address', 'add', 'fd00::64/64', 'dev', 'eth0']);
  mac = lab.network.host('n1').mac;
});
afterEach(async () => {
  await lab.destroy();
});

describe('tcpdump sees', () => {
  test('two gratuitous frames of ARP a round, and an unsolicited advertisement to all nodes', async () => {
    const witness = await watch(lab.client, 'arp or icmp6');
    const agent = lab.start('n1');
    await agent.logged(({ event, ip }) => event === 'serviceAnnounced' && ip === WEB6);
    const isSeen = (part: string): boolean => witness.records().some((record) => record.includes(part));
    await until('both were announced', () =>
      Promise.resolve(isSeen(`Reply ${WEB} is-at`) && isSeen(`neighbor advertisement, length 32, tgt is ${WEB6}`)),
    );
    const records = await witness.stop();
    const [request] = records.filter((one) => one.includes(`Request who-has ${WEB} `) && one.includes(`tell ${WEB}`));
    expect(request).toContain(`${mac} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60`);
    const [reply] = records.filter((one) => one.includes(`Reply ${WEB} is-at ${mac}`));
    expect(reply).toContain(`${mac} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 60`);
    const [advertisement] = records.filter((one) => one.includes('neighbor advertisement') && one.includes('> ff02::1:'));
    expect(advertisement).toMatch(/hlim 255\b.*\[icmp6 sum ok\].*Flags \[override\].*destination link-address option/);
    expect(advertisement).toContain(`${mac} > 33:33:00:00:00:01`);
  });

  test('one answer to one question of each family, with a good checksum', async () => {
    const agent = lab.start('n1');
    await agent.logged(({ event, ip }) => event === 'serviceAnnounced' && ip === WEB6);
    await until('it answers', async () => (await ask(lab.client, WEB)) === mac);
    const witness = await watch(lab.client, `(arp[6:2] = 2 and ether dst ${lab.client.mac}) or (icmp6 and ip6[40] = 136)`);
    expect(await ask(lab.client, WEB)).toBe(mac);
    const asked = await lab.client.run('ndisc6', ['-1', '-r', '1', '-w', '1000', WEB6, 'eth0']);
    expect(asked.code).toBe(0);
    const solicited = (): readonly string[] => witness.records().filter((one) => one.includes('solicited'));
    await until('both answers were seen', () =>
      Promise.resolve(solicited().length > 0 && witness.records().some((one) => one.includes('is-at'))),
    );
    const records = await witness.stop();
    const replies = records.filter((one) => one.includes('is-at'));
    expect(replies).toHaveLength(1);
    expect(replies[0]).toContain(`${mac} > ${lab.client.mac}, ethertype ARP (0x0806), length 60`);
    expect(replies[0]).toContain(`Reply ${WEB} is-at ${mac}`);
    expect(solicited()).toHaveLength(1);
    expect(solicited()[0]).toMatch(/hlim 255\b.*\[icmp6 sum ok\].*Flags \[solicited\]/);
  });

  test('no answer to a question that carries the tag of a VLAN', async () => {
    const agent = lab.start('n1');
    await agent.logged(({ event, ip }) => event === 'serviceAnnounced' && ip === WEB);
    await until('it answers', async () => (await ask(lab.client, WEB)) === mac);
    const witness = await watch(lab.client, 'arp or (vlan and arp)');
    const question = (tag: string): Buffer => {
      const source = lab.client.mac.replaceAll(':', '');
      const arp = `0001080006040001${source}c0a80164000000000000c0a801f0`;
      return Buffer.from(`ffffffffffff${source}${tag}0806${arp}`.padEnd(120, '0'), 'hex');
    };
    const client = lab.client;
    expect(await inject(client, question('81000005'))).toBe(true);
    expect(await inject(client, question('81000000'))).toBe(true);
    expect(await inject(client, question(''))).toBe(true);
    await until('the last question is answered', () => Promise.resolve(witness.records().some((one) => one.includes('is-at'))));
    const records = await witness.stop();
    expect(records.filter((one) => one.includes('802.1Q') && one.includes('who-has'))).toHaveLength(2);
    expect(records.filter((one) => one.includes(`Reply ${WEB} is-at`) && one.includes(`> ${client.mac}`))).toHaveLength(1);
  });
});
