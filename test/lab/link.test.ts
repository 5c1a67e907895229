/**
 * A capture whose filter is changed while frames come: the kernel's, on the loopback of the lab.
 */
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Link, openLink } from '../../agents/speaker/wire/link.js';
import { type Address, parseAddress } from '../../src/net/address.js';
import { type Mac, parseMac } from '../../src/net/mac.js';
import { writeProbe } from '../../src/packet/arp.js';
import { captureFilter, coveringPrefixes } from '../../src/packet/filter.js';
import { until } from '../support/until.js';

const [FIRST, SECOND] = [9101, 9102];
const to = (port: number): string => `udp dst port ${port}`;
/** Where the frame's UDP header has it, after Ethernet and IPv4. */
const PORT_AT = 14 + 20 + 2;

test('hears what another filter lets through from now on, and what the last one did when the next is refused', async () => {
  const heard: number[] = [];
  const opened = openLink('lo', to(FIRST), (frame) => heard.push(frame.getUint16(PORT_AT)));
  expect(opened).toHaveProperty('send');
  const link = opened as Link;
  const socket = createSocket('udp4');
  const send = (port: number): Promise<void> => new Promise((resolve) => socket.send('x', port, '127.0.0.1', () => resolve()));
  const isHeard = (port: number): Promise<unknown> =>
    until(`${port} is heard`, async () => {
      await send(port);
      return heard.includes(port);
    });
  try {
    await send(SECOND);
    await isHeard(FIRST);
    expect(heard).not.toContain(SECOND);

    expect(link.setFilter(to(SECOND))).toBeUndefined();
    // What the ring held comes first.
    await isHeard(SECOND);
    heard.length = 0;
    await send(FIRST);
    await isHeard(SECOND);
    expect(heard).not.toContain(FIRST);

    expect(link.setFilter('no such words')).toMatchObject({ code: 'CAPTURE_FAILED', message: expect.stringContaining('syntax') });
    heard.length = 0;
    await send(FIRST);
    await isHeard(SECOND);
    expect(heard).not.toContain(FIRST);
  } finally {
    socket.close();
    link.close();
  }
  expect(link.setFilter(to(FIRST))).toMatchObject({ code: 'CAPTURE_FAILED', message: expect.stringContaining('closed') });
});

/** How much room the kernel has for filters, in bytes: of the lab's namespace, which has one of its own since Linux 6.8. */
const ROOM = '/proc/sys/net/core/optmem_max';
/** Addresses that have no word in common: 28 KB. */
const LARGE = captureFilter({
  mac: mac('02:00:00:00:00:01'),
  prefixes: coveringPrefixes(
    Array.from({ length: 64 }, (_, i) => {
      const one = address(`2001:${i + 1}:${i + 101}:${i + 201}:${i + 301}:${i + 401}:${i + 501}:${i + 601}`);
      return { first: one, last: one };
    }),
  ),
});

test.skipIf(!existsSync(ROOM))('hears too much rather than too little where the kernel has no room for a filter', async () => {
  const heard: string[] = [];
  const before = readFileSync(ROOM, 'utf8');
  writeFileSync(ROOM, '20480');
  const socket = createSocket('udp4');
  const opened = openLink('lo', LARGE, (frame) => heard.push(frame.getUint16(12).toString(16)));
  try {
    expect(opened).toHaveProperty('send');
    const link = opened as Link;
    const ask = (): void => {
      const frame = Buffer.alloc(64);
      const length = writeProbe(new DataView(frame.buffer, frame.byteOffset), mac('02:00:00:00:00:02'), 0x0a090909);
      link.send(frame, length);
    };
    const isArpHeard = (): Promise<unknown> =>
      until('a question that the filter would not let through is heard', () => {
        ask();
        return heard.includes('806');
      });
    await isArpHeard();
    expect(link.setFilter(to(FIRST))).toBeUndefined();
    const isUdpHeard = (): Promise<unknown> =>
      until('the small filter lets through', async () => {
        await new Promise<void>((resolve) => socket.send('x', FIRST, '127.0.0.1', () => resolve()));
        return heard.includes('800');
      });
    await isUdpHeard();
    heard.length = 0;
    ask();
    await isUdpHeard();
    expect(heard).not.toContain('806');
    expect(link.setFilter(LARGE)).toBeUndefined();
    await isArpHeard();
  } finally {
    writeFileSync(ROOM, before);
    socket.close();
    if ('send' in opened) opened.close();
  }
});

function mac(text: string): Mac {
  const read = parseMac(text);
  if (read === undefined) throw new Error(text);
  return read;
}

function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}
