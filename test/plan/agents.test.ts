/**
 * `plan` says what the agents then do: random histories of a folder go through `plan` and through the very functions an agent
 * in directory mode runs, reading of files included, and every address and every ranking is compared.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type InForce, NOTHING, reconcile } from '../../agents/controller/reconcile.js';
import { Contents } from '../../agents/source/contents.js';
import { formatYaml } from '../../agents/source/yamlwriter.js';
import { announcementsOf, OF_A_FOLDER } from '../../agents/speaker/view/announce.js';
import type { Outcome } from '../../src/allocator/allocation.js';
import { newRankingMemory } from '../../src/layer2/rankingmemory.js';
import { formatAddress } from '../../src/net/address.js';
import type { Plan } from '../../src/plan/plan.js';
import { anyCrowdedHistory, anyHistory } from './randomtree.js';
import { ask, type Tree } from './world.js';

const MEMBERSHIP = {
  self: 'n1',
  settled: true,
  ready: true,
  members: [],
};

const textOf = (tree: Tree): string => tree.map((object) => `---\n${formatYaml(object)}`).join('');

/** What an agent makes of `trees`, one after the other written into its folder. */
function runAgent(trees: readonly Tree[]): InForce[] {
  const contents = new Contents((path) => path);
  let inForce = NOTHING;
  return trees.map((tree, i) => {
    contents.update([{ path: 'all.yaml', bytes: Buffer.from(textOf(tree)) }]);
    inForce = reconcile(inForce, { ...contents.view(), revision: i + 1 });
    return inForce;
  });
}

const shown = (addresses: readonly string[], pool: string): string => `${addresses.join()} of ${pool}`;

function agentSays(inForce: InForce, spread: boolean): { addresses: Record<string, string>; rankings: Record<string, string> } {
  const has = (outcome: Outcome): string | undefined =>
    'allocated' in outcome ? shown(outcome.allocated.addresses.map(formatAddress), outcome.allocated.pool) : undefined;
  const addresses = [...inForce.outcomes].flatMap(([key, outcome]) => (has(outcome) === undefined ? [] : [[key, has(outcome)]]));
  const rules = { spread, electorate: OF_A_FOLDER, rankings: newRankingMemory() };
  const { announcements } = announcementsOf(inForce, MEMBERSHIP, rules);
  return {
    addresses: Object.fromEntries(addresses),
    rankings: Object.fromEntries(announcements.map(({ address, ranking }) => [address, ranking.join()])),
  };
}

function planSays({ services, announcements }: Plan): ReturnType<typeof agentSays> {
  return {
    addresses: Object.fromEntries(
      services.flatMap(({ service, after }) =>
        after === undefined ? [] : [[service, shown(after.addresses.map(formatAddress), after.pool)]],
      ),
    ),
    rankings: Object.fromEntries(
      announcements.flatMap(({ address, after }) => (after.length === 0 ? [] : [[address, after.join()]])),
    ),
  };
}

/** The pools and advertisements of the last tree that was not refused: what the agent goes on with. */
const isPools = ({ kind }: Tree[number]): boolean => kind === 'IPAddressPool' || kind === 'L2Advertisement';

interface Seen {
  steps: number;
  addresses: number;
  refused: number;
  /** Addresses that are another node's because they are spread. */
  moved: number;
}

/** Compares step by step what an agent makes of the histories with what `plan` says of them. */
function compare(histories: fc.Arbitrary<Tree[]>, spread: boolean): Seen {
  const seen = { steps: 0, addresses: 0, refused: 0, moved: 0 };
  fc.assert(
    fc.property(histories, (trees) => {
      const agent = runAgent(trees);
      let inForce: Tree = [];
      for (const [i, tree] of trees.entries()) {
        const before = [...inForce, ...(trees[i - 1] ?? []).filter((one) => !isPools(one))];
        const planned = ask({ before, after: tree, spread });
        const actual = agent[i] ?? NOTHING;
        if (actual.config === undefined) continue;
        const says = agentSays(actual, spread);
        expect(planSays(planned)).toEqual(says);
        expect(planned.refused.length > 0).toBe(actual.stale);
        if (!actual.stale) inForce = tree.filter(isPools);
        seen.steps++;
        seen.refused += actual.stale ? 1 : 0;
        seen.addresses += Object.keys(says.addresses).length;
        const plain = agentSays(actual, false).rankings;
        seen.moved += Object.entries(plain).filter(([address, ranking]) => ranking !== says.rankings[address]).length;
      }
    }),
  );
  return seen;
}

test('plan and the agent agree on every address and every ranking, step by step', () => {
  const seen = compare(anyHistory(5), false);
  expect(seen.steps).toBeGreaterThan(100);
  expect(seen.refused).toBeGreaterThan(10);
  expect(seen.addresses).toBeGreaterThan(100);
});

test('and they agree with --spread', () => {
  const seen = compare(anyCrowdedHistory(4), true);
  expect(seen.addresses).toBeGreaterThan(500);
  expect(seen.moved).toBeGreaterThan(20);
});
