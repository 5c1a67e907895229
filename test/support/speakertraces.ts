/**
 * What real MetalLB speakers answered on the wire (test/fixtures/traces-speaker), and what our election makes of the same objects.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Objects, readObjects } from '../../src/api/objects.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import { type Announcements, announcementsFor } from '../../src/layer2/announcements.js';
import { ballotOf } from '../../src/layer2/ballot.js';
import { decide } from '../../src/layer2/responder.js';
import { type Address, parseAddress } from '../../src/net/address.js';
import { ABSENT, Preference, type Standing } from '../../src/ownership/preference.js';
import { arpFrame, mac } from '../packet/frames.js';

export interface Step {
  readonly change: string;
  readonly objects: readonly unknown[];
  /** Address → the nodes that answered for it. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  /** `namespace/name` → the node that the newest event of the Service names. */
  readonly nodeAssigned: Readonly<Record<string, string>>;
  readonly invalidConfig?: unknown;
  /** The wire differs from the stateless rule (quirk Q-23). */
  readonly historyDependent?: unknown;
}

export interface Scenario {
  readonly seed: number;
  readonly steps: readonly Step[];
}

const FIXTURE = new URL('../fixtures/traces-speaker/speaker-traces.jsonl.gz', import.meta.url);
export const scenarios: readonly Scenario[] = gunzipSync(readFileSync(FIXTURE))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line): Scenario => JSON.parse(line));

/** What MetalLB does otherwise on the wire, by the numbers of metallb-behaviour, appendix B. */
export type WireQuirk = 'Q-21' | 'Q-23';

export interface Difference {
  readonly quirk: WireQuirk;
  readonly seed: number;
  /** The step, and the one before it. */
  readonly step: Step;
  readonly before: Step | undefined;
  readonly address: string;
  readonly theirs: readonly string[];
  readonly ours: readonly string[];
}

/** Every address in every step for which MetalLB's nodes answered otherwise than ours do. */
export const differences = (): readonly Difference[] =>
  scenarios.flatMap(({ seed, steps }) =>
    steps.flatMap((step, i): Difference[] => {
      // MetalLB goes on with the objects that it had before.
      if (step.invalidConfig !== undefined) return [];
      const ours = oursIn(step);
      const quirk = step.historyDependent === undefined ? 'Q-21' : 'Q-23';
      return Object.entries(step.answers).flatMap(([text, theirs]): Difference[] =>
        theirs.join() === ours[text]?.join()
          ? []
          : [{ quirk, seed, step, before: steps[i - 1], address: text, theirs, ours: ours[text] ?? [] }],
      );
    }),
  );

/** Address → the nodes of ours that answer. */
export function oursIn({ objects: raw, answers }: Step): Readonly<Record<string, readonly string[]>> {
  const objects = objectsOf(raw);
  const views = viewsOf(objects, objects.services);
  return Object.fromEntries(Object.keys(answers).map((text) => [text, answering(views, text)]));
}

export const objectsOf = (raw: readonly unknown[]): Objects =>
  readObjects(raw.map((object) => ({ object, locate: () => undefined }))).objects;

function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

/** What each of the four nodes computes for itself: the interfaces differ. */
export const NODES: readonly string[] = ['n1', 'n2', 'n3', 'n4'];
export type Views = ReadonlyMap<string, Announcements>;

export function viewsOf(objects: Objects, services: readonly ServiceView[]): Views {
  const { config, issues } = compileConfig(objects);
  if (config === undefined) throw new Error(JSON.stringify(issues));
  const addressed = services.map((service) => ({ service, addresses: service.ingress.map(address) }));
  const { nodes, endpointSlices } = objects;
  const withoutSlices = 'cannot-serve';
  return new Map(
    NODES.map((self) => [self, announcementsFor({ config, services: addressed, nodes, endpointSlices, self, withoutSlices })]),
  );
}

/** The nodes that would answer on eth0, the one interface each has. All four were alive throughout. */
export function answering(views: Views, text: string): string[] {
  return NODES.filter((self) => {
    const ballot = ballotOf(views.get(self)?.announcements ?? []);
    const preference = new Preference(ballot, () => LIVE, new Map());
    const isOwn = (i: number): boolean => ballot.nodes[preference.best(i)] === self;
    const claims = new Map(ballot.keys.flatMap((key, i) => (isOwn(i) ? [[key, ballot.on[i] ?? 'all']] : [])));
    return 'answer' in decide(arpFrame({ target: text }), ETH0, claims);
  });
}

const LIVE: Standing = { ...ABSENT, live: true };
const ETH0 = { name: 'eth0', mac: mac('02:00:00:00:00:01') };
