/**
 * `arpeggio speaker`: answers for the addresses of a cluster's Services. Its flags and environment are those of MetalLB's speaker that
 * mean something here; the others are accepted, and said to mean nothing.
 */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { formatIssue, type Issue } from '../../src/issue/issue.js';
import { unheededIssue } from '../../src/membership/memberlist/configfile.js';
import { type Tuning, WAN } from '../../src/membership/memberlist/settings.js';
import type { Endpoints } from '../runtime/endpoints.js';
import { createLog, issueRecord } from '../runtime/log.js';
import { runAgent } from '../speaker/run.js';
import {
  type AnsweringFlags,
  addAnsweringOptions,
  answeringOf,
  gossipAddress,
  gossipFamily,
  nodeName,
  portNumber,
} from './answering.js';
import { addEndpointOptions, type EndpointFlags, endpointsOf } from './endpointflags.js';
import { EXCLUDE_FILE, readExclusions } from './excludefile.js';
import { readGossipKey, SECRET_FILE } from './gossipkey.js';
import { MEMBERLIST_FILE, readMemberlistFile } from './memberlistfile.js';
import { addIgnored, type Ignored, ignored } from './metallbflags.js';

interface SpeakerFlags extends AnsweringFlags, EndpointFlags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly nodeName: string;
  readonly podName: string;
  readonly lbClass: string;
  readonly ignoreExcludeLb?: true;
  readonly keepView?: string;
  readonly mlBindaddr?: string;
  readonly mlBindport: number;
  readonly mlLabels: string;
  readonly mlSecretKeyPath: string;
  readonly mlWanConfig?: true;
}

/** Of MetalLB's speaker: BGP, a profiler, and what it ignores itself. */
const IGNORED: Ignored = {
  flags: [
    '--host <address>',
    '--pprof-bind-address <address>',
    '--bgp-debounce-timeout <milliseconds>',
    '--frrk8s-namespace <name>',
    '--frrk8s-secret-passthrough',
  ],
  variables: [
    'METALLB_HOST',
    'METALLB_BGP_TYPE',
    'METALLB_BGP_DEBOUNCE_TIMEOUT',
    'FRRK8S_NAMESPACE',
    'FRR_CONFIG_FILE',
    'FRR_RELOADER_PID_FILE',
    'FRR_LOGGING_LEVEL',
  ],
};
/** Where MetalLB's speaker serves health: its Pod has the network of its host. */
const HEALTH_HOST = '127.0.0.1';

const EXAMPLE = `
Example, outside a cluster, for a node of it:
  arpeggio speaker --kubeconfig ~/.kube/config --node-name n1 --interface eth0

Inside a cluster the environment of MetalLB's DaemonSet says everything.`;

