/**
 * `plan` says what running agents then do: random histories of the state folder of three real agents, each step planned before
 * it is made. Every address is compared with what each agent writes into its status, and with who answers on the wire.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runPlan } from '../../agents/cli/plan.js';
import { readManifests } from '../../agents/source/manifests.js';
import { formatYaml } from '../../agents/source/yamlwriter.js';
import { readObjects } from '../../src/api/objects.js';
import { anyHistory } from '../plan/randomtree.js';
import type { Tree } from '../plan/world.js';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';
import { curl } from './http.js';

const SEEDS = [2, 3, 4, 6];
const STEPS = 5;

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create();
});
afterEach(async () => {
  await lab.destroy();
});

const textOf = (tree: Tree): string => tree.map((object) => `---\n${formatYaml(object)}`).join('');
const isPools = ({ kind }: Tree[number]): boolean => kind === 'IPAddressPool' || kind === 'L2Advertisement';

interface Document {
  readonly services: readonly { service: string; after: { addresses: string[]; pool: string } | null }[];
  readonly announcements: readonly { address: string; after: string[] }[];
}

interface Foreseen {
  /** By `namespace/name`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** By address; undefined: nobody. */
  readonly answering: Readonly<Record<string, string | undefined>>;
  readonly refused: boolean;
}

/** What the command says of going from one folder to the other. */
async function foresee(before: Tree, after: Tree): Promise<Foreseen> {
  const folder = join(lab.stateDir, '..', 'plan');
  await rm(folder, { recursive: true, force: true });
  for (const [name, tree] of Object.entries({ before, after })) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'all.yaml'), textOf(tree));
  }
  const { output, exitCode } = await runPlan(join(folder, 'before'), join(folder, 'after'), { format: 'json' });
  const { services, announcements } = JSON.parse(output) as Document;
  const held = services.flatMap(({ service, after: has }) => (has === null ? [] : [[service, has.addresses.join()] as const]));
  return {
    addresses: Object.fromEntries(held),
    answering: Object.fromEntries(announcements.map(({ address, after: ranking }) => [address, ranking[0]])),
    refused: exitCode === 2,
  };
}

/** The addresses in the status of one agent. */
async function addressesSaid(node: string): Promise<Record<string, string>> {
  const folder = join(lab.statusDir(node), 'services');
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const held: [string, string][] = [];
  for (const file of files.filter((entry) => entry.isFile())) {
    const { documents } = readManifests(await readFile(join(file.parentPath, file.name), 'utf8').catch(() => ''), file.name);
    for (const { ingress, ...service } of readObjects(documents).objects.services) {
      if (ingress.length > 0) held.push([service.key, ingress.join()]);
    }
  }
  return Object.fromEntries(held.sort());
}

/** How many states of the folder an agent has worked through. */
async function statesSeen(node: string): Promise<number> {
  const { body } = await curl(lab.network.host(node), 'http://127.0.0.1:7472/metrics');
  return Number(/^metallb_k8s_client_updates_total (\d+)/m.exec(body)?.[1] ?? 0);
}

async function whoAnswers(addresses: readonly string[]): Promise<Record<string, string | undefined>> {
  const answers = await Promise.all(addresses.map((address) => ask(lab.client, address)));
  const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;
  return Object.fromEntries(addresses.map((address, i) => [address, nameOf(answers[i])]));
}

const FIRST: Tree = fc.sample(anyHistory(2), { seed: 0, numRuns: 1 })[0]?.[0] ?? [];

test.each(SEEDS)('of random history %s, step by step', { timeout: 120_000 }, async (seed) => {
  const [history = []] = fc.sample(anyHistory(STEPS), { seed, numRuns: 1 });
  await lab.write('all.yaml', textOf(FIRST));
  const agents = new Map<string, AgentProcess>(lab.nodes.map((node) => [node, lab.start(node)]));
  for (const node of lab.nodes) await until(`${node} has read the folder`, async () => (await statesSeen(node)) > 0);
  const first = await foresee([], FIRST);
  const [served] = Object.entries(first.answering).filter(([, node]) => node !== undefined);
  if (served !== undefined) await leaderOf(agents, served[0]);

  let inForce = first.refused ? [] : FIRST.filter(isPools);
  let compared = 0;
  let before = FIRST;
  for (const [i, tree] of history.entries()) {
    const foreseen = await foresee([...inForce, ...before.filter((one) => !isPools(one))], tree);
    const seen = await Promise.all(lab.nodes.map(statesSeen));
    await lab.write('all.yaml', textOf(tree));
    for (const [at, node] of lab.nodes.entries()) {
      await until(`step ${i}: ${node} has read the folder`, async () => (await statesSeen(node)) > (seen[at] ?? 0));
    }
    const wanted = Object.fromEntries(Object.entries(foreseen.addresses).sort());
    for (const node of lab.nodes) {
      await until(
        `step ${i}: ${node} has given ${JSON.stringify(wanted)}`,
        async () => JSON.stringify(await addressesSaid(node)) === JSON.stringify(wanted),
        10_000,
      );
    }
    const addresses = Object.keys(foreseen.answering);
    await until(
      `step ${i}: the wire answers as ${JSON.stringify(foreseen.answering)}`,
      async () => JSON.stringify(await whoAnswers(addresses)) === JSON.stringify(foreseen.answering),
      20_000,
    );
    compared += addresses.length;
    if (!foreseen.refused) inForce = tree.filter(isPools);
    before = tree;
  }
  expect(compared).toBeGreaterThan(0);
});
