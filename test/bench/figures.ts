/**
 * What a bench is: a module test/bench/NAME.ts that exports `run`, or test/bench/NAME/GROUP.ts where there is much to measure.
 * tools/bench.mjs starts each in a lab of its own.
 */
export interface Figure {
  /** Stable, lower case, the unit at the end, for example `wire.unicast256.rateRatio`. */
  readonly key: string;
  readonly value: number;
  /** For people, for example `µs`; empty for a ratio. */
  readonly unit: string;
  /** What it was measured against, for people. */
  readonly note: string;
}

export type Figures = readonly Figure[];

export const figure = (key: string, value: number | undefined, unit: string, note: string): Figure => ({
  key,
  value: value ?? Number.NaN,
  unit,
  note,
});

export interface Bench {
  run(): Promise<Figures>;
}

/** The figures as a table for people. */
export function table(figures: Figures): string {
  const rows = figures.map(({ key, value, unit, note }) => [key, rounded(value), unit, note]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = ([key = '', value = '', unit = '', note = '']: string[]): string =>
    `${key.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${note}`.trimEnd();
  return rows.map(line).join('\n');
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