export function speakerCommand(): Command {
  const command = new Command('speaker')
    .description("answers for the addresses of a Kubernetes cluster's Services on this node")
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio speaker --node-name <name> [options]   (--help explains them)')
    .option(
      '--kubeconfig <file>',
      "how to reach the API server (default: the Pod's ServiceAccount, else KUBECONFIG, else ~/.kube/config)",
    )
    .addOption(
      new Option('--node-name <name>', 'name of the Node this runs on')
        .env('METALLB_NODE_NAME')
        .argParser(nodeName)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--namespace <name>', "namespace of pools, advertisements and speakers (default: the Pod's)").env(
        'METALLB_NAMESPACE',
      ),
    )
    .addOption(
      new Option('--pod-name <name>', 'name of this Pod, with which its status goes').env('METALLB_POD_NAME').default(''),
    )
    .option('--lb-class <class>', 'the loadBalancerClass to serve (default: Services that have none)', '')
    .option('--ignore-exclude-lb', 'answer also on nodes with the label that excludes them from load balancers')
    .option(
      '--keep-view <dir>',
      'folder for the last view, so that a start without the API server answers; a volume that outlives the process',
    )
    .addOption(
      new Option(
        '--ml-bindaddr <address>',
        'address to gossip from, and to be known by; of IPv4 or IPv6, and gossip goes over that',
      )
        .env('METALLB_ML_BIND_ADDR')
        .argParser(gossipAddress),
    )
    .addOption(
      new Option('--ml-bindport <number>', 'UDP and TCP port of gossip')
        .env('METALLB_ML_BIND_PORT')
        .argParser(portNumber)
        .default(7946),
    )
    .addOption(
      new Option('--ml-labels <selector>', "labels of the speakers' Pods, who are the peers; none: this one is alone")
        .env('METALLB_ML_LABELS')
        .default(''),
    )
    .addOption(
      new Option('--ml-secret-key-path <dir>', `folder with the secret that encrypts gossip, as ${SECRET_FILE}`)
        .env('METALLB_ML_SECRET_KEY_PATH')
        .default(''),
    )
    .option(
      '--ml-wan-config',
      "memberlist's slower pace for nodes that are far from each other; a file of MetalLB's own counts for more",
    )
    .addHelpText('after', EXAMPLE);
  addIgnored(addEndpointOptions(addAnsweringOptions(command), HEALTH_HOST), IGNORED);
  return command.action(async (flags: SpeakerFlags) => {
    const endpoints = endpointsOf(flags, HEALTH_HOST, command);
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
    const unheeded = ignored(command, IGNORED, process.env);
    if (unheeded !== undefined) createLog(flags.logLevel)(issueRecord(unheeded));
    process.exit(await start(flags, endpoints, stop.signal));
  });
}

async function start(flags: SpeakerFlags, endpoints: Endpoints, signal: AbortSignal): Promise<number> {
  const { mlSecretKeyPath, mlBindaddr, lbClass } = flags;
  const key = mlSecretKeyPath === '' ? undefined : readGossipKey(join(mlSecretKeyPath, SECRET_FILE));
  if (key?.ok === false) return fail(key.issues);
  const exclusions = flags.excludeInterfaces === undefined ? await readExclusions(EXCLUDE_FILE) : undefined;
  if (exclusions?.ok === false) return fail(exclusions.issues);
  const exclude = exclusions?.value;
  const tuning = tuningOf(flags);
  const family = gossipFamily(mlBindaddr);
  return runAgent(
    {
      state: {
        ...{ from: 'cluster', podName: flags.podName, podLabels: flags.mlLabels, version: packageJson.version },
        ...(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig }),
        ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
        ...(lbClass === '' ? {} : { loadBalancerClass: lbClass }),
        ...(flags.keepView === undefined ? {} : { keepIn: flags.keepView }),
        ignoreExcludeLabel: flags.ignoreExcludeLb === true,
        gossipFamily: family,
      },
      node: flags.nodeName,
      port: flags.mlBindport,
      endpoints,
      ...answeringOf(flags),
      ...(exclude === undefined ? {} : { exclude }),
    },
    { peers: [], address: mlBindaddr, family, key: key?.value, tuning },
    signal,
  );
}

/** The file counts for more than the flag; one with a mistake counts for nothing. */
function tuningOf({ mlWanConfig, logLevel }: SpeakerFlags): Tuning | undefined {
  const read = readMemberlistFile(MEMBERLIST_FILE);
  const log = createLog(logLevel);
  const profile = mlWanConfig === true ? WAN : undefined;
  if (!read.ok) {
    for (const one of read.issues) log(issueRecord(one));
    return profile;
  }
  if (read.value === undefined) return profile;
  const unheeded = unheededIssue(read.value, MEMBERLIST_FILE);
  if (unheeded !== undefined) log(issueRecord(unheeded));
  return read.value.tuning;
}

function fail(issues: readonly Issue[]): number {
  for (const one of issues) process.stderr.write(`${formatIssue(one)}\n`);
  return 1;
}
