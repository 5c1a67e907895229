/**
 * Values as JSON and YAML give them: null, texts, numbers, booleans, lists and plain objects.
 */
export type PlainObject = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The value without the fields that are null, at any depth. A label or annotation without a value is there and empty: what
 * Go makes of null in a map of texts.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, TEXT_MAPS.has(name) ? withEmptyTexts(inner) : withoutNulls(inner)]),
  );
}

const TEXT_MAPS: ReadonlySet<string> = new Set(['labels', 'annotations', 'selector', 'matchLabels']);

const withEmptyTexts = (value: unknown): unknown =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, text ?? ''])) : value;

/** The value in a sentence: `the text "yes"`, `the number 5`, `a list`. */
export function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  return `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
}
