/**
 * The options of whoever answers for addresses, in a folder's agent and a cluster's speaker alike.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatIssue } from '../../src/issue/issue.js';
import { parseExclusion } from '../../src/layer2/selection.js';
import { isNodeName } from '../../src/membership/beat.js';
import { type Family, formatAddress, parseAddress } from '../../src/net/address.js';
import { parseMac } from '../../src/net/mac.js';
import { CONFLICT_POLICIES, type ConflictPolicy } from '../../src/ownership/strangerclaims.js';
import { LOG_THRESHOLDS, type LogThreshold } from '../runtime/log.js';
import type { AgentOptions } from '../speaker/options.js';
import { familyOfHost, type PeerName } from '../speaker/wire/peers.js';

export interface AnsweringFlags {
  readonly interface?: readonly string[];
  readonly excludeInterfaces?: readonly string[];
  readonly announceRate: number;
  readonly refresh: number;
  readonly proxyArp?: readonly string[];
  readonly failbackDelay: number;
  readonly conflict: ConflictPolicy;
  readonly spread?: true;
  readonly logLevel: LogThreshold;
}

export function addAnsweringOptions(command: Command): Command {
  return command
    .option(
      '--interface <name...>',
      'interfaces to answer on (default: every one that can be, but for those of container networks)',
    )
    .addOption(
      new Option(
        '--exclude-interfaces <regex...>',
        'interfaces never to answer on: regular expressions, found anywhere in the name',
      ).argParser(exclusions),
    )
    .option('--announce-rate <frames>', 'gratuitous frames a second on each interface, at most', frameRate, 6000)
    .option('--refresh <seconds>', 'how often each address is announced again, so that nobody forgets it; 0: never', seconds, 60)
    .addOption(
      new Option('--proxy-arp <mac...>', 'gateways that answer for other hosts: what they claim is no conflict').argParser(macs),
    )
    .addOption(
      new Option(
        '--conflict <policy>',
        'when a host that is none of the nodes claims an address: announce it again, at most once in 10 s, or leave it to that host',
      )
        .choices([...CONFLICT_POLICIES])
        .default('defend'),
    )
    .addOption(
      new Option(
        '--failback-delay <seconds>',
        'how long a node that came back must stay before it takes its addresses back; never: until the others are gone',
      )
        .argParser(delay)
        .default(30),
    )
    .option(
      '--spread',
      'no node is first for many more addresses than its even share; all agents need it, and a Node each, or none does so',
    )
    .addOption(new Option('--log-level <level>', 'what is logged').choices([...LOG_THRESHOLDS]).default('info'));
}

export const answeringOf = (flags: AnsweringFlags): Omit<AgentOptions, 'state' | 'node' | 'port' | 'endpoints'> => ({
  interfaces: flags.interface ?? [],
  ...(flags.excludeInterfaces === undefined ? {} : { exclude: flags.excludeInterfaces }),
  announceRate: flags.announceRate,
  refreshMs: flags.refresh * 1000,
  proxies: flags.proxyArp ?? [],
  failbackMs: flags.failbackDelay * 1000,
  onConflict: flags.conflict,
  spread: flags.spread === true,
  logLevel: flags.logLevel,
});

function delay(text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('A delay is a number of seconds from 0 to 99999, or never.');
  return Number(text);
}

function exclusions(text: string, before: readonly string[] = []): readonly string[] {
  const read = parseExclusion(text);
  if (!read.ok) throw new InvalidArgumentError(read.issues.map(formatIssue).join('\n'));
  return [...before, text];
}

function macs(text: string, before: readonly string[] = []): readonly string[] {
  if (parseMac(text) === undefined) throw new InvalidArgumentError('A MAC is written as 02:00:00:00:00:01.');
  return [...before, text];
}

function frameRate(text: string): number {
  const rate = Number(text);
  if (!/^\d{1,6}$/.test(text) || rate < 10) throw new InvalidArgumentError('A rate is a number from 10 to 999999.');
  return rate;
}

function seconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('An interval is a number of seconds from 0 to 99999.');
  return Number(text);
}

export function nodeName(text: string): string {
  if (!isNodeName(text))
    throw new InvalidArgumentError('A node name has letters, digits, ".", "-" and "_", at most 253 of them.');
  return text;
}

export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}

/** RFC 4291 §2.5.6: it means something only together with an interface. */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/;

/** As others write it, too. */
export function gossipAddress(text: string): string {
  const read = parseAddress(text);
  const written = read.ok ? formatAddress(read.value) : '';
  if (['', '0.0.0.0', '::'].includes(written) || written.startsWith('::ffff:') || LINK_LOCAL.test(written)) {
    throw new InvalidArgumentError('Write one address of this host that others reach, of IPv4 or IPv6.');
  }
  return written;
}

/** That gossip goes over: of its own address; else of the peers that are given by address; else IPv4. */
export function gossipFamily(address: string | undefined, peers: readonly PeerName[] = []): Family {
  return [address, ...peers.map(({ host }) => host)].flatMap((host) => familyOfHost(host ?? '') ?? [])[0] ?? 'IPv4';
}
