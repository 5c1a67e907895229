/**
 * `arpeggio plan`: what a change does to addresses and to who answers for them, before it is made.
 */
import { Command, InvalidArgumentError } from 'commander';
import { formatIssue, type Issue, issue } from '../../src/issue/issue.js';
import { check } from '../../src/plan/check.js';
import { merge } from '../../src/plan/merge.js';
import { ownersIn } from '../../src/plan/owners.js';
import { type Plan, plan } from '../../src/plan/plan.js';
import { planDocument } from '../../src/plan/plandocument.js';
import { rehearse, unknownNodes } from '../../src/plan/rehearsal.js';
import { ALLOWANCES, type Allowance, takenAway } from '../../src/plan/verdict.js';
import { readSources } from './paths.js';
import { planText } from './plantext.js';

interface PlanFlags {
  readonly state?: readonly string[];
  readonly allow?: readonly Allowance[];
  readonly withoutNode?: readonly string[];
  readonly cordon?: readonly string[];
  readonly lbClass?: string;
  readonly spread?: true;
  readonly format: 'text' | 'json';
}

const EXAMPLE = `
Examples:
  arpeggio plan main/dist dist
  arpeggio plan main/dist dist --state live.yaml
  arpeggio plan dist dist --state live.yaml --without-node n1

<old> and <new> are files or folders. The state is what a cluster holds and git does not: Services with their status, Nodes,
EndpointSlices, Namespaces, ServiceL2Statuses:
  kubectl get services,nodes,endpointslices,namespaces,servicel2statuses -A -o yaml > live.yaml
Without Services in the state, both trees are taken for folders of \`arpeggio agent\`.

Exit status: 0 nothing live is moved, lost or left unanswered; 1 something is, and is not allowed; 2 bad input.
docs/plan.md explains what is printed.`;

export function planCommand(): Command {
  return new Command('plan')
    .description('tells what a change does to addresses and to who answers for them')
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio plan <old> <new> [options]   (--help explains them)')
    .argument('<old>', 'file or folder before the change', treePath)
    .argument('<new>', 'file or folder after the change', treePath)
    .option('--state <path>', 'what a cluster holds, as kubectl prints it; may be repeated', statePaths)
    .option('--allow <what>', `what the change is meant to do: ${ALLOWANCES.join(' or ')}; may be repeated`, allowances)
    .option('--without-node <name>', 'rehearse: the node is gone after the change; may be repeated', repeated)
    .option('--cordon <name>', 'rehearse: the node is cordoned after the change; may be repeated', repeated)
    .option('--lb-class <name>', 'the loadBalancerClass that is served (default: the Services that have none)')
    .option('--spread', 'the agents run with --spread')
    .option('--format <format>', 'text or json', outputFormat, 'text')
    .addHelpText('after', EXAMPLE)
    .action(async (before: string, after: string, flags: PlanFlags) => {
      const { output, problems, exitCode } = await runPlan(before, after, flags);
      process.stderr.write(problems);
      process.stdout.write(output);
      process.exitCode = exitCode;
    });
}

export interface PlanResult {
  readonly output: string;
  /** What keeps the answer from being 0, for people. */
  readonly problems: string;
  readonly exitCode: 0 | 1 | 2;
}

