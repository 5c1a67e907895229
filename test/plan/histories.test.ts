/**
 * The recorded histories of the real MetalLB controller through `plan`: before each step it is asked what the step will do to
 * a live cluster, and MetalLB has recorded what it did.
 */
import { describe, expect, test } from 'vitest';
import { isRecord } from '../../src/api/value.js';
import { formatAddress } from '../../src/net/address.js';
import { merge } from '../../src/plan/merge.js';
import { plan } from '../../src/plan/plan.js';
import type { ServiceChange } from '../../src/plan/servicechange.js';
import { HISTORIES, type Moment, moments, type Recorded, type Step } from '../allocator/histories.js';
import { sourced } from '../config/objects.js';

const services = ({ objects }: Step): readonly unknown[] =>
  objects.filter((object) => isRecord(object) && object['kind'] === 'Service');

/** As git has it: the pools in force, Namespaces and Services without status. */
const tree = ({ poolObjects, step }: Moment): readonly unknown[] => [...poolObjects, ...services(step)];

/** As the cluster has it: the Services with their status. */
const state = ({ step }: Moment): readonly unknown[] =>
  services(step).map((object) => {
    const { metadata } = object as { readonly metadata: { readonly namespace: string; readonly name: string } };
    const { addresses, pool } = step.assigned[`${metadata.namespace}/${metadata.name}`] ?? { addresses: [], pool: null };
    const annotations = pool === null ? {} : { 'metallb.io/ip-allocated-from-pool': pool };
    const status = { loadBalancer: { ingress: addresses.map((ip) => ({ ip, ipMode: 'VIP' })) } };
    return { ...(object as object), metadata: { ...metadata, annotations }, status };
  });

const named = (objects: readonly unknown[]) => objects.map((object) => sourced(object, 'history'));

/** Before the first step there is nothing. */
function planned(before: Moment | undefined, after: Moment): ReadonlyMap<string, ServiceChange> {
  const [was, live] = before === undefined ? [[], []] : [tree(before), state(before)];
  const merged = merge({ before: named(was), after: named(tree(after)), state: named(live) });
  return new Map(plan({ ...merged, live: true }).services.map((change) => [change.service, change]));
}

const recorded = ({ addresses, pool }: Recorded): string => (addresses.length === 0 ? 'nothing' : `${addresses} of ${pool}`);
const shown = (side: ServiceChange['before']): string =>
  side === undefined || side.addresses.length === 0 ? 'nothing' : `${side.addresses.map(formatAddress)} of ${side.pool}`;

describe('the recorded histories of MetalLB', () => {
  test('are what `plan` says of every step, but for quirk Q-04', () => {
    const found = { steps: 0, compared: 0, differences: [] as string[] };
    for (const history of HISTORIES) {
      let before: Moment | undefined;
      for (const moment of moments(history)) {
        found.steps++;
        const changes = planned(before, moment);
        for (const [service, theirs] of Object.entries(moment.step.assigned)) {
          found.compared++;
          const change = changes.get(service);
          if (shown(change?.after) !== recorded(theirs)) {
            found.differences.push(`${moment.title}: ${service} has ${shown(change?.after)}, not ${recorded(theirs)}`);
          }
          expect(shown(change?.before)).toBe(recorded(before?.step.assigned[service] ?? { addresses: [], pool: null }));
        }
        before = moment;
      }
    }
    expect(found).toMatchInlineSnapshot(`
      {
        "compared": 3294,
        "differences": [
          "seed 112, step 9: create Service green/svc-2: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
          "seed 112, step 10: create Service red/svc-3: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
          "seed 112, step 11: delete Service blue/svc-1: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
          "seed 112, step 12: Namespace green: label env=prod: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
          "seed 112, step 13: Namespace red: label team=None: green/svc-2 has nothing, not 10.41.0.154 of beta-1",
          "seed 359, step 4: create Service red/svc-3: red/svc-3 has nothing, not 2001:db8:3::b13 of gamma-2",
          "seed 359, step 5: create Service blue/svc-4: red/svc-3 has nothing, not 2001:db8:3::b13 of gamma-2",
        ],
        "steps": 1226,
      }
    `);
  });
});
