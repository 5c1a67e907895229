import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from './arping.js';
import { capture } from './capture.js';
import { curl, serve } from './http.js';
import { inject } from './inject.js';
import { Network } from './network.js';

let network: Network;

beforeEach(async () => {
  network = await Network.create({
    hosts: [
      { name: 'n1', address: '192.168.1.11/24' },
      { name: 'n2', address: ['192.168.1.12/24', 'fd00::12/64'] },
      { name: 'client', address: '192.168.1.100/24' },
    ],
  });
});

afterEach(() => network.destroy());

describe('a lab network', () => {
  test.each([
    ['192.168.1.11', '02:00:00:00:00:01'],
    ['192.168.1.12', '02:00:00:00:00:02'],
    ['192.168.1.99', undefined], // nobody
  ])('who has %s? %s', async (address, mac) => {
    expect(await ask(network.host('client'), address, { timeoutMs: mac === undefined ? 200 : 5000 })).toBe(mac);
  });

  test('shows a question and its answer on both sides', async () => {
    const [client, node] = [network.host('client'), network.host('n1')];
    await using here = await capture(client);
    await using there = await capture(node);
    await ask(client, '192.168.1.11');
    const question = await here.next((event) => event.operation === 1 && event.targetAddress === '192.168.1.11');
    expect(question).toMatchObject({
      outgoing: true,
      senderMac: client.mac,
      senderAddress: '192.168.1.100',
      ethernetDestination: 'ff:ff:ff:ff:ff:ff',
    });
    const answer = await here.next((event) => event.operation === 2);
    expect(answer).toMatchObject({
      outgoing: false,
      senderMac: node.mac,
      senderAddress: '192.168.1.11',
      targetMac: client.mac,
      targetAddress: '192.168.1.100',
    });
    expect(answer.atNs).toBeGreaterThan(question.atNs);
    expect(await there.next((event) => event.operation === 2)).toMatchObject({ outgoing: true, senderMac: node.mac });
  });

  test('carries traffic of both families', async () => {
    await serve(network.host('n2'), 8080);
    expect(await curl(network.host('client'), 'http://192.168.1.12:8080/')).toEqual({ code: 200, body: 'n2' });
    expect(await curl(network.host('n2'), 'http://[fd00::12]:8080/')).toEqual({ code: 200, body: 'n2' });
    expect(await curl(network.host('client'), 'http://192.168.1.11:8080/')).toEqual({ code: 0, body: '' });
  });

  test.each<['setLink' | 'setCable']>([['setLink'], ['setCable']])('is cut by %s and mended again', async (how) => {
    const [client, node] = [network.host('client'), network.host('n1')];
    const set = (state: 'up' | 'down') => (how === 'setLink' ? node.setLink('eth0', state) : node.setCable(state));
    await set('down');
    expect(await ask(client, '192.168.1.11', { timeoutMs: 200 })).toBeUndefined();
    await set('up');
    expect(await ask(client, '192.168.1.11', { timeoutMs: 5000 })).toBe(node.mac);
  });

  test.each([
    [
      'an ARP request with an unknown operation',
      '02000000000102000000000308060001080006040063' + '020000000003c0a80164' + '000000000000c0a8010b',
      true,
    ],
    ['shorter than an Ethernet header', '0200000000', false],
  ])('takes a frame that is %s', async (_, hex, sent) => {
    await using there = await capture(network.host('n1'));
    expect(await inject(network.host('client'), Buffer.from(hex, 'hex'), { count: 3 })).toBe(sent);
    if (sent)
      expect(await there.next((event) => event.operation === 99)).toMatchObject({ targetAddress: '192.168.1.11', length: 42 });
  });

  test('runs programs under their own pid and reports how they end', async () => {
    const child = network.host('n1').spawn('sleep', ['60']);
    const name = () => readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim();
    await expect.poll(name).toBe('sleep');
    expect(await network.host('n1').run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('leaves nothing behind', async () => {
    const { pid } = network.host('n1').spawn('sleep', ['60']);
    const names = network.hosts.map((host) => host.namespace);
    const listed = () =>
      execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.split(' ')[0]);
    const links = () => execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
    const id = names[0]?.split('-')[0] ?? '';
    expect(listed()).toEqual(expect.arrayContaining(names));
    expect(links()).toContain(id);
    await network.destroy();
    expect(listed().filter((name) => name?.startsWith(id))).toEqual([]);
    expect(links()).not.toContain(id);
    expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });
});
