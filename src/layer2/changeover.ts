/**
 * How one capture takes over from another on the same interface: both are open for a moment, each gets every frame, and the two
 * are read one after the other, so a frame may have come through one and not yet through the other. Nobody's request may go
 * unanswered for that, or be answered twice.
 *
 * Frames are told apart by their bytes, as text; of equal ones the numbers count.
 */
export interface Changeover {
  /** Indices in `seen`: the old capture did not hand these over, and will not any more. They are answered now. */
  readonly missed: readonly number[];
  /** How often each of these was answered already, and is passed over when the new capture hands it over. */
  readonly repeats: Map<string, number>;
}

/** `answered` is what the old capture handed over in the last turn of the loop, `seen` what the new one did in the same turn. */
export function changeOver(answered: readonly string[], seen: readonly string[]): Changeover {
  const repeats = new Map<string, number>();
  for (const frame of answered) repeats.set(frame, (repeats.get(frame) ?? 0) + 1);
  const missed: number[] = [];
  for (const [i, frame] of seen.entries()) if (!passOver(repeats, frame)) missed.push(i);
  return { missed, repeats };
}

/** Whether `frame` is a repeat, which it is then no more. */
export function passOver(repeats: Map<string, number>, frame: string): boolean {
  const left = repeats.get(frame) ?? 0;
  if (left === 0) return false;
  if (left === 1) repeats.delete(frame);
  else repeats.set(frame, left - 1);
  return true;
}
