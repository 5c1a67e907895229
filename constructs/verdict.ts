/**
 * What is wrong with all objects of an app, found once and by the functions that the agents use, and told by the construct
 * that it is about.
 *
 * cdk8s asks every construct again for every chart (n charts, n passes). The verdict is therefore kept while the app is
 * written; without that, synth is quadratic. It is found anew each time synth begins, for whatever has changed since.
 */
import { ApiObject, App } from 'cdk8s';
import type { IConstruct } from 'constructs';
import type { Sourced } from '../src/api/object.js';
import type { Subnet } from '../src/config/subnet.js';
import { formatFinding, formatIssue, type Issue, type Source } from '../src/issue/issue.js';
import { findCollisions } from './collision.js';
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
/** Apps that are being written. */
const synthesizing = new WeakSet<IConstruct>();

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
  if (root instanceof App) announceSynth(root);
  const overseen = new WeakSet<IConstruct>();
  root.node.addValidation({
    validate: () => {
      if (!synthesizing.has(root) || verdicts.get(root)?.of !== root.node.findAll().length) verdicts.delete(root);
      for (const construct of verdictOn(root).errors.keys()) {
        if (testimonies.has(construct) || overseen.has(construct)) continue;
        overseen.add(construct);
        tellErrorsOf(construct);
      }
      return [];
    },
  });
}

/** cdk8s has no event for it. A chart that is written by itself is a synth of its own. */
function announceSynth(app: App): void {
  const { synth, synthYaml } = app;
  app.synth = () => whileSynthesizing(app, () => synth.call(app));
  app.synthYaml = () => whileSynthesizing(app, () => synthYaml.call(app));
}

function whileSynthesizing<T>(app: App, run: () => T): T {
  if (synthesizing.has(app)) return run();
  verdicts.delete(app);
  synthesizing.add(app);
  try {
    return run();
  } finally {
    synthesizing.delete(app);
  }
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
    else addError(errors, owner, one);
  }
  for (const [object, one] of findCollisions(all.filter((construct) => ApiObject.isApiObject(construct)))) {
    const isTold = errors.get(object)?.some(({ code }) => code === 'DUPLICATE_OBJECT') === true;
    if (!isTold) addError(errors, object, { ...one, source: placeOf(object) });
  }
  return { errors, of: all.length };
}

function addError(errors: Map<IConstruct, Issue[]>, construct: IConstruct, one: Issue): void {
  errors.set(construct, [...(errors.get(construct) ?? []), one]);
}

/** Its author's line. What nobody made by our constructs is placed by its path in the app. */
const placeOf = (construct: IConstruct): Source => testimonies.get(construct)?.author() ?? { file: construct.node.path };

/** The object as it is written, escape hatches included. */
function written(construct: IConstruct, owners: Map<Source, IConstruct>): Sourced<unknown>[] {
  if (!ApiObject.isApiObject(construct) || !isJudged(construct)) return [];
  const locate = (): Source => {
    const source = placeOf(construct);
    owners.set(source, construct);
    return source;
  };
  return [{ object: construct.toJson() as unknown, locate }];
}

function knownSubnet(construct: IConstruct): KnownSubnet[] {
  const subnet = testimonies.get(construct)?.subnet?.();
  return subnet === undefined ? [] : [{ subnet, source: placeOf(construct) }];
}

/** Once for each app, however often cdk8s asks. */
function warn(root: IConstruct, warning: Issue): void {
  const line = formatFinding(warning);
  if (told.get(root)?.has(line) !== false) return;
  told.get(root)?.add(line);
  process.stderr.write(`${line}\n`);
}
