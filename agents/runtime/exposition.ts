/**
 * Prometheus' text format, version 0.0.4: families of samples as text. Nothing is kept between two scrapes; whoever has the
 * numbers hands them over when they are asked for.
 */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  /** What follows the family's name: `_bucket` and the like. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: Iterable<Sample>;
}

/** The text of a scrape. */
export const formatFamilies = (families: Iterable<Family>): string => [...families].map(formatFamily).join('\n');

function formatFamily({ name, type, help, samples }: Family): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  for (const { labels, value, suffix = '' } of samples) lines.push(`${name}${suffix}${formatLabels(labels)} ${value}`);
  return `${lines.join('\n')}\n`;
}

function formatLabels(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const SPECIAL = /[\\\n"]/g;

const escaped = (value: string): string => value.replace(SPECIAL, (one) => (one === '\n' ? '\\n' : `\\${one}`));

/** How often something took how long, by one label. */
export class Histogram {
  readonly #label: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { counts: readonly number[]; sum: number; count: number }>();

  /** `bounds` are the buckets' upper ones, ascending. */
  constructor(label: string, bounds: readonly number[]) {
    this.#label = label;
    this.#bounds = bounds;
  }

  observe(key: string, value: number): void {
    const series = this.#series.get(key) ?? { counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#series.set(key, series);
    series.counts = series.counts.map((count, i) => (value <= (this.#bounds[i] ?? 0) ? count + 1 : count));
    series.sum += value;
    series.count++;
  }

  *samples(): Iterable<Sample> {
    for (const [key, { counts, sum, count }] of this.#series) {
      const own = { [this.#label]: key };
      for (const [i, bound] of this.#bounds.entries()) {
        yield { suffix: '_bucket', labels: { le: String(bound), ...own }, value: counts[i] ?? 0 };
      }
      yield { suffix: '_bucket', labels: { le: '+Inf', ...own }, value: count };
      yield { suffix: '_sum', labels: own, value: sum };
      yield { suffix: '_count', labels: own, value: count };
    }
  }
}
