/**
 * The quick reader of YAML: ten times as fast as the exact one (manifests.ts), for text that is as plain as nearly all
 * manifests are. It gives the same values or nothing: whatever is unusual (anchors, tags, directives, numbers that are not
 * plain decimal integers, `yes` and `off`, a mistake) is left to the exact reader, which also knows lines and columns.
 */
import { FAILSAFE_SCHEMA, load, type Schema, Type } from 'js-yaml';

export interface QuickDocument {
  readonly value: unknown;
  /** Offset in the text of the first thing that is neither blank nor comment. */
  readonly start: number;
}

/** Values of documents by their text: two trees of which one is a change of the other are nearly the same. */
export type DocumentCache = Map<string, unknown>;

/** Undefined: the exact reader must look. Documents without anything in them are passed over. */
export function readQuickly(text: string, cache?: DocumentCache): readonly QuickDocument[] | undefined {
  if (UNUSUAL_TEXT.test(text) || isDeep(text)) return undefined;
  const documents: QuickDocument[] = [];
  try {
    for (const { from, to } of pieces(text)) {
      const piece = text.slice(from, to);
      const start = (BLANK.exec(piece)?.[0] ?? '').length;
      if (start === piece.length) continue;
      const value = cache?.get(piece) ?? load(piece, OPTIONS);
      cache?.set(piece, value);
      if (value !== null) documents.push({ value, start: from + start });
    }
  } catch {
    return undefined;
  }
  return documents;
}

/**
 * Anchors, aliases and tags; directives, ends of documents, and documents that begin on the line of their mark; tabs where
 * indentation counts; quoted text of several lines; entries of lists with nothing on their line; text in blocks of a given
 * indentation; keys that are marked, or null; characters that end lines in one version of YAML only.
 */
const UNUSUAL_TEXT = new RegExp(
  [
    String.raw`(?:^|[\s[{,:?-])[&*!][^\s&|=]`,
    String.raw`^(?:%|\.\.\.|---[ \t]*[^\s#]|[ ]+---)`,
    String.raw`(?:^|[-:?,[{])[ ]*\t`,
    String.raw`(?:^|[\s:,[{-])(?:"(?:[^"\\\n]|\\.)*|'(?:[^'\n]|'')*)\\?$`,
    '^[ ]*(?:-[ ]+)*-[ ]*(?:#.*)?\\r?$',
    '[|>][-+]?[1-9][-+]?[ ]*(?:#.*)?$',
    String.raw`(?:^|[\s{[,-])[?](?:\s|$)`,
    String.raw`(?:^|[\s{,?-])(?:null|~)?[ ]*:(?=\s|$)`,
    String.raw`[\uFEFF\u0000-\u0008\u000B\u000C\u000E-\u001F\u0085\u2028\u2029]`,
  ].join('|'),
  'm',
);
const BLANK = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?:[ \t]*(?:#[^\n]*)?$)?[ ]*/;
const MARK = /^---[^\n]*(?:\n|$)/gm;

/** Nested deeper than the exact reader goes, or nearly: by brackets that are open at once, or by indentation. */
function isDeep(text: string): boolean {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) open++;
    else if ((code === 0x5d || code === 0x7d) && open > 0) open--;
    if (open > MOST_OPEN) return true;
  }
  return DEEP_INDENTATION.test(text);
}

const MOST_OPEN = 100;
const DEEP_INDENTATION = /^[ -]{100}/m;

/** What lies between the marks. */
function pieces(text: string): { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(MARK)) {
    found.push({ from, to: index });
    from = index + mark.length;
  }
  found.push({ from, to: text.length });
  return found;
}

class Unusual extends Error {}

/** Everything that YAML 1.1 might read as a number. */
const NUMBER =
  /^[-+]?(?:0[bo]?[0-9_]*|0x[0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?|\.[0-9_]*(?:[eE][-+]?[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))$/;
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Words that YAML 1.1 reads as something else than text, in some spelling. */
const SPECIAL = /^(?:y|n|yes|no|on|off|true|false|null|<<|=)$/i;

/** Whether the text of a plain scalar means something else than itself, and we know what. */
function isResolved(source: string | null): boolean {
  if (source === null || source === '~' || source === 'null' || source === 'true' || source === 'false') return true;
  if (INTEGER.test(source)) return true;
  if (NUMBER.test(source) || SPECIAL.test(source)) throw new Unusual();
  return false;
}

function resolved(source: string | null): unknown {
  switch (source) {
    case null:
    case '~':
    case 'null':
      return null;
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      return Number(source);
  }
}

const SCHEMA: Schema = FAILSAFE_SCHEMA.extend({
  implicit: [new Type('tag:arpeggio.dev,2026:plain', { kind: 'scalar', resolve: isResolved, construct: resolved })],
});
const OPTIONS = { schema: SCHEMA };
