/** What --deliver lo does to the kernel, here to the lab's own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { LoopbackDelivery } from '../../agents/speaker/view/deliver.js';
import { temporaryFolder } from '../support/folder.js';
import { requireLab } from './network.js';

const SETTING = '/proc/sys/net/ipv4/conf/all/arp_ignore';
const setting = (): string => readFileSync(SETTING, 'utf8').trim();

beforeEach(() => {
  requireLab();
  writeFileSync(SETTING, '2');
});

test('a delivery puts back what it found', async () => {
  const delivery = new LoopbackDelivery(temporaryFolder());
  expect(await delivery.start()).toBeUndefined();
  expect(setting()).toBe('1');
  expect(await delivery.release()).toBeUndefined();
  expect(setting()).toBe('2');
});

test('a delivery that never started takes nothing back', async () => {
  expect(await new LoopbackDelivery(temporaryFolder()).release()).toBeUndefined();
  expect(setting()).toBe('2');
});

test('a delivery after a killed one puts back what that one found', async () => {
  const folder = temporaryFolder();
  await new LoopbackDelivery(folder).start();
  const second = new LoopbackDelivery(folder);
  await second.start();
  expect(await second.release()).toBeUndefined();
  expect(setting()).toBe('2');
});

test('addresses of both families come and go, found again after a kill, and others’ are left alone', async () => {
  const onLoopback = (): string => execFileSync('ip', ['-oneline', 'address', 'show', 'dev', 'lo']).toString();
  execFileSync('ip', ['address', 'add', 'fd00::99/128', 'dev', 'lo']);
  const folder = temporaryFolder();
  const first = new LoopbackDelivery(folder);
  await first.start();
  expect(await first.add(['192.0.2.7', 'fd00::7', 'fd00::99'])).toBeUndefined();
  for (const address of ['192.0.2.7/32', 'fd00::7/128']) expect(onLoopback()).toContain(address);
  const second = new LoopbackDelivery(folder);
  await second.start();
  expect(await second.keepOnly(new Set(['fd00::7']))).toBeUndefined();
  expect(onLoopback()).not.toContain('192.0.2.7');
  expect(onLoopback()).toContain('fd00::7/128');
  expect(await second.release()).toBeUndefined();
  expect(onLoopback()).not.toContain('fd00::7/128');
  expect(onLoopback()).toContain('fd00::99/128');
  execFileSync('ip', ['address', 'del', 'fd00::99/128', 'dev', 'lo']);
});
