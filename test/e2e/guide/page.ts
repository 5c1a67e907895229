/** docs/guide.md: what each command said. */
import type { Substitution } from './substitutions.js';

export interface Told {
  /** Of its chapter. */
  readonly title: string;
  readonly command: string;
  readonly output: string;
}

const code = (text: string): string => `\`${text.replaceAll('\n', ' ').replace(/ +/g, ' ').replaceAll('|', '\\|').trim()}\``;

const HEAD = `# What do the Layer 2 guide's commands say here?

Each command of the guide on Layer 2 mode, in its order, in the cluster of [cluster.md](cluster.md), and what it said. \`npm run guide\` does it again and checks each;
with \`ARPEGGIO_WRITE_GUIDE=1\` it writes this page. The sections of the guide on pools and advertisements are alternatives to each other, so that those before
the complete configuration are removed before it is applied. Its manifests are the files of test/fixtures/guide, without their numbers.

Where the guide cannot be meant literally:

`;

export function formatPage(told: readonly Told[], substitutions: readonly Substitution[]): string {
  const rows = substitutions.map(({ text, by, why }) => [code(text), code(by), why]);
  const chapters = told.map(({ title, command, output }, index) => {
    const head = title === told[index - 1]?.title ? '' : `\n## ${title}\n`;
    return `${head}\n\`\`\`console\n$ ${command}\n${output.replaceAll('\r', '\n').trimEnd()}\n\`\`\`\n`;
  });
  return `${HEAD}${table([['in the guide', 'here', 'why'], ...rows])}${chapters.join('')}`;
}

/** As the house formats it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...body] = rows;
  return [head, widths.map((width) => '-'.repeat(width)), ...body].map(line).join('');
}
