/**
 * Endpoints as Node's sockets name them.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Socket } from 'node:net';
import { endpointAt, familyOf, formatEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Endpoint } from '../../../src/membership/memberlist/message.js';
import type { Family } from '../../../src/net/address.js';

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Where an endpoint `host:port` leads. */
export function destinationOf(text: string): Destination {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon);
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(text.slice(colon + 1)) };
}

/** Undefined where sockets of this family don't lead. */
export const destinationIn = (family: Family, endpoint: Endpoint): Destination | undefined =>
  familyOf(endpoint) === family ? destinationOf(formatEndpoint(endpoint)) : undefined;

/** Senders remembered at most: those of a large cluster, and as many strangers. */
const MOST_SENDERS = 512;

/** Who sent a datagram. Few send, and often: what is read of an address is remembered. */
export class Senders {
  readonly #known = new Map<string, Endpoint>();

  /** Undefined for a datagram from port 0, or from an address that means something on one link only: nobody could answer it. */
  of({ address, port }: RemoteInfo): Endpoint | undefined {
    const text = `${address} ${port}`;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const endpoint = endpointAt(address, port);
    if (endpoint === undefined) return undefined;
    if (this.#known.size >= MOST_SENDERS) this.#known.clear();
    this.#known.set(text, endpoint);
    return endpoint;
  }
}

/** Undefined once the connection is gone. */
export const peerOf = ({ remoteAddress = '', remotePort = 0 }: Socket): Endpoint | undefined =>
  endpointAt(remoteAddress, remotePort);
