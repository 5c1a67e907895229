/**
 * The command line and the environment of MetalLB's agents, as far as they differ from ours: flags as Go writes them, variables that are
 * empty, and what means nothing here. That is accepted, so that its manifests start, and named in one warning.
 */
import { type Command, Option } from 'commander';
import { type Issue, issue } from '../../src/issue/issue.js';

/** What is accepted and means nothing. */
export interface Ignored {
  /** Each as `--name` or `--name <value>`. */
  readonly flags: readonly string[];
  readonly variables: readonly string[];
}

export const addIgnored = (command: Command, { flags }: Ignored): Command =>
  flags.reduce((to, one) => to.addOption(new Option(one, 'means nothing here').hideHelp()), command);

/** FLAG_IGNORED, with all that was given and means nothing; undefined when nothing was. */
export function ignored(
  command: Command,
  { flags, variables }: Ignored,
  env: Readonly<Record<string, string | undefined>>,
): Issue | undefined {
  const given = flags
    .map((one) => new Option(one))
    .filter((option) => command.getOptionValue(option.attributeName()) !== undefined)
    .map(({ long }) => long);
  const set = variables.filter((name) => (env[name] ?? '') !== '');
  const all = [...given, ...set];
  if (all.length === 0) return undefined;
  return issue('FLAG_IGNORED', '', `${all.join(', ')} ${all.length === 1 ? 'means' : 'mean'} nothing here`);
}

const TRUE = /^(1|t|T|TRUE|true|True)$/;
const FALSE = /^(0|f|F|FALSE|false|False)$/;

/**
 * Arguments as Go's programs take them, as ours do: `-name value` is `--name value`, and what is on or off may say so,
 * `--name=false`.
 */
export function fromGo(args: readonly string[], { options }: Command): readonly string[] {
  const known = new Map(options.map((option) => [option.long?.slice(2), option] as const));
  const words: string[] = [];
  let takesNext = false;
  for (const [i, arg] of args.entries()) {
    if (takesNext) {
      words.push(arg);
      takesNext = false;
      continue;
    }
    if (arg === '--') return [...words, ...args.slice(i)];
    const [, name = '', value]: readonly (string | undefined)[] = /^--?([a-z][a-z0-9-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const option = known.get(name);
    if (option === undefined) words.push(arg);
    else if (value === undefined) words.push(`--${name}`);
    else if (option.required || option.optional) words.push(`--${name}=${value}`);
    else if (TRUE.test(value)) words.push(`--${name}`);
    else if (!FALSE.test(value)) words.push(arg);
    takesNext = option?.required === true && value === undefined;
  }
  return words;
}

/** A variable of MetalLB that is empty is as good as none. */
export function forgetEmpty(env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(env)) if (name.startsWith('METALLB_') && value === '') delete env[name];
}
