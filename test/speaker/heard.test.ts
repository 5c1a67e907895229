import { expect, test } from 'vitest';
import { Heard } from '../../agents/speaker/wire/heard.js';
import { type AddressKey, addressKey, parseAddress } from '../../src/net/address.js';
import { formatPrefix } from '../../src/net/prefix.js';

const keyOf = (text: string): AddressKey => {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return addressKey(read.value);
};
const textsOf = ({ prefixes }: Heard): readonly string[] | undefined => prefixes?.map(formatPrefix);

test('nothing is heard before there is a configuration', () => {
  const heard = new Heard();
  expect(heard.add([keyOf('192.0.2.1')])).toBe(false);
  expect(heard.prefixes).toBeUndefined();
});

test('what is owned beyond the configuration is heard as long as it is owned', () => {
  const heard = new Heard();
  heard.configure(['192.0.2.0/31']);
  expect(heard.add([keyOf('192.0.2.1')])).toBe(false);
  expect(heard.add([keyOf('192.0.2.9'), keyOf('2001:db8::9')])).toBe(true);
  expect(textsOf(heard)).toEqual(['192.0.2.0/31', '192.0.2.9/32', '2001:db8::9/128']);
  expect(heard.remove([keyOf('192.0.2.1')])).toBe(false);
  expect(heard.remove([keyOf('192.0.2.9')])).toBe(true);
  expect(textsOf(heard)).toEqual(['192.0.2.0/31', '2001:db8::9/128']);
  expect(heard.remove([keyOf('192.0.2.9')])).toBe(false);
});

test('another configuration has to be told anew what is owned beyond it', () => {
  const heard = new Heard();
  heard.configure([]);
  heard.add([keyOf('192.0.2.9')]);
  heard.configure(['192.0.2.0/31']);
  expect(textsOf(heard)).toEqual(['192.0.2.0/31']);
});

test('thousands beyond the configuration take a few prefixes', () => {
  const heard = new Heard();
  heard.configure(['192.0.2.0/31']);
  heard.add(Array.from({ length: 5000 }, (_, i) => 0x0a000000 + i * 3));
  expect(heard.prefixes?.length).toBeLessThanOrEqual(64);
});
