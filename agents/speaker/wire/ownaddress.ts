/**
 * The address by which this node makes itself known to others, where nobody said which: the one from which it reaches a peer. To take
 * one of its interfaces instead would often mean one of a container network, which no other host reaches.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { destinationOf } from './endpoints.js';

/** Undefined while there is no way to any of these endpoints. */
export async function ownAddress(peers: readonly string[]): Promise<string | undefined> {
  for (const peer of peers) {
    const address = await sourceTowards(peer);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** Nothing is sent: the kernel chooses the source of a connected socket by its routes. */
async function sourceTowards(peer: string): Promise<string | undefined> {
  const { host, port } = destinationOf(peer);
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  try {
    return await new Promise((resolve) => {
      socket.once('error', () => resolve(undefined));
      socket.once('connect', () => resolve(socket.address().address));
      socket.connect(port, host);
    });
  } finally {
    socket.close();
  }
}
