/**
 * Replays what real MetalLB speakers answered on the wire (test/fixtures/traces-speaker), step by step, against our election.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Objects, readObjects } from '../../src/api/objects.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import { type Announcements, announcementsFor } from '../../src/layer2/announcements.js';
import { ballotOf } from '../../src/layer2/ballot.js';
import { decide } from '../../src/layer2/responder.js';
import { type Address, parseAddress } from '../../src/net/address.js';
import { ABSENT, Preference, type Standing } from '../../src/ownership/preference.js';
import { arpFrame, mac } from '../packet/frames.js';

interface Step {
  readonly change: string;
  readonly objects: readonly unknown[];
  /** Address → the nodes that answered for it. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
  readonly invalidConfig?: unknown;
  /** The wire differs from the stateless rule (quirk Q-23). */
  readonly historyDependent?: unknown;
}

interface Scenario {
  readonly seed: number;
  readonly steps: readonly Step[];
}

const FIXTURE = new URL('../fixtures/traces-speaker/speaker-traces.jsonl.gz', import.meta.url);
const scenarios = gunzipSync(readFileSync(FIXTURE))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line): Scenario => JSON.parse(line));

function address(text: string): Address {
  const read = parseAddress(text);
  if (!read.ok) throw new Error(text);
  return read.value;
}

/** What each of the four nodes computes for itself: the interfaces differ. */
const NODES = ['n1', 'n2', 'n3', 'n4'];
type Views = ReadonlyMap<string, Announcements>;

function viewsOf(objects: Objects, services: readonly ServiceView[]): Views {
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
function answering(views: Views, text: string): string[] {
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

/** MetalLB elects for each holder of an address alone, so two nodes may answer. Those it would elect, by holder. */
const answeringByHolder = (objects: Objects, text: string): string[][] =>
  objects.services
    .filter(({ ingress }) => ingress.includes(text))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((holder) => answering(viewsOf(objects, [holder]), text));

/** What the comparisons came to, so that a replay which compares nothing cannot pass. */
const count = { steps: 0, answers: 0, same: 0, q21: 0 };

describe('what MetalLB answered on the wire', () => {
  test.each(scenarios)('in scenario $seed', ({ steps }) => {
    for (const { change, objects: raw, answers, invalidConfig, historyDependent } of steps) {
      if (invalidConfig !== undefined || historyDependent !== undefined) continue;
      count.steps++;
      const { objects, issues } = readObjects(raw.map((object) => ({ object, locate: () => undefined })));
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
      const views = viewsOf(objects, objects.services);
      for (const [text, theirs] of Object.entries(answers)) {
        count.answers++;
        const ours = answering(views, text);
        if (ours.join() === theirs.join()) {
          count.same++;
          continue;
        }
        count.q21++;
        const byHolder = answeringByHolder(objects, text);
        const where = { change, address: text };
        expect({ ...where, nodes: [...new Set(byHolder.flat())].sort() }).toEqual({ ...where, nodes: theirs });
        expect({ ...where, nodes: ours }).toEqual({ ...where, nodes: byHolder.find((nodes) => nodes.length > 0) });
      }
    }
  });

  test('was compared in full', () => {
    expect(count).toEqual({ steps: 390, answers: 949, same: 927, q21: 22 });
  });
});
