/**
 * Every command and manifest of the Layer 2 guide, in its order, in a cluster of three real Nodes. With ARPEGGIO_WRITE_GUIDE set, what they
 * said is written to docs/guide.md.
 */
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../constructs/support.js';
import { canHavePromtool, PROMTOOL } from '../../prometheus/promtool.js';
import { until } from '../../support/until.js';
import { canHaveRealCluster, RealCluster } from '../realcluster.js';
import { IMAGE } from '../workload.js';
import { BLOCKS, type Block, nameOf } from './fixtures.js';
import { formatPage, type Told } from './page.js';
import { PRESUPPOSED } from './presupposed.js';
import { type Chapter, type Line, STORY } from './story.js';
import { substitute, substitutions } from './substitutions.js';

const LONG_MS = 300_000;
/** Pods start, and a machine may have other work. */
const SOON_MS = 30_000;
/** Done once; what only looks is done again until it sees what is to come. */
const CHANGES = /^(?:for |kubectl (?:apply|cordon|create|delete|drain|label|uncordon) )/;

const isPossible = ({ command }: Line): boolean => canHavePromtool() || !/\bpromtool\b/.test(command);

const commandsOf = (block: Block, { says }: Chapter): readonly string[] => {
  if (block.file.endsWith('.sh')) return block.text.trim().split('\n\n');
  return says.length === 0 ? [] : [`kubectl apply -f ${nameOf(block)}`];
};
const chapters = BLOCKS.map((block) => {
  const chapter = STORY.find(({ file }) => file === block.file) ?? { file: block.file, title: block.file, says: [] };
  const commands = commandsOf(block, chapter);
  const ofGuide: readonly Line[] = commands.map((command, index) => ({ command, says: chapter.says[index] ?? [] }));
  return { ...chapter, commands, lines: [...(chapter.before ?? []), ...ofGuide, ...(chapter.besides ?? [])] };
});

test('something is expected of every command', () => {
  expect(STORY.map(({ file }) => file)).toEqual(BLOCKS.map(({ file }) => file));
  expect(chapters.map(({ file, says }) => [file, says.length])).toEqual(
    chapters.map(({ file, commands }) => [file, commands.length]),
  );
});

describe.runIf(canHaveRealCluster())('the guide', () => {
  const cluster = new RealCluster();
  let folder = '';
  const told: Told[] = [];
  let leader = 'node-1';

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/arpeggio-guide-');
    writeFiles(folder);
    await cluster.up();
  }, LONG_MS);

  afterAll(async () => {
    await cluster.down();
    rmSync(folder, { recursive: true });
    if (process.env['ARPEGGIO_WRITE_GUIDE'])
      writeFileSync(join(ROOT, 'docs/guide.md'), formatPage(told, substitutions(IMAGE, 'the leader')));
  }, LONG_MS);

  /** As a reader would in a terminal: what comes on either stream counts. */
  async function tell(chapter: Chapter, { command, says, files }: Line): Promise<void> {
    const line = substitute(command, substitutions(IMAGE, leader));
    for (const [name, text] of Object.entries((await files?.(cluster)) ?? {})) writeFileSync(join(folder, name), text);
    const run = async (): Promise<string> => {
      const { stdout, stderr } = await cluster.command(['shell', 'bash', '-c', `cd ${folder}\nPATH=$PATH:${folder}\n${line}`]);
      return `${stdout}${stderr}`;
    };
    let output = '';
    const isAsExpected = async (): Promise<boolean> => {
      output = await run();
      return says.every((one) => one.test(output));
    };
    if (CHANGES.test(line)) await isAsExpected();
    else await until(`“${line}” says what is to come`, isAsExpected, SOON_MS).catch(() => undefined);
    told.push({ title: chapter.title, command: line, output });
    for (const one of says) expect(output).toMatch(one);
    leader = /announcing from node "([^"]+)"/.exec(output)?.[1] ?? leader;
  }

  describe.each(chapters.filter(({ lines }) => lines.length > 0))('$file', (chapter) => {
    const [possible, others] = [chapter.lines.filter(isPossible), chapter.lines.filter((line) => !isPossible(line))];
    test.each(possible)('$command', (line) => tell(chapter, line), LONG_MS);
    test.skip.each(others)('$command', () => undefined);
  });
});

/** What the guide's commands name. */
function writeFiles(folder: string): void {
  const write = (name: string, text: string): void =>
    writeFileSync(join(folder, name), substitute(text, substitutions(IMAGE, 'node-1')));
  for (const block of BLOCKS) write(nameOf(block), block.text);
  // The guide prints the two by themselves, and applies them as one file.
  const demo = BLOCKS.filter(({ file }) => file.endsWith('-nginx-demo.yaml') || file.endsWith('-nginx-lb.yaml'));
  write('nginx-demo.yaml', demo.map(({ text }) => text).join('---\n'));
  for (const [name, text] of Object.entries(PRESUPPOSED)) writeFileSync(join(folder, name), text);
  copyFileSync(join(ROOT, 'install.yaml'), join(folder, 'install.yaml'));
  symlinkSync(PROMTOOL, join(folder, 'promtool'));
}
