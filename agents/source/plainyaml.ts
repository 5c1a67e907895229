/**
 * YAML as nearly all manifests are written: mappings and lists in blocks, scalars on one line, literal blocks of text, and
 * JSON. Twenty times as fast as a reader of all YAML, and it never guesses: whatever is written in any other way is left to
 * that reader, by throwing {@link Unusual}.
 */
export class Unusual extends Error {}

/** The value of one document, which has something in it. */
export function readPlainYaml(text: string): unknown {
  if (FOREIGN.test(text)) throw new Unusual();
  const reader = new Reader(text);
  return reader.isJson() ? readJson(text) : reader.read();
}

/** Tabs, control characters, and characters that end lines or files in some versions of YAML only. */
const FOREIGN = /[^\n\x20-\x7E\u00A0-\u2027\u202A-\uFEFE\uFF00-\uFFFD]/;

/** Keys that no version of YAML takes for anything but text. */
const KEY = /^([A-Za-z_][A-Za-z0-9_./-]*|"([^"\\]*)"):(?= |$)/;
/** Everything that YAML 1.1 might read as a number. */
const NUMBER =
  /^[-+]?(?:0[bo]?[0-9_]*|0x[0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?|\.[0-9_]*(?:[eE][-+]?[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Words that YAML 1.1 reads as something else than text, in some spelling. */
const SPECIAL = /^(?:y|n|yes|no|on|off|true|false|null|~|<<|=)$/i;
const DOUBLE_QUOTED = /^"([^"\\]*)"(?: +#.*)?$/;
const SINGLE_QUOTED = /^'([^']*)'(?: +#.*)?$/;
/** What no plain scalar begins with, or begins with only when it means something. */
const INDICATOR = /^(?:[&*!|>%@`,?#\]}{[]|[-:](?: |$))/;
const MAX_DEPTH = 50;

/** Goes through the lines once. The current line is the one that is being read, without its indentation. */
class Reader {
  readonly #lines: readonly string[];
  #next = 0;
  /** −1: there is no more line. */
  #indent = -1;
  #content = '';
  #depth = 0;

  constructor(text: string) {
    this.#lines = text.split('\n');
    this.#advance();
  }

  isJson(): boolean {
    return this.#content.startsWith('{');
  }

  read(): unknown {
    const value = this.#node();
    if (this.#indent !== -1) throw new Unusual();
    return value;
  }

  /** To the next line that is neither blank nor a comment. */
  #advance(): void {
    while (this.#next < this.#lines.length) {
      const line = this.#lines[this.#next++] ?? '';
      const indent = indentOf(line);
      if (indent === line.length || line[indent] === '#') continue;
      this.#indent = indent;
      this.#content = withoutEndSpaces(line.slice(indent));
      return;
    }
    this.#indent = -1;
  }

  #node(): unknown {
    if (++this.#depth > MAX_DEPTH) throw new Unusual();
    const value = isEntry(this.#content) ? this.#list(this.#indent) : this.#mapping(this.#indent);
    this.#depth--;
    return value;
  }

  #mapping(indent: number): unknown {
    const mapping: Record<string, unknown> = {};
    do {
      const [matched, plain = '', quoted] = KEY.exec(this.#content) ?? [];
      const key = quoted ?? plain;
      if (matched === undefined || key === '__proto__' || Object.hasOwn(mapping, key)) throw new Unusual();
      if (quoted === undefined && SPECIAL.test(key)) throw new Unusual();
      mapping[key] = this.#value(withoutStartSpaces(this.#content.slice(matched.length)), indent);
    } while (this.#indent === indent && !isEntry(this.#content));
    if (this.#indent >= indent) throw new Unusual();
    return mapping;
  }

  /** Of a key that stands at `indent`: on its line, or on the lines below. */
  #value(rest: string, indent: number): unknown {
    if (rest === '|' || rest === '|-') return this.#literal(indent, rest === '|' ? '\n' : '');
    if (rest !== '' && !rest.startsWith('#')) return this.#scalar(rest, indent);
    this.#advance();
    if (this.#indent > indent) return this.#node();
    return this.#indent === indent && isEntry(this.#content) ? this.#list(indent) : null;
  }

  #list(indent: number): unknown {
    const list: unknown[] = [];
    do {
      const entry = withoutStartSpaces(this.#content.slice(1));
      if (entry === '' || isEntry(entry)) throw new Unusual();
      if (KEY.test(entry)) {
        this.#indent = indent + this.#content.length - entry.length;
        this.#content = entry;
        list.push(this.#node());
      } else list.push(this.#scalar(entry, indent));
    } while (this.#indent === indent && isEntry(this.#content));
    if (this.#indent > indent) throw new Unusual();
    return list;
  }

  /** A scalar on the current line. Lines that are indented deeper would go on with it. */
  #scalar(text: string, indent: number): unknown {
    const value = readScalar(text);
    this.#advance();
    if (this.#indent > indent) throw new Unusual();
    return value;
  }

  /** The lines below that are indented deeper than `indent`, as they are. `end` is how they end. */
  #literal(indent: number, end: string): string {
    const first = this.#lines[this.#next] ?? '';
    const inner = indentOf(first);
    if (inner === first.length || inner <= indent) throw new Unusual();
    const lines: string[] = [];
    for (; this.#next < this.#lines.length; this.#next++) {
      const line = this.#lines[this.#next] ?? '';
      const blank = indentOf(line) === line.length;
      if (!blank && indentOf(line) < inner) break;
      lines.push(line.slice(inner));
    }
    // Without a line end after it, or with spaces in blank lines at its end, its end is another.
    if (this.#next === this.#lines.length && this.#lines.at(-1) !== '') throw new Unusual();
    while (lines.at(-1) === '') lines.pop();
    if (lines.at(-1)?.trim() === '') throw new Unusual();
    this.#advance();
    return `${lines.join('\n')}${end}`;
  }
}

function readScalar(text: string): unknown {
  if (text.startsWith('"')) return quoted(DOUBLE_QUOTED.exec(text));
  if (text.startsWith("'")) return quoted(SINGLE_QUOTED.exec(text));
  if (text === '{}') return {};
  if (text === '[]') return [];
  if (INDICATOR.test(text) || text.includes(': ') || text.includes(' #') || text.endsWith(':')) throw new Unusual();
  if (INTEGER.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null' || text === '~') return null;
  if (NUMBER.test(text) || SPECIAL.test(text)) throw new Unusual();
  return text;
}

function quoted(match: RegExpExecArray | null): string {
  if (match === null) throw new Unusual();
  return match[1] ?? '';
}

/** A key that stands twice, or a number that is no plain integer, is for the exact reader to judge. */
function readJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Unusual();
  }
  const written = text.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0;
  if (countKeys(value, 0) !== written) throw new Unusual();
  return value;
}

function countKeys(value: unknown, depth: number): number {
  if (depth > MAX_DEPTH) throw new Unusual();
  if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0))) throw new Unusual();
  if (typeof value !== 'object' || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const inner of Object.values(value)) count += countKeys(inner, depth + 1);
  return count;
}

/** Whether a line is an entry of a list. */
const isEntry = (content: string): boolean => content.startsWith('-') && (content.length === 1 || content[1] === ' ');

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === SPACE) indent++;
  return indent;
}

const SPACE = 0x20;

const withoutStartSpaces = (text: string): string => text.slice(indentOf(text));

function withoutEndSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === SPACE) end--;
  return text.slice(0, end);
}
