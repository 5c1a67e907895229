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

/** Everything that YAML 1.1 might read as a number. */
const NUMBER =
  /^[-+]?(?:0[bo]?[0-9_]*|0x[0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?|\.[0-9_]*(?:[eE][-+]?[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Words that YAML 1.1 reads as something else than text, in some spelling. */
const SPECIAL = /^(?:y|n|yes|no|on|off|true|false|null|~|<<|=)$/i;
const LONGEST_SPECIAL = 'false'.length;
const DOUBLE_QUOTED = /^"([^"\\]*)"(?: +#.*)?$/;
const SINGLE_QUOTED = /^'([^']*)'(?: +#.*)?$/;
/** What no plain scalar begins with, or begins with only when it means something. */
const INDICATOR = /^(?:[&*!|>%@`,?#\]}{[]|[-:](?: |$))/;
/** Most scalars: text, unless it is {@link SPECIAL}. */
const WORD = /^[A-Za-z_/][A-Za-z0-9_./-]*$/;
const MAX_DEPTH = 50;

/**
 * Goes through the lines once. The current line is the one that is being read, without the spaces around it. Its parts are
 * cut out of the text only when they are values: most of the memory a reader takes is for what it cuts.
 */
class Reader {
  readonly #text: string;
  /** Where the line after the current one begins; after the end of the text: there is none. */
  #next = 0;
  /** −1: there is no more line. */
  #indent = -1;
  #from = 0;
  #to = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#advance();
  }

  isJson(): boolean {
    return this.#code(this.#from) === BRACE;
  }

  read(): unknown {
    const value = this.#node();
    if (this.#indent !== -1) throw new Unusual();
    return value;
  }

  /** To the next line that is neither blank nor a comment. */
  #advance(): void {
    while (this.#next <= this.#text.length) {
      const start = this.#next;
      const end = this.#endOfLine(start);
      this.#next = end + 1;
      const from = afterSpaces(this.#text, start, end);
      if (from === end || this.#code(from) === HASH) continue;
      this.#indent = from - start;
      this.#from = from;
      this.#to = beforeSpaces(this.#text, from, end);
      return;
    }
    this.#indent = -1;
    this.#from = this.#to = this.#text.length;
  }

  #endOfLine(from: number): number {
    const end = this.#text.indexOf('\n', from);
    return end === -1 ? this.#text.length : end;
  }

  #code(at: number): number {
    return this.#text.charCodeAt(at);
  }

  #node(): unknown {
    if (++this.#depth > MAX_DEPTH) throw new Unusual();
    const value = this.#isEntry(this.#from) ? this.#list(this.#indent) : this.#mapping(this.#indent);
    this.#depth--;
    return value;
  }

  #mapping(indent: number): unknown {
    const mapping: Record<string, unknown> = {};
    do {
      const end = this.#endOfKey(this.#from);
      if (end === undefined) throw new Unusual();
      const isQuoted = this.#code(this.#from) === QUOTE;
      const key = isQuoted ? this.#text.slice(this.#from + 1, end - 1) : this.#text.slice(this.#from, end);
      if (key === '__proto__' || Object.hasOwn(mapping, key)) throw new Unusual();
      if (!isQuoted && key.length <= LONGEST_SPECIAL && SPECIAL.test(key)) throw new Unusual();
      mapping[key] = this.#value(afterSpaces(this.#text, end + 1, this.#to), indent);
    } while (this.#indent === indent && !this.#isEntry(this.#from));
    if (this.#indent >= indent) throw new Unusual();
    return mapping;
  }

  /** Where the colon is behind a key that no version of YAML takes for anything but text; undefined: there is no such key. */
  #endOfKey(from: number): number | undefined {
    let at = from;
    if (this.#code(at) === QUOTE) {
      at++;
      while (at < this.#to && this.#code(at) !== QUOTE && this.#code(at) !== BACKSLASH) at++;
      if (at === this.#to || this.#code(at++) !== QUOTE) return undefined;
    } else {
      if (!isKeyStart(this.#code(at))) return undefined;
      do at++;
      while (at < this.#to && isKeyPart(this.#code(at)));
    }
    const isKey = at < this.#to && this.#code(at) === COLON && (at + 1 === this.#to || this.#code(at + 1) === SPACE);
    return isKey ? at : undefined;
  }

  /** Of a key that stands at `indent`: on its line, from `from`, or on the lines below. */
  #value(from: number, indent: number): unknown {
    if (from < this.#to && this.#code(from) === BAR) {
      const mark = this.#text.slice(from, this.#to);
      if (mark === '|' || mark === '|-') return this.#literal(indent, mark === '|' ? '\n' : '');
    }
    if (from < this.#to && this.#code(from) !== HASH) return this.#scalar(from, indent);
    this.#advance();
    if (this.#indent > indent) return this.#node();
    return this.#indent === indent && this.#isEntry(this.#from) ? this.#list(indent) : null;
  }

  #list(indent: number): unknown {
    // A list that begins with what it holds has room for just that; most hold one.
    const list = [this.#entry(indent)];
    while (this.#indent === indent && this.#isEntry(this.#from)) list.push(this.#entry(indent));
    if (this.#indent > indent) throw new Unusual();
    return list;
  }

  #entry(indent: number): unknown {
    const from = afterSpaces(this.#text, this.#from + 1, this.#to);
    if (from === this.#to || this.#isEntry(from)) throw new Unusual();
    if (this.#endOfKey(from) === undefined) return this.#scalar(from, indent);
    this.#indent = indent + from - this.#from;
    this.#from = from;
    return this.#node();
  }

  /** Whether what stands at `from`, in the current line, is an entry of a list. */
  #isEntry(from: number): boolean {
    return this.#code(from) === DASH && (from + 1 === this.#to || this.#code(from + 1) === SPACE);
  }

  /** The scalar from `from` to the end of the current line. Lines that are indented deeper would go on with it. */
  #scalar(from: number, indent: number): unknown {
    const value = readScalar(this.#text.slice(from, this.#to));
    this.#advance();
    if (this.#indent > indent) throw new Unusual();
    return value;
  }

  /** The lines below that are indented deeper than `indent`, as they are. `last` is how they end. */
  #literal(indent: number, last: string): string {
    const text = this.#text;
    const first = this.#endOfLine(this.#next);
    const inner = afterSpaces(text, this.#next, first) - this.#next;
    if (this.#next + inner >= first || inner <= indent) throw new Unusual();
    const lines: string[] = [];
    while (this.#next <= text.length) {
      const end = this.#endOfLine(this.#next);
      const from = afterSpaces(text, this.#next, end);
      if (from < end && from - this.#next < inner) break;
      lines.push(text.slice(Math.min(this.#next + inner, end), end));
      this.#next = end + 1;
    }
    // Without a line end after it, or with spaces in blank lines at its end, its end is another.
    if (this.#next > text.length && !text.endsWith('\n')) throw new Unusual();
    while (lines.at(-1) === '') lines.pop();
    if (lines.at(-1)?.trim() === '') throw new Unusual();
    this.#advance();
    return `${lines.join('\n')}${last}`;
  }
}

function readScalar(text: string): unknown {
  if (WORD.test(text) && (text.length > LONGEST_SPECIAL || !SPECIAL.test(text))) return text;
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

/** `[A-Za-z_]`. */
const isKeyStart = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;

/** `[A-Za-z0-9_./-]`. */
const isKeyPart = (code: number): boolean => isKeyStart(code) || (code >= 0x2d && code <= 0x39);

/** The offset of the first other character than a space, at most `end`. */
function afterSpaces(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) === SPACE) at++;
  return at;
}

/** The offset behind the last other character than a space, at least `start`. */
function beforeSpaces(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && text.charCodeAt(at - 1) === SPACE) at--;
  return at;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const DASH = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BAR = 0x7c;
