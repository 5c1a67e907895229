/**
 * What is wrong with all objects of an app, found once and by the functions that the agents use, and told by the construct
 * that it is about.
 *
 * cdk8s asks every construct again for every chart (n charts, n passes). The verdict on an app is therefore kept until
 * another construct joins it; without that, synth is quadratic.
 */
import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import type { Sourced } from '../src/api/object.js';
import type { Subnet } from '../src/config/subnet.js';
import { formatIssue, type Issue, type Source } from '../src/issue/issue.js';
import { isJudged, judgeObjects, type KnownSubnet } from './judge.js';

/** What a construct tells about itself. */
export interface Testimony {
  /** The line of the author's that made it. */
  readonly author: () => Source | undefined;
  /** What is wrong with what the author asked of it, that its object does not show. */
  readonly mistakes?: () => readonly Issue[];
  /** Whether an issue of its object only follows from a mistake that is told anyway. */
  readonly follows?: (issue: Issue) => boolean;
  /** The subnet it describes, if it is one without a mistake. */
  readonly subnet?: () => Subnet | undefined;
}

interface Verdict {
  /** The errors of each construct that has any. */
  readonly errors: ReadonlyMap<IConstruct, readonly Issue[]>;
  /** How many constructs the app had. */
  readonly of: number;
}

const testimonies = new WeakMap<IConstruct, Testimony>();
const verdicts = new WeakMap<IConstruct, Verdict>();
const told = new WeakMap<IConstruct, Set<string>>();

/**
 * Has `construct` checked at synth, together with everything else in its app. Of one that has testified before, only the
 * mistakes are new.
 */
export function checkAtSynth(construct: IConstruct, testimony: Testimony): void {
  const { root } = construct.node;
  if (!told.has(root)) overseeApp(root);
  const before = testimonies.get(construct);
  if (before === undefined) tellErrorsOf(construct);
  const mistakes = (): readonly Issue[] => [...(before?.mistakes?.() ?? []), ...(testimony.mistakes?.() ?? [])];
  testimonies.set(construct, before === undefined ? testimony : { ...before, mistakes });
  verdicts.delete(root);
}

/** `construct` changed after it was made. */
export function checkAgain(construct: IConstruct): void {
  verdicts.delete(construct.node.root);
}

const tellErrorsOf = (construct: IConstruct): void =>
  construct.node.addValidation({
    validate: () => (verdictOn(construct.node.root).errors.get(construct) ?? []).map(formatIssue),
  });

/**
 * Objects that are not our constructs have nobody to tell their errors. cdk8s asks the root before all others, so that is
 * when they get somebody; and when a construct that we heard nothing of is noticed.
 */
function overseeApp(root: IConstruct): void {
  told.set(root, new Set());
  const overseen = new WeakSet<IConstruct>();
  root.node.addValidation({
    validate: () => {
      if (verdicts.get(root)?.of !== root.node.findAll().length) verdicts.delete(root);
      for (const construct of verdictOn(root).errors.keys()) {
        if (testimonies.has(construct) || overseen.has(construct)) continue;
        overseen.add(construct);
        tellErrorsOf(construct);
      }
      return [];
    },
  });
}

function verdictOn(root: IConstruct): Verdict {
  const known = verdicts.get(root);
  if (known !== undefined) return known;
  const verdict = judge(root);
  verdicts.set(root, verdict);
  return verdict;
}

function judge(root: IConstruct): Verdict {
  const all = root.node.findAll();
  const mistakes = new Map(all.map((construct) => [construct, testimonies.get(construct)?.mistakes?.() ?? []] as const));
  // Every construct has Source objects of its own, which is how an issue finds back to it.
  const owners = new Map<Source, IConstruct>();
  const issues = judgeObjects(
    all.flatMap((construct) => written(construct, owners)),
    all.flatMap(knownSubnet),
  );
  const errors = new Map<IConstruct, Issue[]>();
  for (const [construct, own] of mistakes) if (own.length > 0) errors.set(construct, [...own]);
  for (const one of issues) {
    const owner = one.source === undefined ? undefined : owners.get(one.source);
    if (owner === undefined || testimonies.get(owner)?.follows?.(one) === true) continue;
    if (one.severity === 'warning') warn(root, one);
    else errors.set(owner, [...(errors.get(owner) ?? []), one]);
  }
  return { errors, of: all.length };
}

/** The object as it is written, escape hatches included. One that nobody made by our constructs is placed by its path in the app. */
function written(construct: IConstruct, owners: Map<Source, IConstruct>): Sourced<unknown>[] {
  if (!ApiObject.isApiObject(construct) || !isJudged(construct)) return [];
  const author = testimonies.get(construct)?.author;
  const locate = (): Source => {
    const source = author?.() ?? { file: construct.node.path };
    owners.set(source, construct);
    return source;
  };
  return [{ object: construct.toJson() as unknown, locate }];
}

function knownSubnet(construct: IConstruct): KnownSubnet[] {
  const testimony = testimonies.get(construct);
  const subnet = testimony?.subnet?.();
  return subnet === undefined ? [] : [{ subnet, source: testimony?.author() ?? { file: construct.node.path } }];
}

/** Once for each app, however often cdk8s asks. */
function warn(root: IConstruct, warning: Issue): void {
  const line = formatIssue(warning);
  if (told.get(root)?.has(line) !== false) return;
  told.get(root)?.add(line);
  process.stderr.write(`${line}\n`);
}
