/** What --deliver lo does to the kernel, here to the lab's own. */
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
