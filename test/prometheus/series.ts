/** Series as Prometheus keeps them: what an agent shows (text format 0.0.4), with the labels of the target that it was asked as. */

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

export const parseExposition = (text: string): readonly Series[] =>
  text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text_ = '']) => [key, unescaped(text_)] as const);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });

const unescaped = (text: string): string => text.replace(/\\./g, (one) => ESCAPES[one] ?? one);

/** What is kept of a scrape of this target with `honorLabels`: where both have a label, it is the sample's. `up` is of the target alone. */
export function seriesOf(target: Labels, text: string): readonly Series[] {
  const own = Object.fromEntries(Object.entries(target).filter(([name]) => !name.startsWith('__')));
  const shown = parseExposition(text).map(({ name, labels, value }) => ({ name, labels: { ...own, ...labels }, value }));
  return [{ name: 'up', labels: own, value: 1 }, ...shown];
}

/** As PromQL writes it. */
export const selector = ({ name, labels }: Pick<Series, 'name' | 'labels'>): string =>
  `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}}`;
