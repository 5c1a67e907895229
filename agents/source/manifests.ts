/**
 * The exact reader of YAML and JSON, and the only one that others call. Text becomes objects as kubectl would read them (sigs.k8s.io/yaml: YAML 1.1 without
 * base-60 numbers and without dates), each with a way back to its line and column.
 *
 * Nothing in the text can throw or exhaust the process: size, nesting and aliases are bounded, and whatever is wrong is an
 * issue. A document without a mistake is returned even when its neighbour has one.
 */
import {
  Composer,
  type Document,
  type DocumentOptions,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  type ParsedNode,
  type ParseOptions,
  Parser,
  Schema,
  type SchemaOptions,
  type YAMLMap,
} from 'yaml';
import type { Sourced } from '../../src/api/object.js';
import { type Issue, issue, type Source } from '../../src/issue/issue.js';
import { Lines } from './lines.js';
import { type DocumentCache, readQuickly } from './quickmanifests.js';
import { explainYaml } from './yamlproblem.js';

export interface Manifests {
  readonly documents: readonly Sourced<unknown>[];
  readonly issues: readonly Issue[];
}

/** No manifest comes near it; a bigger file is not ours, or an accident. */
export const MAX_FILE_BYTES: number = 8 * 1024 * 1024;
/** Kubernetes objects nest about 20 deep; the reader behind us recurses and must not meet a bomb. */
const MAX_DEPTH = 200;
const MAX_ALIASES = 100;
/** Words, marks and line ends of a file: 10,000 Services have about a million. Each costs up to a kilobyte while it is read. */
const MAX_LEXEMES = 1_500_000;

/** A number has a digit before its exponent or at its point; the library takes `e0` and `.` for numbers, too. */
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$/;
const FRACTION = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/;

/** Built once: the library would build one for each document. It outranks a %YAML directive, which kubectl ignores too. */
const SCHEMA = new Schema({
  schema: 'yaml-1.1',
  resolveKnownTags: false,
  customTags: (tags) =>
    tags
      .filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && !/:(timestamp|binary|omap|pairs|set)$/.test(tag.tag)))
      .map((tag) => (typeof tag !== 'string' && 'test' in tag && tag.test?.test('.') ? { ...tag, test: FRACTION } : tag))
      .map((tag) => (typeof tag !== 'string' && 'test' in tag && tag.test?.test('e0') ? { ...tag, test: EXPONENT } : tag)),
});

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  schema: SCHEMA,
  prettyErrors: false,
  // The library compares every key with every other; `mistakeIn` finds duplicates in one pass.
  uniqueKeys: false,
};

/** {@link readManifests} of the bytes of a file, which must be UTF-8. */
export function decodeManifests(bytes: Uint8Array, file: string, options: ReadOptions = {}): Manifests {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { documents: [], issues: [issue('YAML_MALFORMED', '', 'the file is not UTF-8 text', { file })] };
  }
  return readManifests(text, file, options);
}

export interface ReadOptions {
  /** @default MAX_FILE_BYTES */
  readonly maxBytes?: number;
  /** For whoever reads nearly the same text again: equal documents are then one value. */
  readonly cache?: DocumentCache;
}

/** Reads every document of `text`. Empty documents are passed over. */
export function readManifests(text: string, file: string, { maxBytes = MAX_FILE_BYTES, cache }: ReadOptions = {}): Manifests {
  if (text.length > maxBytes) {
    const message = `the file is bigger than ${maxBytes / 1024 / 1024} MiB, and is not read`;
    return { documents: [], issues: [issue('FILE_UNREADABLE', '', message, { file })] };
  }
  const quick = readQuickly(text, cache);
  if (quick === undefined) return readExactly(text, file);
  const places = new Places(text, file);
  const documents = quick.map(({ value, start }) => ({
    object: value,
    locate: (path: string): Source => places.locate(start, path),
  }));
  return { documents, issues: [] };
}

