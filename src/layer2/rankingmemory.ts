/**
 * Rankings that were computed before, for whoever asks again: where candidates came, went or changed since, the others keep their order,
 * and only those are put into it anew. Asked as if there were no memory, it gives the same answers.
 */
import { type Change, changeBetween, rank, rerank, type Scored } from './ranking.js';

/** Some candidates; one object for equal ones. */
export interface Voters {
  /** Of no others in this memory. */
  readonly number: number;
  readonly scored: readonly Scored[];
}

interface Ranked {
  readonly voters: Voters;
  readonly ranking: readonly string[];
}

export interface RankingMemory {
  /** By their names and scores as text. */
  readonly voters: Map<string, Voters>;
  /** By address; the newest is the last. */
  readonly rankings: Map<string, readonly Ranked[]>;
  /** Asked for last, since many addresses in turn have the same. */
  change: { readonly from: Voters; readonly to: Voters; readonly change: Change } | undefined;
  nextNumber: number;
}

export const newRankingMemory = (): RankingMemory => ({
  voters: new Map(),
  rankings: new Map(),
  change: undefined,
  nextNumber: 0,
});

export function votersIn(memory: RankingMemory, scored: readonly Scored[]): Voters {
  const text = scored.map(({ node, score, cordoned }) => `${node} ${score} ${cordoned === true}`).join();
  const known = memory.voters.get(text);
  if (known !== undefined) return known;
  const voters = { number: memory.nextNumber++, scored };
  memory.voters.set(text, voters);
  return voters;
}

/** What {@link rank} gives. */
export function rankingIn(memory: RankingMemory, voters: Voters, address: string): readonly string[] {
  const known = memory.rankings.get(address) ?? [];
  const same = known.find((one) => one.voters === voters);
  if (same !== undefined) return same.ranking;
  const last = known.at(-1);
  const ranking =
    last === undefined ? rank(voters.scored, address) : rerank(last.ranking, changeIn(memory, last.voters, voters), address);
  memory.rankings.set(address, [...known, { voters, ranking }]);
  return ranking;
}

function changeIn(memory: RankingMemory, from: Voters, to: Voters): Change {
  if (memory.change?.from !== from || memory.change.to !== to)
    memory.change = { from, to, change: changeBetween(from.scored, to.scored) };
  return memory.change.change;
}

/** To rank so few again costs less than to remember the ranking. */
const FEW = 8;

/** Forgets all but the newest ranking of each of these addresses, and what is ranked quickly. */
export function keepOnly(memory: RankingMemory, addresses: ReadonlySet<string>): void {
  const used = new Set<Voters>();
  for (const [address, known] of memory.rankings) {
    const last = known.at(-1);
    const isKept = last !== undefined && addresses.has(address) && last.voters.scored.length > FEW;
    if (!isKept) memory.rankings.delete(address);
    else {
      used.add(last.voters);
      if (known.length > 1) memory.rankings.set(address, [last]);
    }
  }
  for (const [text, voters] of memory.voters) if (!used.has(voters)) memory.voters.delete(text);
  memory.change = undefined;
}
