/**
 * Endpoints as Node's sockets name them.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Socket } from 'node:net';
import { formatEndpoint, ipv4Endpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Endpoint } from '../../../src/membership/memberlist/message.js';

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Where an endpoint `host:port` leads. */
export function destinationOf(text: string): Destination {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** Undefined for IPv6, which these sockets don't speak. */
export const ipv4Destination = (endpoint: Endpoint): Destination | undefined => {
  const text = formatEndpoint(endpoint);
  return ipv4Endpoint(text) === undefined ? undefined : destinationOf(text);
};

/** Undefined for a datagram from port 0, which nobody could answer. */
export const senderOf = ({ address, port }: RemoteInfo): Endpoint | undefined => ipv4Endpoint(`${address}:${port}`);

/** Undefined once the connection is gone. */
export const peerOf = ({ remoteAddress, remotePort }: Socket): Endpoint | undefined =>
  ipv4Endpoint(`${remoteAddress?.replace('::ffff:', '')}:${remotePort}`);
