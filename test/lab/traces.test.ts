/**
 * The histories in which MetalLB's speakers were recorded, with four agents on a wire: the same node answers in each step. A third of
 * them; `ARPEGGIO_TRACES=all` replays every one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { load } from '../bench/support/load.js';
import {
  type Difference,
  differences,
  NODES,
  oursIn,
  type Scenario,
  type Step,
  scenarios,
  type WireQuirk,
} from '../support/speakertraces.js';
import { capture } from './capture.js';
import { Cluster } from './cluster.js';

const EVERY = process.env['ARPEGGIO_TRACES'] === 'all' ? 1 : 3;
/** How long a step may take to show. */
const PATIENCE_MS = 5000;

let lab: Cluster;
beforeAll(async () => {
  lab = await Cluster.create({ nodes: NODES });
  await lab.write('state.yaml', '');
  for (const node of NODES) lab.start(node, ['--failback-delay', '0']);
});
afterAll(async () => {
  await lab.destroy();
});

const nameOf = (mac: string): string => lab.network.hosts.find((host) => host.mac === mac)?.name ?? mac;

/** Who answers for each address, asked three times. */
async function answers(ips: readonly string[]): Promise<Record<string, readonly string[]>> {
  await using heard = await capture(lab.client);
  await load(lab.client, { targets: ips.join(), seconds: 0.003 * ips.length, inFlight: 64, ratePerS: 1000 });
  return Object.fromEntries(
    ips.map((ip) => {
      const macs = heard.events.flatMap((one) =>
        one.operation === 2 && !one.outgoing && one.senderAddress === ip ? [one.senderMac] : [],
      );
      return [ip, [...new Set(macs)].map(nameOf).sort()];
    }),
  );
}

interface ServiceObject {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
}

/** Addresses are locked as MetalLB gave them: which node answers is the question here. */
function lockOf(objects: readonly unknown[]): string {
  const services = (objects as readonly ServiceObject[]).filter(({ kind }) => kind === 'Service');
  const entries = services.flatMap(({ metadata: { namespace = 'default', name }, status }) => {
    const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
    return ips.length === 0 ? [] : [{ service: `${namespace}/${name}`, addresses: ips }];
  });
  return JSON.stringify({
    ...{ apiVersion: 'arpeggio.dev/v1alpha1', kind: 'AddressLock' },
    services: Object.fromEntries(entries.map(({ service, addresses }) => [service, { addresses }])),
  });
}

async function show({ objects }: Step): Promise<void> {
  await lab.write('addresses.lock.yaml', lockOf(objects));
  await lab.write(
    'state.yaml',
    [...objects, ...emptySlices(objects as readonly ServiceObject[])].map((one) => JSON.stringify(one)).join('\n---\n'),
  );
}

/** In a cluster a Service without a slice is served nowhere, in a folder everywhere: so it gets one without endpoints. */
function emptySlices(objects: readonly ServiceObject[]): readonly object[] {
  const served = new Set(
    objects.map(({ metadata: { namespace, labels } }) => `${namespace}/${labels?.['kubernetes.io/service-name']}`),
  );
  return objects.flatMap(({ kind, metadata: { namespace, name } }) =>
    kind !== 'Service' || served.has(`${namespace}/${name}`)
      ? []
      : [
          {
            apiVersion: 'discovery.k8s.io/v1',
            kind: 'EndpointSlice',
            metadata: { name: `${name}-none`, namespace, labels: { 'kubernetes.io/service-name': name } },
            addressType: 'IPv4',
            endpoints: [],
            ports: [],
          },
        ],
  );
}

/** What our election says is on the wire: elsewhere it is shown to be what MetalLB answered, but for. */
async function answersAsElected(step: Step): Promise<void> {
  await show(step);
  const [wanted, ips] = [oursIn(step), Object.keys(step.answers)];
  if (ips.length === 0) return;
  // What goes on as before is only seen to do so after a while.
  await sleep(200);
  const until = Date.now() + PATIENCE_MS;
  let seen = await answers(ips);
  while (JSON.stringify(seen) !== JSON.stringify(wanted) && Date.now() < until) seen = await answers(ips);
  expect({ change: step.change, answers: seen }).toEqual({ change: step.change, answers: wanted });
}

const some = scenarios.filter((_, i) => i % EVERY === 0);
test.each<Scenario>(some)('scenario $seed', { timeout: 120_000 }, async ({ steps }) => {
  for (const step of steps) if (step.invalidConfig === undefined) await answersAsElected(step);
});

const better = differences();
const because = (quirk: WireQuirk): readonly Difference[] =>
  better.filter(({ step }, i) => step !== better[i - 1]?.step).filter((one) => one.quirk === quirk);

test('Q-21: one node answers where two of MetalLB did, each for another holder', { timeout: 120_000 }, async () => {
  for (const { step, address, theirs, ours } of because('Q-21')) {
    expect({ address, theirs: theirs.length, ours: ours.length }).toEqual({ address, theirs: 2, ours: 1 });
    await answersAsElected(step);
  }
});

test('Q-23: nobody answers on an interface that no advertisement names any more, where MetalLB went on', {
  timeout: 120_000,
}, async () => {
  for (const { step, before, address, theirs, ours } of because('Q-23')) {
    expect({ address, theirs, ours }).toEqual({ address, theirs: before?.answers[address], ours: [] });
    // Somebody answered first where that was right.
    if (before !== undefined) await answersAsElected(before);
    await answersAsElected(step);
  }
});
