/**
 * Documents of a text in which every one is plain (plainyaml.ts); else nothing, and the exact reader (manifests.ts) must look.
 * The values and places are the same as that one's.
 */
import { readPlainYaml, Unusual } from './plainyaml.js';

export interface QuickDocument {
  readonly value: unknown;
  /** Offset in the text of the first thing that is neither blank nor comment. */
  readonly start: number;
}

/** Values of documents by their text: two trees of which one is a change of the other are nearly the same. */
export type DocumentCache = Map<string, unknown>;

/** Documents without anything in them are passed over. */
export function readQuickly(text: string, cache?: DocumentCache): readonly QuickDocument[] | undefined {
  const documents: QuickDocument[] = [];
  try {
    for (const { from, to } of pieces(text)) {
      const piece = text.slice(from, to);
      const start = (BLANK.exec(piece)?.[0] ?? '').length;
      if (start === piece.length) continue;
      const value = cache?.get(piece) ?? readPlainYaml(piece);
      cache?.set(piece, value);
      documents.push({ value, start: from + start });
    }
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
  return documents;
}

const BLANK = /^(?: *(?:#[^\n]*)?\n)*(?: *(?:#[^\n]*)?$)? */;
const MARK = /^---[^\n]*(?:\n|$)/gm;
const PLAIN_MARK = /^--- *(?: #[^\n]*)?\n?$/;
/** Directives and ends of documents. */
const UNUSUAL_LINE = /^(?:%|\.\.\.)/m;

/** What lies between the marks. Throws where a document begins on the line of its mark. */
function pieces(text: string): { readonly from: number; readonly to: number }[] {
  if (UNUSUAL_LINE.test(text)) throw new Unusual();
  const found: { from: number; to: number }[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(MARK)) {
    if (!PLAIN_MARK.test(mark)) throw new Unusual();
    found.push({ from, to: index });
    from = index + mark.length;
  }
  found.push({ from, to: text.length });
  return found;
}
