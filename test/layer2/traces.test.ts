/**
 * Replays what real MetalLB speakers answered on the wire (test/fixtures/traces-speaker), step by step, against our election.
 */
import { describe, expect, test } from 'vitest';
import { type Objects, readObjects } from '../../src/api/objects.js';
import { announceable } from '../../src/layer2/announceable.js';
import type { Announcement } from '../../src/layer2/announcement.js';
import type { Selection } from '../../src/layer2/selection.js';
import { answering, differences, objectsOf, type Step, scenarios, viewsOf, type WireQuirk } from '../support/speakertraces.js';

/** Those that MetalLB elects, by holder: for each it looks at its first address alone. */
const answeringByHolder = (objects: Objects, text: string): string[][] =>
  objects.services
    .filter(({ ingress }) => ingress.includes(text))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((holder) => answering(viewsOf(objects, [holder]), text));

const compared = scenarios.flatMap(({ steps }) => steps).filter(({ invalidConfig }) => invalidConfig === undefined);
const all = differences();
const because = (quirk: WireQuirk) => all.filter((one) => one.quirk === quirk);

describe('what MetalLB answered on the wire', () => {
  test('is what ours answers in every step, but for two quirks by name', () => {
    const answers = compared.flatMap((step) => Object.keys(step.answers)).length;
    const counted = { steps: compared.length, answers, q21: because('Q-21').length, q23: because('Q-23').length };
    expect(counted).toEqual({ steps: 395, answers: 962, q21: 22, q23: 6 });
    for (const { objects } of compared) {
      const { issues } = readObjects(objects.map((object) => ({ object, locate: () => undefined })));
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });

  test('Q-21: where holders of an address elected one node each, the first holder decides, and one node answers', () => {
    for (const { step, address, theirs, ours } of because('Q-21')) {
      const byHolder = answeringByHolder(objectsOf(step.objects), address);
      const where = { change: step.change, address };
      expect({ ...where, nodes: [...new Set(byHolder.flat())].sort() }).toEqual({ ...where, nodes: theirs });
      expect({ ...where, nodes: ours }).toEqual({ ...where, nodes: byHolder.find((nodes) => nodes.length > 0) });
      expect(ours).toHaveLength(1);
    }
  });

  test('Q-23: where an interface was answered on that nothing names any more, nobody answers', () => {
    const found = because('Q-23').map(({ seed, step: { change }, address }) => `${seed}, ${change}: ${address}`);
    expect(found).toEqual([
      '510, L2Advertisement adv-1: change interfaces: 192.0.2.167',
      '510, L2Advertisement adv-1: change interfaces: 198.51.100.168',
      '510, L2Advertisement adv-1: change ipAddressPools: 192.0.2.167',
      '510, create Service green/svc-4 with an EndpointSlice: 192.0.2.167',
      '616, L2Advertisement adv-1: change interfaces: 198.51.100.46',
      '616, delete Service green/svc-2: 198.51.100.46',
    ]);
    for (const { before, address, step, theirs, ours } of because('Q-23')) {
      expect({ theirs, ours }).toEqual({ theirs: before?.answers[address], ours: [] });
      const interfaces = announcementOf(step, address)?.interfaces;
      expect(interfaces).toEqual(['eth9']);
    }
  });

  test('Q-22: where an event named a node that cannot answer, ours says that announcing failed, and why', () => {
    const found = scenarios.flatMap(({ seed, steps }) => steps.flatMap((step, i) => unansweredEvents(seed, step, steps[i - 1])));
    const why = 'eth9: this node has no such interface';
    expect(found).toEqual([
      `3, create L2Advertisement adv-2: n4 for 192.0.2.134: ${why}`,
      `3, create L2Advertisement adv-2: n4 for 198.51.100.133: ${why}`,
      `3, create L2Advertisement adv-2: n4 for 192.0.2.133: ${why}`,
      `15, set up nodes, pools, advertisements and two Services: n4 for 198.51.100.161: ${why}`,
      `510, create Service green/svc-4 with an EndpointSlice: n2 for 192.0.2.168: ${why}`,
      // Two Services share it.
      ...[1, 2].map(() => `512, set up nodes, pools, advertisements and two Services: n2 for 203.0.113.4: ${why}`),
    ]);
  });
});

/** Nodes that an event of this very step names for an address that they cannot answer for, and what ours say of it. */
function unansweredEvents(seed: number, step: Step, before: Step | undefined): readonly string[] {
  if (step.invalidConfig !== undefined) return [];
  const { services } = objectsOf(step.objects);
  return Object.entries(step.nodeAssigned).flatMap(([key, node]) => {
    if (before?.nodeAssigned[key] === node) return [];
    return (services.find((one) => one.key === key)?.ingress ?? []).flatMap((address) => {
      if (step.answers[address]?.length !== 0) return [];
      const interfaces = announcementOf(step, address, node)?.interfaces;
      const result = interfaces === undefined ? undefined : announceable(interfaces, ETH0, () => undefined);
      return result !== undefined && 'failed' in result ? [`${seed}, ${step.change}: ${node} for ${address}: ${result.why}`] : [];
    });
  });
}

/** Of the node that is first for it, or the one named. */
function announcementOf({ objects: raw }: Step, address: string, node?: string): Announcement | undefined {
  const objects = objectsOf(raw);
  const views = viewsOf(objects, objects.services);
  const of = (self: string | undefined) => views.get(self ?? '')?.announcements.find((one) => one.address === address);
  return of(node ?? of('n1')?.ranking[0]);
}

const ETH0: Selection = {
  interfaces: [{ ...{ name: 'eth0', index: 2, up: true, carrier: true }, broadcast: true, noArp: false, generation: 1 }],
  leftOut: new Map(),
};
