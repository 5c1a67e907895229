/**
 * What somebody probably meant who wrote a word that does not exist: the one with the fewest edits (Levenshtein), when those
 * are at most a third of its length. Capital letters are no edits.
 */

/** A hint is not worth more: thousands of Services may name the same pool that does not exist. */
const MOST_COMPARED = 50;

/** ` (did you mean "x"?)`, or nothing, to end a sentence with. Ties go to the first of `words`. */
export function didYouMean(word: string, words: Iterable<string>): string {
  let best: { readonly word: string; readonly edits: number } | undefined;
  let compared = 0;
  for (const candidate of words) {
    if (++compared > MOST_COMPARED) break;
    const allowed = Math.max(1, Math.floor(candidate.length / 3));
    if (Math.abs(candidate.length - word.length) > allowed) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= allowed && (best === undefined || edits < best.edits)) best = { word: candidate, edits };
  }
  return best === undefined ? '' : ` (did you mean "${best.word}"?)`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
