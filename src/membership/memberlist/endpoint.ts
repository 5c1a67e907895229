/**
 * When two endpoints are the same. In gossip they are if their bytes are: the 4-byte and the 16-byte form of an IPv4 address
 * differ, because the reference takes them for two nodes that go by one name. Where a socket leads to, they do not.
 */
import type { Endpoint } from './message.js';

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => a.port === b.port && sameBytes(a.address, b.address);

/** The same text for whatever leads to the same socket; a key, not for people. */
export function socketKey({ address, port }: Endpoint): string {
  const isMapped = address.length === 16 && address.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
  return `${(isMapped ? address.subarray(12) : address).join('.')}:${port}`;
}

/** Whether it can be one at all: an address of IPv4 or IPv6, and a port to send to. */
export const isEndpoint = ({ address, port }: Endpoint): boolean =>
  (address.length === 4 || address.length === 16) && port > 0 && port <= 0xffff;

/** The endpoint alone, of whatever else has one. */
export const endpointOf = ({ address, port }: Endpoint): Endpoint => ({ address, port });

/** The endpoint with the port that 0 stands for. */
export const withPort = <T extends Endpoint>(endpoint: T, own: number): T =>
  endpoint.port === 0 ? { ...endpoint, port: own } : endpoint;