export async function runPlan(beforePath: string, afterPath: string, flags: PlanFlags): Promise<PlanResult> {
  const cache = new Map<string, unknown>();
  const before = await readSources([beforePath], { cache });
  const after = await readSources([afterPath], { cache });
  const state = await readSources(flags.state ?? [], { withoutLines: true });
  const rehearsal = { withoutNodes: flags.withoutNode ?? [], cordoned: flags.cordon ?? [] };
  const incomplete = after.issues.some(isError);
  const merged = merge({ before: before.sourced, after: after.sourced, state: state.sourced, incomplete });
  const unusable = [...before.issues, ...state.issues, ...unknownNodes(merged.after, rehearsal).map(nodeUnknown)].filter(isError);
  if (unusable.length > 0) return { output: outputOf(NOTHING, unusable, flags), problems: lines(unusable), exitCode: 2 };

  // A lock file that cannot be read binds as it did before.
  const lockAfter = incomplete ? before.lock : after.lock;
  const planned = plan({
    before: merged.before,
    after: rehearse(merged.after, rehearsal),
    ...(before.lock === undefined ? {} : { lockBefore: before.lock }),
    ...(lockAfter === undefined ? {} : { lockAfter }),
    live: merged.live,
    owners: ownersIn(state.sourced),
    spread: flags.spread === true,
    ...classOf(flags),
  });
  const old = [...merged.issuesBefore, ...planned.refusedBefore].map((one) => `<old> ${formatIssue(one)}\n`);
  const result = resultOf(planned, [...after.issues, ...merged.issues], flags);
  return { ...result, problems: `${old.join('')}${result.problems}` };
}

const isError = ({ severity }: Issue): boolean => severity === 'error';

/** Objects that cannot be read or pools that are refused are bad input; a Service that waits or conflicts is an answer. */
function resultOf(planned: Plan, read: readonly Issue[], flags: PlanFlags): PlanResult {
  const output = outputOf(planned, [...read, ...planned.issues, ...findings(planned, flags)], flags);
  const errors = [...read.filter(isError), ...planned.refused];
  if (errors.length > 0) return { output, problems: lines(errors), exitCode: 2 };
  const losses = takenAway(planned, new Set(flags.allow ?? []));
  return { output, problems: losses.map((one) => `${one}\n`).join(''), exitCode: losses.length > 0 ? 1 : 0 };
}

/** Programs get a document whatever happens; people are told what is wrong and no more. */
function outputOf(planned: Plan, issues: readonly Issue[], { format }: PlanFlags): string {
  if (format === 'json') return `${JSON.stringify(planDocument(planned, issues), undefined, 2)}\n`;
  return planned === NOTHING ? '' : planText(planned, issues);
}

const NOTHING: Plan = {
  summary: { kept: 0, gained: 0, moved: 0, lost: 0, pending: 0 },
  services: [],
  announcements: [],
  nodesKnown: false,
  issues: [],
  after: undefined,
  refused: [],
  refusedBefore: [],
};

/** Nothing is said about objects together while the pools before the change are in force. */
const findings = ({ after, refused }: Plan, flags: PlanFlags): readonly Issue[] =>
  after === undefined || refused.length > 0
    ? []
    : check({ ...after, ...classOf(flags) })
        .map(({ issue }) => issue)
        // The state has everybody's Services, and other classes have load balancers of their own.
        .filter(({ code }) => code !== 'CLASS_UNHANDLED');

const classOf = ({ lbClass }: PlanFlags): { readonly loadBalancerClass?: string } =>
  lbClass === undefined ? {} : { loadBalancerClass: lbClass };

const lines = (issues: readonly Issue[]): string => issues.map((one) => `${formatIssue(one)}\n`).join('');

const nodeUnknown = (name: string): Issue =>
  issue('NODE_UNKNOWN', '', `there is no Node "${name}" in the new tree or the state; --state gives the Nodes of a cluster`);

function treePath(text: string): string {
  if (text.startsWith('git:')) {
    throw new InvalidArgumentError('Git references come with a later version; check the tree out and name the folder.');
  }
  return text;
}

const repeated = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

function allowances(text: string, before: readonly Allowance[] = []): readonly Allowance[] {
  const known = ALLOWANCES.find((one) => one === text);
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${ALLOWANCES.join(', ')}.`);
  return [...before, known];
}

function statePaths(text: string, before: readonly string[] | undefined): readonly string[] {
  if (text === 'cluster') {
    throw new InvalidArgumentError('A live cluster comes with a later version; save what kubectl get -o yaml prints.');
  }
  return [...(before ?? []), text];
}

function outputFormat(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  const later = text === 'markdown' || text === 'sarif' ? `${text} comes with a later version; ` : '';
  throw new InvalidArgumentError(`${later}The formats are text and json.`);
}
