/**
 * Replays what real MetalLB speakers answered on the wire (test/fixtures/traces-speaker), step by step, against our election.
 */
import { describe, expect, test } from 'vitest';
import { type Objects, readObjects } from '../../src/api/objects.js';
import { answering, scenarios, viewsOf } from '../support/speakertraces.js';

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
