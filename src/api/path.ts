/**
 * A place inside an object, as issues name it: `spec.addresses[1]`, and `metadata.labels["app.kubernetes.io/name"]` for a key
 * that is not a plain word.
 */
export type Path = readonly (string | number)[];

const WORD = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    if (!WORD.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
