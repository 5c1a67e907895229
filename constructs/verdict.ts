/**
 * What is wrong with all pools and advertisements of an app, found once and by the functions that the agents use.
 *
 * cdk8s asks every construct again for every chart (n charts, n passes). The verdict on an app is therefore kept until
 * another construct joins it; without that, synth is quadratic.
 */
import type { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { readObjects } from '../src/api/objects.js';
import { compileConfig } from '../src/config/compile.js';
import { formatIssue, type Issue, type Source } from '../src/issue/issue.js';

/** The errors of each construct that has any. */
type Verdict = ReadonlyMap<IConstruct, readonly Issue[]>;

const authors = new WeakMap<IConstruct, () => Source | undefined>();
const verdicts = new WeakMap<IConstruct, Verdict>();

/** Has `construct` checked at synth, together with all others of its app. */
export function checkAtSynth(construct: ApiObject, author: () => Source | undefined): void {
  const { root } = construct.node;
  authors.set(construct, author);
  verdicts.delete(root);
  construct.node.addValidation({ validate: () => (verdictOn(root).get(construct) ?? []).map(formatIssue) });
}

function verdictOn(root: IConstruct): Verdict {
  const known = verdicts.get(root);
  if (known !== undefined) return known;
  const verdict = judge(root);
  verdicts.set(root, verdict);
  return verdict;
}

function judge(root: IConstruct): Verdict {
  // Every construct has Source objects of its own, which is how an issue finds back to it.
  const owners = new Map<Source, IConstruct>();
  const sourced = root.node.findAll().flatMap((construct) => {
    const author = authors.get(construct);
    if (author === undefined || !isWritten(construct)) return [];
    const locate = (): Source => {
      const source = author() ?? { file: construct.node.path };
      owners.set(source, construct);
      return source;
    };
    return [{ object: construct.toJson() as unknown, locate }];
  });
  const { objects, issues } = readObjects(sourced);
  const errors = [...issues, ...compileConfig(objects).issues].filter(({ severity }) => severity === 'error');

  const verdict = new Map<IConstruct, Issue[]>();
  for (const error of errors) {
    const owner = error.source === undefined ? undefined : owners.get(error.source);
    if (owner === undefined) continue;
    verdict.set(owner, [...(verdict.get(owner) ?? []), error]);
  }
  return verdict;
}

const isWritten = (construct: IConstruct): construct is ApiObject => 'toJson' in construct;