/** As {@link readManifests}, without a short cut. */
export function readExactly(text: string, file: string): Manifests {
  const places = new Places(text, file);
  const documents: Sourced<unknown>[] = [];
  const issues: Issue[] = [];
  const stream = compose(text);
  let next = stream.next();
  for (; next.done !== true; next = stream.next()) {
    const document = next.value;
    const mistake = firstError(document) ?? mistakeIn(document);
    const value = mistake ?? plainValue(document);
    if (isMistake(value)) {
      issues.push(issue('YAML_MALFORMED', '', value.message, places.at(value.offset)));
      // What follows a broken document may be its continuation.
      if (mistake !== undefined) return { documents, issues };
    } else if (value.plain !== null) {
      const start = document.contents?.range[0] ?? 0;
      documents.push({ object: value.plain, locate: (path) => places.locate(start, path) });
    }
  }
  if (next.value !== undefined) issues.push(issue('YAML_MALFORMED', '', next.value.message, places.at(next.value.offset)));
  return { documents, issues };
}

type ReadDocument = Document.Parsed<ParsedNode, boolean>;

interface Mistake {
  readonly offset: number;
  readonly message: string;
}

const isMistake = (value: Mistake | { readonly plain: unknown }): value is Mistake => 'message' in value;

/**
 * Yields one document after the other, and returns what made it give up: nesting deeper than MAX_DEPTH (`stack` is how deep
 * the parser is right now), more text than MAX_LEXEMES, or something the library could not bear.
 */
function* compose(text: string): Generator<ReadDocument, Mistake | undefined> {
  const parser = new Parser();
  const composer = new Composer<ParsedNode, boolean>(OPTIONS);
  let lexemes = 0;
  try {
    for (const lexeme of new Lexer().lex(text)) {
      if (++lexemes > MAX_LEXEMES)
        return { offset: parser.offset, message: `more than ${MAX_LEXEMES} words and marks; divide the file` };
      for (const token of parser.next(lexeme)) yield* composer.next(token);
      if (parser.stack.length > MAX_DEPTH) {
        return { offset: parser.offset, message: `nested more than ${MAX_DEPTH} levels deep` };
      }
    }
    for (const token of parser.end()) yield* composer.next(token);
    yield* composer.end();
    return undefined;
  } catch (error) {
    return { offset: parser.offset, message: `cannot be read: ${String(error)}` };
  }
}

function firstError(document: ReadDocument): Mistake | undefined {
  const [error] = document.errors;
  return error === undefined ? undefined : { offset: error.pos[0], message: explainYaml(error.code, error.message) };
}

/** What the library lets pass: a key given twice, an alias of nothing, an alias of a node it stands in. */
function mistakeIn(document: ReadDocument): Mistake | undefined {
  const anchors = new Map<string, 'open' | 'closed'>();
  const visit = (node: unknown): Mistake | undefined => {
    if (isAlias(node)) return aliasMistake(node.source, node.range?.[0] ?? 0, anchors.get(node.source));
    if (!isMap(node) && !isSeq(node)) {
      if (isScalar(node) && node.anchor !== undefined) anchors.set(node.anchor, 'closed');
      return undefined;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, 'open');
    const mistake = isMap(node)
      ? (duplicateKey(node) ?? firstOf(node.items, (pair) => visit(pair.key) ?? visit(pair.value)))
      : firstOf(node.items, visit);
    if (node.anchor !== undefined) anchors.set(node.anchor, 'closed');
    return mistake;
  };
  return visit(document.contents);
}

function aliasMistake(name: string, offset: number, state: 'open' | 'closed' | undefined): Mistake | undefined {
  switch (state) {
    case 'closed':
      return undefined;
    case 'open':
      return { offset, message: `the alias *${name} stands inside the value it stands for` };
    case undefined:
      return { offset, message: `the alias *${name} has no anchor &${name} before it` };
  }
}

function duplicateKey(map: YAMLMap): Mistake | undefined {
  const seen = new Set<string>();
  return firstOf(map.items, ({ key }) => {
    if (!isScalar(key)) return undefined;
    const name = typeof key.value === 'symbol' ? '<<' : String(key.value);
    if (seen.has(name)) return { offset: key.range?.[0] ?? 0, message: `the key "${name}" is given twice in one mapping` };
    seen.add(name);
    return undefined;
  });
}

