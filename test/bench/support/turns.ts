/** Measures two things in turns, so that what else the machine does meets both. */
export async function inTurns<A, B>(
  rounds: number,
  kernel: (round: number) => Promise<A>,
  ours: (round: number) => Promise<B>,
): Promise<{ readonly kernel: readonly A[]; readonly ours: readonly B[] }> {
  const result = { kernel: [] as A[], ours: [] as B[] };
  for (let round = 0; round < rounds; round++) {
    result.kernel.push(await kernel(round));
    result.ours.push(await ours(round));
  }
  return result;
}

/** What one thing gives in each of several rounds. */
export async function repeatedly<T>(rounds: number, once: (round: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let round = 0; round < rounds; round++) results.push(await once(round));
  return results;
}
