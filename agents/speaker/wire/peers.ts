/**
 * The hosts given by `--join`, read and resolved to UDP endpoints over IPv4.
 */
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Issue, issue, malformed, type Parsed, parsed } from '../../../src/issue/issue.js';

export interface PeerName {
  readonly host: string;
  readonly port: number;
}

/** Reads `host`, `host:port`, `192.0.2.1` or `192.0.2.1:7946`. */
export function parsePeer(text: string, defaultPort: number): Parsed<PeerName> {
  const wrong = (why: string): Parsed<never> => malformed(issue('PEER_UNRESOLVED', '--join', `"${text}" ${why}`));
  if (isIPv6(text.replace(/^\[|\](:\d+)?$/g, ''))) return wrong('is IPv6; heartbeats go over IPv4 in this version');
  const match = /^([A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (match?.[1] === undefined || port < 1 || port > 65535) return wrong('is not host or host:port');
  return parsed({ host: match[1], port });
}

/** One attempt: the endpoints found, as `host:port`, and the peers that have no address yet, with the reason. */
export async function resolvePeers(peers: readonly PeerName[]): Promise<{ found: string[]; missing: MissingPeer[] }> {
  const found: string[] = [];
  const missing: MissingPeer[] = [];
  for (const { peer, result } of await Promise.all(peers.map(resolvePeer))) {
    if (result instanceof Error) missing.push({ peer, why: result.message });
    else found.push(`${result.address}:${peer.port}`);
  }
  return { found, missing };
}

export interface MissingPeer {
  readonly peer: PeerName;
  readonly why: string;
}

const resolvePeer = async (peer: PeerName): Promise<{ peer: PeerName; result: { address: string } | Error }> => ({
  peer,
  result: await lookup(peer.host, { family: 4 }).catch((error: Error) => error),
});

export const unresolved = ({ peer, why }: MissingPeer): Issue =>
  issue('PEER_UNRESOLVED', '--join', `${peer.host} has no address yet (${why}); it is tried again every second`);

/** Tries again every second, for ever: a peer whose DNS entry comes late must still be found. */
export async function keepResolving(
  missing: readonly MissingPeer[],
  signal: AbortSignal,
  onFound: (endpoint: string) => void,
): Promise<void> {
  for (let waiting = missing; waiting.length > 0; ) {
    await delay(1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const round = await resolvePeers(waiting.map(({ peer }) => peer));
    for (const endpoint of round.found) onFound(endpoint);
    waiting = round.missing;
  }
}
