/**
 * `arpeggio controller`: gives addresses to the Services of a cluster. Its flags and environment are those of MetalLB's controller
 * that mean something here; the others are accepted, and said to mean nothing.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { formatIssue, type Issue } from '../../src/issue/issue.js';
import { runController } from '../controller/run.js';
import { findAccess } from '../kube/find.js';
import type { Endpoints } from '../runtime/endpoints.js';
import { createLog, issueRecord, LOG_THRESHOLDS, type LogThreshold } from '../runtime/log.js';
import { addEndpointOptions, type EndpointFlags, endpointsOf } from './endpointflags.js';
import { addIgnored, type Ignored, ignored } from './metallbflags.js';

interface ControllerFlags extends EndpointFlags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly podName: string;
  readonly lbClass: string;
  readonly mlSecretName: string;
  readonly deployment: string;
  readonly logLevel: LogThreshold;
}

/** Of MetalLB's controller: webhooks, which there are none of here, BGP and a profiler. */
const IGNORED: Ignored = {
  flags: [
    '--pprof-bind-address <address>',
    '--disable-cert-rotation',
    '--cert-dir <dir>',
    '--cert-service-name <name>',
    '--webhook-mode <mode>',
    '--webhook-secret <name>',
    '--webhook-http2',
  ],
  variables: ['METALLB_BGP_TYPE'],
};
const HEALTH_HOST = '0.0.0.0';

const EXAMPLE = `
Example, outside a cluster:
  arpeggio controller --kubeconfig ~/.kube/config --metrics 127.0.0.1:7472

Inside a cluster no flag is needed. Of several controllers one gives addresses; the others wait for its lease.`;

export function controllerCommand(): Command {
  const command = new Command('controller')
    .description('gives addresses to the Services of a Kubernetes cluster')
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio controller [options]   (--help explains them)')
    .option(
      '--kubeconfig <file>',
      "how to reach the API server (default: the Pod's ServiceAccount, else KUBECONFIG, else ~/.kube/config)",
    )
    .addOption(
      new Option('--namespace <name>', "namespace of pools and advertisements (default: the Pod's)").env('METALLB_NAMESPACE'),
    )
    .addOption(new Option('--pod-name <name>', 'name of this Pod, by which it leads').env('METALLB_POD_NAME').default(''))
    .option('--lb-class <class>', 'the loadBalancerClass to serve (default: Services that have none)', '')
    .addOption(
      new Option('--ml-secret-name <name>', 'secret for the gossip of speakers, made if it is not there; none by default')
        .env('METALLB_ML_SECRET_NAME')
        .default(''),
    )
    .addOption(
      new Option('--deployment <name>', "this controller's Deployment, which will own that secret")
        .env('METALLB_DEPLOYMENT')
        .default(''),
    )
    .addOption(new Option('--log-level <level>', 'what is logged').choices([...LOG_THRESHOLDS]).default('info'))
    .addHelpText('after', EXAMPLE);
  addIgnored(addEndpointOptions(command, HEALTH_HOST), IGNORED);
  return command.action(async (flags: ControllerFlags) => {
    const endpoints = endpointsOf(flags, HEALTH_HOST, command);
    const stop = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
    const unheeded = ignored(command, IGNORED, process.env);
    if (unheeded !== undefined) createLog(flags.logLevel)(issueRecord(unheeded));
    process.exit(await start(flags, endpoints, stop.signal));
  });
}

async function start(flags: ControllerFlags, endpoints: Endpoints, signal: AbortSignal): Promise<number> {
  const access = await findAccess(flags.kubeconfig);
  if (!access.ok) return fail(access.issues);
  const { podName, lbClass, mlSecretName, deployment, logLevel } = flags;
  const issues = await runController(
    {
      ...{ access: access.value, podName, deployment, endpoints, logLevel, memberlistSecret: mlSecretName },
      namespace: flags.namespace ?? access.value.namespace ?? METALLB_NAMESPACE,
      // Two processes of one host must not lead together.
      identity: podName === '' ? `${hostname()}_${randomUUID()}` : podName,
      ...(lbClass === '' ? {} : { loadBalancerClass: lbClass }),
      version: packageJson.version,
    },
    signal,
  );
  return issues.length === 0 ? 0 : fail(issues);
}

function fail(issues: readonly Issue[]): number {
  for (const one of issues) process.stderr.write(`${formatIssue(one)}\n`);
  return 1;
}
