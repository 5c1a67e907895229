/**
 * When two endpoints are the same. In gossip they are if their bytes are: the 4-byte and the 16-byte form of an IPv4 address
 * differ, because the reference takes them for two nodes that go by one name. Where a socket leads to, they do not.
 */
import { type Address, type Family, formatAddress, ipv4, ipv6, parseAddress } from '../../net/address.js';
import { viewOf } from './bytes.js';
import type { Endpoint } from './message.js';

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => a.port === b.port && sameBytes(a.address, b.address);

/** The same text for whatever leads to the same socket; a key, not for people. */
export const socketKey = ({ address, port }: Endpoint): string => `${unmapped(address).join('.')}:${port}`;

function unmapped(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && address.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
  return isMapped ? address.subarray(12) : address;
}

/** `192.0.2.1:7946`, also for the longer form of that address, or `[2001:db8::1]:7946`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  const bytes = unmapped(address);
  const view = viewOf(bytes);
  if (bytes.length === 4) return `${formatAddress(ipv4(view.getUint32(0)))}:${port}`;
  return `[${formatAddress(ipv6([view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)]))}]:${port}`;
}

/** Of `192.0.2.1:7946` or `[2001:db8::1]:7946`; undefined for any other text. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, long, short = '', port] = /^(?:\[([^\]]*:[^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  return endpointAt(long ?? short, Number(port));
}

/** Of an address without a zone, as text, and a port; undefined where it is none. */
export function endpointAt(host: string, port: number): Endpoint | undefined {
  const read = parseAddress(host);
  if (!read.ok) return undefined;
  const endpoint = { address: bytesOf(read.value), port };
  return isEndpoint(endpoint) ? endpoint : undefined;
}

function bytesOf(address: Address): Uint8Array {
  const words = address.family === 'IPv4' ? [address.value] : address.words;
  const bytes = new Uint8Array(4 * words.length);
  const view = viewOf(bytes);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word);
  return bytes;
}

/** Of the socket that it leads to. */
export const familyOf = ({ address }: Endpoint): Family => (unmapped(address).length === 4 ? 'IPv4' : 'IPv6');

/** Whether it can be one at all: an address of IPv4 or IPv6, and a port to send to. */
export const isEndpoint = ({ address, port }: Endpoint): boolean =>
  (address.length === 4 || address.length === 16) && port > 0 && port <= 0xffff;

/** The endpoint alone, of whatever else has one. */
export const endpointOf = ({ address, port }: Endpoint): Endpoint => ({ address, port });

/** The endpoint with the port that 0 stands for. */
export const withPort = <T extends Endpoint>(endpoint: T, own: number): T =>
  endpoint.port === 0 ? { ...endpoint, port: own } : endpoint;
