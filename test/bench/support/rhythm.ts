/** Figures from times of things that should have come in a rhythm. All times are in milliseconds and ascend. */

/** The most that came within one window of `widthMs`. */
export function peakWithin(times: readonly number[], widthMs: number): number {
  let [peak, first] = [0, 0];
  times.forEach((time, last) => {
    while (time - (times[first] ?? time) >= widthMs) first++;
    peak = Math.max(peak, last - first + 1);
  });
  return peak;
}

/**
 * How late each came that was due `intervalMs` after the last one was due, or after it came, if it was later than that by
 * more than an interval. The first few tell when the rhythm began, since only lateness shifts them: nothing comes early.
 */
export function lateByRhythm(times: readonly number[], intervalMs: number, settling = 10): readonly number[] {
  const offsets = times.slice(0, settling).map((time, i) => time - i * intervalMs);
  const began = Math.min(...offsets) + (offsets.length - 1) * intervalMs;
  const late: number[] = [];
  let due = began;
  for (const time of times.slice(offsets.length)) {
    due += intervalMs;
    late.push(Math.max(0, time - due));
    if (time - due >= intervalMs) due = time;
  }
  return late;
}

/** How much more than `intervalMs` lay between each and the one before. */
export const lateByInterval = (times: readonly number[], intervalMs: number): readonly number[] =>
  times.slice(1).map((time, i) => Math.max(0, time - (times[i] ?? time) - intervalMs));

/** The smallest value that at least `fraction` of all do not exceed. */
export const quantile = (values: readonly number[], fraction: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * fraction) - 1)] ?? Number.NaN;
