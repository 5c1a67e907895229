/**
 * `arpeggio agent`: directory mode. Controller and speaker in one process on each host; a folder of YAML is the state.
 */
import { hostname } from 'node:os';
import { join as joinPath } from 'node:path';
import { Command, Option } from 'commander';
import { formatIssue, type Parsed, parsed } from '../../src/issue/issue.js';
import { WAN } from '../../src/membership/memberlist/settings.js';
import { type GossipOptions, runAgent } from '../speaker/run.js';
import { familyOfHost, type PeerName, parsePeer } from '../speaker/wire/peers.js';
import {
  type AnsweringFlags,
  addAnsweringOptions,
  answeringOf,
  gossipAddress,
  gossipFamily,
  nodeName,
  portNumber,
} from './answering.js';
import { addMetricsOption, type MetricsFlags } from './endpointflags.js';
import { readGossipKey, SECRET_FILE } from './gossipkey.js';

interface AgentFlags extends AnsweringFlags, MetricsFlags {
  readonly state: string;
  readonly statusDir: string;
  readonly node: string;
  readonly join?: readonly string[];
  readonly port: number;
  readonly gossipAddress?: string;
  readonly gossipKeyFile?: string;
  readonly gossipWan?: true;
  readonly deliver?: 'lo';
}

const EXAMPLE = `
Example:
  arpeggio agent --state /etc/arpeggio --node n1 --interface eth0 --join 192.0.2.12 --join 192.0.2.13 --deliver lo

The folder holds IPAddressPools, L2Advertisements, Services and, where advertisements select nodes, Nodes, as YAML or JSON.
It is read only; what kubectl would show as status goes to --status-dir.`;

export function agentCommand(): Command {
  const command = new Command('agent')
    .description('allocates addresses and answers ARP and NDP for them from a folder of YAML, without Kubernetes')
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio agent --state <dir> [options]   (--help explains them)')
    .requiredOption('--state <dir>', 'folder of YAML or JSON: pools, advertisements, Services, Nodes, addresses.lock.yaml')
    .addOption(
      new Option('--node <name>', 'name of this node in the election').argParser(nodeName).default(hostname(), 'the host name'),
    )
    .option('--join <host...>', 'other agents, as host or host:port; this host may be among them')
    .addOption(
      new Option('--port <number>', 'UDP and TCP port of gossip').env('METALLB_ML_BIND_PORT').argParser(portNumber).default(7946),
    )
    .addOption(
      new Option(
        '--gossip-address <address>',
        'address to gossip from, and to be known by, of IPv4 or IPv6 (default: every address, known by the one that reaches its peers)',
      )
        .env('METALLB_ML_BIND_ADDR')
        .argParser(gossipAddress),
    )
    .option(
      '--gossip-key-file <file>',
      "secret that encrypts gossip, as MetalLB's (default: secretkey in METALLB_ML_SECRET_KEY_PATH, if that is set)",
    )
    .option('--gossip-wan', "memberlist's slower pace for nodes that are far from each other, as MetalLB's --ml-wan-config")
    .option('--status-dir <dir>', 'folder for status objects and events; one agent a folder', '/run/arpeggio')
    .addOption(
      new Option(
        '--deliver <where>',
        'put announced addresses on this interface, so that a local server gets their traffic',
      ).choices(['lo']),
    )
    .addHelpText('after', EXAMPLE);
  return addMetricsOption(addAnsweringOptions(command)).action(async (flags: AgentFlags, command: Command) => {
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
  const peers = peersOf(flags, command);
  const family = gossipFamily(flags.gossipAddress, peers);
  const other = peers.find(({ host }) => (familyOfHost(host) ?? family) !== family);
  if (other !== undefined) command.error(`error: gossip goes over ${family}, and --join has ${other.host}`, { exitCode: 2 });
  const settings = { peers, address: flags.gossipAddress, family, tuning };
  const folder = process.env['METALLB_ML_SECRET_KEY_PATH'];
  const file = flags.gossipKeyFile ?? (folder === undefined || folder === '' ? undefined : joinPath(folder, SECRET_FILE));
  if (file === undefined) return parsed(settings);
  const key = readGossipKey(file);
  return key.ok ? parsed({ ...settings, key: key.value }) : key;
}

const optionsOf = (flags: AgentFlags): Parameters<typeof runAgent>[0] => ({
  state: {
    from: 'folder',
    stateDir: flags.state,
    statusDir: flags.statusDir,
    join: flags.join ?? [],
    deliver: flags.deliver ?? 'nothing',
  },
  node: flags.node,
  port: flags.port,
  endpoints: { metrics: flags.metrics, health: { host: '', port: 0 } },
  ...answeringOf(flags),
});

function peersOf({ join = [], port }: AgentFlags, command: Command): PeerName[] {
  return join.flatMap((text) => {
    const peer = parsePeer(text, port);
    if (!peer.ok) return command.error(peer.issues.map(formatIssue).join('\n'));
    return [peer.value];
  });
}
