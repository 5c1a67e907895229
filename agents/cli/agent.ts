/**
 * `arpeggio agent`: directory mode. Controller and speaker in one process on each host; a folder of YAML is the state.
 */
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { join as joinPath } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { formatIssue, type Parsed, parsed } from '../../src/issue/issue.js';
import { parseExclusion } from '../../src/layer2/selection.js';
import { isNodeName } from '../../src/membership/beat.js';
import { WAN } from '../../src/membership/memberlist/settings.js';
import { parseMac } from '../../src/net/mac.js';
import { CONFLICT_POLICIES, type ConflictPolicy } from '../../src/ownership/strangerclaims.js';
import { LOG_THRESHOLDS, type LogThreshold } from '../runtime/log.js';
import { type GossipOptions, runAgent } from '../speaker/run.js';
import { type PeerName, parsePeer } from '../speaker/wire/peers.js';
import { readGossipKey, SECRET_FILE } from './gossipkey.js';
import { listenAddress } from './listenaddress.js';

interface AgentFlags {
  readonly state: string;
  readonly statusDir: string;
  readonly node: string;
  readonly interface?: readonly string[];
  readonly excludeInterfaces?: readonly string[];
  readonly announceRate: number;
  readonly refresh: number;
  readonly proxyArp?: readonly string[];
  readonly join?: readonly string[];
  readonly port: number;
  readonly failbackDelay: number;
  readonly conflict: ConflictPolicy;
  readonly spread?: true;
  readonly gossipAddress?: string;
  readonly gossipKeyFile?: string;
  readonly gossipWan?: true;
  readonly metrics: { readonly host: string; readonly port: number };
  readonly deliver?: 'lo';
  readonly logLevel: LogThreshold;
}

const EXAMPLE = `
Example:
  arpeggio agent --state /etc/arpeggio --node n1 --interface eth0 --join 192.0.2.12 --join 192.0.2.13 --deliver lo

The folder holds IPAddressPools, L2Advertisements, Services and, where advertisements select nodes, Nodes, as YAML or JSON.
It is read only; what kubectl would show as status goes to --status-dir.`;

export function agentCommand(): Command {
  return new Command('agent')
    .description('allocates addresses and answers ARP and NDP for them from a folder of YAML, without Kubernetes')
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio agent --state <dir> [options]   (--help explains them)')
    .requiredOption('--state <dir>', 'folder of YAML or JSON: pools, advertisements, Services, Nodes, addresses.lock.yaml')
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
    .addOption(
      new Option('--node <name>', 'name of this node in the election').argParser(nodeName).default(hostname(), 'the host name'),
    )
    .option('--join <host...>', 'other agents, as host or host:port; this host may be among them')
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
    .addOption(
      new Option('--port <number>', 'UDP and TCP port of gossip').env('METALLB_ML_BIND_PORT').argParser(portNumber).default(7946),
    )
    .addOption(
      new Option(
        '--gossip-address <address>',
        'IPv4 address to gossip from, and to be known by (default: every address, known by the one that reaches its peers)',
      )
        .env('METALLB_ML_BIND_ADDR')
        .argParser(ipv4Address),
    )
    .option(
      '--gossip-key-file <file>',
      "secret that encrypts gossip, as MetalLB's (default: secretkey in METALLB_ML_SECRET_KEY_PATH, if that is set)",
    )
    .option('--gossip-wan', "memberlist's slower pace for nodes that are far from each other, as MetalLB's --ml-wan-config")
    .option('--status-dir <dir>', 'folder for status objects and events; one agent a folder', '/run/arpeggio')
    .addOption(
      new Option('--metrics <[host:]port>', 'where /metrics, /healthz and /readyz are served; 0 turns them off')
        .argParser(listenAddress)
        .default({ host: '0.0.0.0', port: 7472 }, 'port 7472 of every address'),
    )
    .addOption(
      new Option(
        '--deliver <where>',
        'put announced addresses on this interface, so that a local server gets their traffic',
      ).choices(['lo']),
    )
    .addOption(new Option('--log-level <level>', 'what is logged').choices([...LOG_THRESHOLDS]).default('info'))
    .addHelpText('after', EXAMPLE)
    .action(async (flags: AgentFlags, command: Command) => {
      const stop = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
      // Nothing may keep the process: sockets of the worker are gone with it.
      process.exit(await start(flags, gossipOf(flags, command), stop.signal));
    });
}

async function start(flags: AgentFlags, gossip: Parsed<GossipOptions>, signal: AbortSignal): Promise<number> {
  if (gossip.ok) return runAgent(optionsOf(flags), gossip.value, signal);
  for (const one of gossip.issues) process.stderr.write(`${formatIssue(one)}\n`);
  return 1;
}

function gossipOf(flags: AgentFlags, command: Command): Parsed<GossipOptions> {
  const tuning = flags.gossipWan === true ? WAN : undefined;
  const settings = { peers: peersOf(flags, command), address: flags.gossipAddress, tuning };
  const folder = process.env['METALLB_ML_SECRET_KEY_PATH'];
  const file = flags.gossipKeyFile ?? (folder === undefined || folder === '' ? undefined : joinPath(folder, SECRET_FILE));
  if (file === undefined) return parsed(settings);
  const key = readGossipKey(file);
  return key.ok ? parsed({ ...settings, key: key.value }) : key;
}

const optionsOf = (flags: AgentFlags): Parameters<typeof runAgent>[0] => ({
  stateDir: flags.state,
  statusDir: flags.statusDir,
  node: flags.node,
  interfaces: flags.interface ?? [],
  ...(flags.excludeInterfaces === undefined ? {} : { exclude: flags.excludeInterfaces }),
  announceRate: flags.announceRate,
  refreshMs: flags.refresh * 1000,
  proxies: flags.proxyArp ?? [],
  join: flags.join ?? [],
  port: flags.port,
  failbackMs: flags.failbackDelay * 1000,
  onConflict: flags.conflict,
  spread: flags.spread === true,
  metrics: flags.metrics,
  deliver: flags.deliver ?? 'nothing',
  logLevel: flags.logLevel,
});

function peersOf({ join = [], port }: AgentFlags, command: Command): PeerName[] {
  return join.flatMap((text) => {
    const peer = parsePeer(text, port);
    if (!peer.ok) return command.error(peer.issues.map(formatIssue).join('\n'));
    return [peer.value];
  });
}

function delay(text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY;
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('A delay is a number of seconds from 0 to 99999, or never.');
  return Number(text);
}

function nodeName(text: string): string {
  if (!isNodeName(text))
    throw new InvalidArgumentError('A node name has letters, digits, ".", "-" and "_", at most 253 of them.');
  return text;
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

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  return port;
}

function ipv4Address(text: string): string {
  if (!isIPv4(text) || text === '0.0.0.0') throw new InvalidArgumentError('Write one IPv4 address of this host.');
  return text;
}
