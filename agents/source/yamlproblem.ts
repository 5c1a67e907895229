/**
 * What the YAML reader's error codes mean to the person who wrote the file. The reader's own words stay where they help.
 */
const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab where spaces must stand: YAML is indented with spaces only',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key:" inside a value: quote the value, or the next line is indented too far',
  MULTILINE_IMPLICIT_KEY: 'a key that runs over several lines: a colon is missing, or the line before is indented wrongly',
  BAD_INDENT: 'indented differently from what it belongs to',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  BAD_DQ_ESCAPE: 'an unknown escape in a "double-quoted" text: use single quotes, or write \\\\ for a backslash',
  BAD_SCALAR_START: 'a value that begins with a character YAML reserves (@ ` % and others): quote it',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};

const LONGEST = 200;

/** A sentence for the error `code`; `raw` is the reader's own message. */
export function explainYaml(code: string, raw: string): string {
  const unclosed = /closing (["'])quote|end with a ([\]}])/.exec(raw);
  if (unclosed !== null) return `the file ends, or the indentation, before a closing ${unclosed[1] ?? unclosed[2]}`;
  if (code === 'UNEXPECTED_TOKEN') return `something stands where nothing can: ${readers(raw)}`;
  return SENTENCES[code] ?? readers(raw);
}

function readers(raw: string): string {
  const text = raw.charAt(0).toLowerCase() + raw.slice(1);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
