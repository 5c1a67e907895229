/**
 * JSON in which a bigint is a number with all its digits: an int64 of Kubernetes that a JavaScript number would round.
 */
export function formatJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(formatJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${formatJson(inner)}`).join(',')}}`;
}