function firstOf<T>(items: Iterable<T>, find: (item: T) => Mistake | undefined): Mistake | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function plainValue(document: ReadDocument): Mistake | { readonly plain: unknown } {
  try {
    return { plain: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (error) {
    const expands = error instanceof ReferenceError;
    const message = expands ? 'its aliases expand to more than is read' : `cannot be read: ${String(error)}`;
    return { offset: document.contents?.range[0] ?? 0, message };
  }
}

interface Tree {
  /** By the offset at which they start. */
  readonly documents: ReadonlyMap<number, ReadDocument>;
  readonly keys: KeyIndex;
}

/**
 * Lines and columns of one file, worked out when somebody asks: of most objects only their beginning. What that takes is kept only
 * as long as the memory is not needed.
 */
class Places {
  readonly #text: string;
  readonly #file: string;
  #lines: WeakRef<Lines> | undefined;
  #tree: WeakRef<Tree> | undefined;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  at(offset: number): Source {
    let lines = this.#lines?.deref();
    if (lines === undefined) {
      lines = new Lines(this.#text);
      this.#lines = new WeakRef(lines);
    }
    return { file: this.#file, ...lines.at(offset) };
  }

  /** The place of `path` in the document that starts at `start`, or of the nearest node above it. */
  locate(start: number, path: string): Source {
    if (path === '') return this.at(start);
    let tree = this.#tree?.deref();
    if (tree === undefined) {
      const documents = [...compose(this.#text)].map((document) => [document.contents?.range[0] ?? 0, document] as const);
      tree = { documents: new Map(documents), keys: new KeyIndex() };
      this.#tree = new WeakRef(tree);
    }
    return this.at(nearestOffset(tree.documents.get(start)?.contents, path, tree.keys) ?? start);
  }
}

/** Follows `spec.addresses[1]` as far as the tree goes. */
function nearestOffset(root: Node | null | undefined, path: string, keys: KeyIndex): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  let rest = path;
  while (rest !== '') {
    const step = isMap(node) ? mapStep(keys.of(node), rest) : isSeq(node) ? seqStep(node.items, rest) : undefined;
    if (step === undefined) return offset;
    ({ node, offset, rest } = step);
  }
  return offset;
}

interface Step {
  readonly node: unknown;
  readonly offset: number | undefined;
  readonly rest: string;
}

/** The pairs of each mapping by key, made once: a lock file has thousands in one. */
class KeyIndex {
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

  of(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known;
    const made = new Map(map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])));
    this.#pairs.set(map, made);
    return made;
  }
}

/** A key is a plain word, or quoted in brackets. Bare keys with dots are taken too: the longest that is there. */
function mapStep(pairs: ReadonlyMap<string, Pair>, rest: string): Step | undefined {
  for (const { key, length } of possibleKeys(rest)) {
    const pair = pairs.get(key);
    if (pair !== undefined) return { node: pair.value, offset: pairOffset(pair), rest: rest.slice(length).replace(/^\./, '') };
  }
  return undefined;
}

function possibleKeys(rest: string): { readonly key: string; readonly length: number }[] {
  const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(rest);
  if (quoted !== null) return [{ key: (quoted[1] ?? '').replace(/\\(.)/g, '$1'), length: quoted[0].length }];
  const ends = [...rest.matchAll(/[.[]/g)].map(({ index }) => index).reverse();
  return [rest.length, ...ends].map((length) => ({ key: rest.slice(0, length), length }));
}

function seqStep(items: readonly unknown[], rest: string): Step | undefined {
  const [matched, digits] = /^\[(\d+)\]\.?/.exec(rest) ?? [];
  if (matched === undefined) return undefined;
  const node = items[Number(digits)];
  return node === undefined ? undefined : { node, offset: startOf(node), rest: rest.slice(matched.length) };
}

/** Where the value stands, or the key when the value is empty or a block that begins on a later line. */
function pairOffset({ key, value }: Pair): number | undefined {
  const block = (isMap(value) || isSeq(value)) && value.flow !== true;
  const empty = isScalar(value) && value.range !== undefined && value.range !== null && value.range[0] === value.range[1];
  return block || empty || value === null ? startOf(key) : startOf(value);
}

function startOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined;
}
