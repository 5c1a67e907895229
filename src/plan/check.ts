/**
 * Everything that is wrong or odd about objects together, which none of them shows alone. The same function serves `lint`,
 * `plan` and the conditions that a controller writes.
 *
 * Only what is known is held against anything: a repository without Nodes is told nothing about nodes.
 */
import { checkAnnotations } from './checks/annotations.js';
import { checkClasses } from './checks/classes.js';
import { checkCoverage } from './checks/coverage.js';
import { checkEndpoints } from './checks/endpoints.js';
import { checkFullness } from './checks/fullness.js';
import { checkNamespaces } from './checks/namespaces.js';
import { checkOccupied } from './checks/occupied.js';
import { checkReach } from './checks/reach.js';
import { checkSelectors } from './checks/selectors.js';
import { checkSharing } from './checks/sharing.js';
import { checkSubnets } from './checks/subnets.js';
import { checkUnicast } from './checks/unicast.js';
import type { Finding } from './finding.js';
import { type Situation, survey, type World } from './situation.js';

const CHECKS: readonly ((world: World) => readonly Finding[])[] = [
  checkCoverage,
  checkReach,
  checkSelectors,
  checkNamespaces,
  checkSubnets,
  checkOccupied,
  checkFullness,
  checkSharing,
  checkEndpoints,
  checkClasses,
  checkAnnotations,
  checkUnicast,
];

/** Sorted by object, then code and place. n log n in the number of objects. */
export function check(situation: Situation): readonly Finding[] {
  const world = survey(situation);
  return CHECKS.flatMap((one) => one(world)).sort(byObject);
}

function byObject(a: Finding, b: Finding): number {
  const [left, right] = [keysOf(a), keysOf(b)];
  const differs = left.findIndex((key, i) => key !== right[i]);
  return differs === -1 ? 0 : (left[differs] ?? '') < (right[differs] ?? '') ? -1 : 1;
}

const keysOf = ({ about: { kind, namespace = '', name }, issue: { code, path, message } }: Finding): readonly string[] => [
  kind,
  namespace,
  name,
  code,
  path,
  message,
];
