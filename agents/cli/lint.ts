/**
 * `arpeggio lint`: everything that is wrong or odd in files of Kubernetes objects, before any cluster sees them.
 */
import { Command, InvalidArgumentError } from 'commander';
import { issueDocument } from '../../src/issue/document.js';
import { formatFinding, type Issue } from '../../src/issue/issue.js';
import { type Linted, lint } from '../../src/plan/lint.js';
import { readPaths } from './paths.js';

interface LintFlags {
  readonly strict?: boolean;
  readonly format: 'text' | 'json';
  readonly lbClass?: string;
}

const EXAMPLE = `
Example:
  arpeggio lint dist/ services/ --strict
  kubectl get -o yaml services,nodes,ipaddresspools,l2advertisements -A | arpeggio lint -

Paths are files, folders (with everything in them) and "-", as YAML or JSON. Kinds that are not ours are passed over.
Exit status: 0 nothing is wrong (warnings are allowed), 1 errors (with --strict warnings too), 2 wrong usage or an unreadable path.
docs/errors.md explains every code, docs/lint.md what is looked at.`;

export function lintCommand(): Command {
  return new Command('lint')
    .description('checks objects, each by itself and all together, with file, line and column')
    .exitOverride()
    .showHelpAfterError('Usage: arpeggio lint <paths...> [options]   (--help explains them)')
    .argument('<paths...>', 'files, folders, or - for standard input')
    .option('--strict', 'warnings are errors')
    .option('--format <format>', 'text or json', outputFormat, 'text')
    .option('--lb-class <name>', 'the loadBalancerClass that is served (default: the Services that have none)')
    .addHelpText('after', EXAMPLE)
    .action(async (paths: readonly string[], flags: LintFlags) => {
      const { output, exitCode } = await runLint(paths, flags);
      process.stdout.write(output);
      process.exitCode = exitCode;
    });
}

export interface LintResult {
  readonly output: string;
  readonly exitCode: 0 | 1 | 2;
}

export async function runLint(
  paths: readonly string[],
  { strict = false, format, lbClass }: LintFlags,
  standardInput?: AsyncIterable<Uint8Array>,
): Promise<LintResult> {
  const read = await readPaths(paths, standardInput);
  const linted = lint({ ...read, ...(lbClass === undefined ? {} : { loadBalancerClass: lbClass }) });
  return { output: format === 'json' ? asJson(linted) : asText(linted), exitCode: exitCodeOf(linted.issues, strict) };
}

function exitCodeOf(issues: readonly Issue[], strict: boolean): LintResult['exitCode'] {
  if (issues.some(({ code }) => code === 'FILE_UNREADABLE')) return 2;
  return issues.some(({ severity }) => strict || severity === 'error') ? 1 : 0;
}

function asText(linted: Linted): string {
  const { errors, warnings } = counts(linted.issues);
  const summary = `${counted(errors, 'error')}, ${counted(warnings, 'warning')} in ${counted(linted.objects, 'object')}`;
  return [...linted.issues.map(formatFinding), summary].map((line) => `${line}\n`).join('');
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const counts = (issues: readonly Issue[]): { readonly errors: number; readonly warnings: number } => {
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: issues.length - errors };
};

/** The contract that CI reads. */
function asJson({ issues }: Linted): string {
  return `${JSON.stringify({ version: 1, summary: counts(issues), issues: issues.map(issueDocument) }, undefined, 2)}\n`;
}

function outputFormat(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  const later = text === 'sarif' ? 'sarif comes with a later version; ' : '';
  throw new InvalidArgumentError(`${later}the formats are text and json`);
}
