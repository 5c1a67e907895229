/**
 * The hosts given by `--join`, read and resolved to endpoints of the family that gossip goes over.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Issue, issue, malformed, type Parsed, parsed } from '../../../src/issue/issue.js';
import { endpointAt, formatEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { Family } from '../../../src/net/address.js';

export interface PeerName {
  /** A name, or an address. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host`, `host:port`, `192.0.2.1`, `192.0.2.1:7946`, `2001:db8::1` or `[2001:db8::1]:7946`. */
export function parsePeer(text: string, defaultPort: number): Parsed<PeerName> {
  const wrong = (why: string): Parsed<never> => malformed(issue('PEER_UNRESOLVED', '--join', `"${text}" ${why}`));
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(isIP(text) === 6 ? `[${text}]` : text);
  const [, long, host = long, digits] = match ?? [];
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port < 1 || port > 65535) return wrong('is not host or host:port');
  if (long !== undefined && isIP(long) !== 6) return wrong('is not an IPv6 address');
  return parsed({ host, port });
}

/** Of an address; undefined for a name. */
export function familyOfHost(host: string): Family | undefined {
  const version = isIP(host);
  return version === 0 ? undefined : version === 4 ? 'IPv4' : 'IPv6';
}

/** As gossip and beats write it; undefined for a name. */
export function endpointTextOf({ host, port }: PeerName): string | undefined {
  const endpoint = endpointAt(host, port);
  return endpoint === undefined ? undefined : formatEndpoint(endpoint);
}

/** `n2:7946`. */
export const formatPeer = ({ host, port }: PeerName): string => `${host}:${port}`;

interface FoundPeer {
  readonly peer: PeerName;
  readonly endpoint: string;
}

export interface MissingPeer {
  readonly peer: PeerName;
  readonly why: string;
}

/** One attempt: the endpoints found, as `host:port`, and the peers that have no address yet, with the reason. */
export async function resolvePeers(
  peers: readonly PeerName[],
  family: Family,
): Promise<{ found: readonly FoundPeer[]; missing: readonly MissingPeer[] }> {
  const found: FoundPeer[] = [];
  const missing: MissingPeer[] = [];
  for (const one of await Promise.all(peers.map((peer) => resolvePeer(peer, family)))) {
    if ('endpoint' in one) found.push(one);
    else missing.push(one);
  }
  return { found, missing };
}

async function resolvePeer(peer: PeerName, family: Family): Promise<FoundPeer | MissingPeer> {
  try {
    const { address: host } = await lookup(peer.host, { family: family === 'IPv4' ? 4 : 6 });
    const endpoint = endpointTextOf({ ...peer, host });
    return endpoint === undefined ? { peer, why: `${host} means something on one link only` } : { peer, endpoint };
  } catch (error) {
    return { peer, why: error instanceof Error ? error.message : String(error) };
  }
}

export const unresolved = ({ peer, why }: MissingPeer): Issue =>
  issue('PEER_UNRESOLVED', '--join', `${peer.host} has no address yet (${why}); it is tried again every second`);

/** Tries again every second, for ever: a peer whose DNS entry comes late must still be found. */
export async function keepResolving(
  missing: readonly MissingPeer[],
  family: Family,
  signal: AbortSignal,
  onFound: (one: FoundPeer) => void,
): Promise<void> {
  for (let waiting = missing; waiting.length > 0; ) {
    await delay(1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const round = await resolvePeers(
      waiting.map(({ peer }) => peer),
      family,
    );
    for (const one of round.found) onFound(one);
    waiting = round.missing;
  }
}
