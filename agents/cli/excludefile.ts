/**
 * MetalLB's list of interfaces that are never answered on: the ConfigMap `metallb-excludel2` as a file (metallb-behaviour §1.6). It is read
 * once, at the start.
 */
import { readFileSync } from 'node:fs';
import { isRecord } from '../../src/api/value.js';
import { type Issue, issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { parseExclusion } from '../../src/layer2/selection.js';
import { isMissing, reasonOf } from '../runtime/systemerror.js';
import { readPlainYaml, Unusual } from '../source/plainyaml.js';

/** Where MetalLB's DaemonSet mounts it. */
export const EXCLUDE_FILE = '/etc/metallb/excludel2.yaml';
const LIST = 'announcedInterfacesToExclude';

/** Undefined where there is no such file. A list that is empty or absent excludes nothing, as MetalLB has it. */
export async function readExclusions(file: string): Promise<Parsed<readonly string[] | undefined>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return parsed(undefined);
    return malformed(unusable(file, `cannot be read: ${reasonOf(error)}`));
  }
  try {
    return exclusionsIn(await readYaml(text), file);
  } catch (error) {
    return malformed(unusable(file, `is not YAML: ${firstLineOf(reasonOf(error))}`));
  }
}

function exclusionsIn(value: unknown, file: string): Parsed<readonly string[]> {
  const entry = isRecord(value) ? Object.entries(value).find(([name]) => name.toLowerCase() === LIST.toLowerCase()) : undefined;
  const list = entry?.[1] ?? [];
  const isNothing = value === undefined || value === null;
  if (!Array.isArray(list) || !(isNothing || isRecord(value))) return malformed(unusable(file, `has no list ${LIST}`));
  const issues = list.flatMap((one, i) => {
    const path = `${LIST}[${i}]`;
    if (typeof one !== 'string') return [issue('INTERFACE_EXCLUDE_INVALID', path, `${JSON.stringify(one)} is no text`)];
    const read = parseExclusion(one, path);
    return read.ok ? [] : read.issues;
  });
  const [first, ...others] = issues;
  return first === undefined ? parsed(list) : malformed(first, ...others);
}

/** The reader of all YAML is loaded only for what is written in an unusual way. */
async function readYaml(text: string): Promise<unknown> {
  if (text.trim() === '') return undefined;
  try {
    return readPlainYaml(text);
  } catch (error) {
    if (!(error instanceof Unusual)) throw error;
    return (await import('yaml')).parse(text);
  }
}

const unusable = (file: string, why: string): Issue => issue('INTERFACE_EXCLUDE_INVALID', '', `${file} ${why}`);

/** A parser shows the place below. */
const firstLineOf = (text: string): string => text.split('\n')[0] ?? '';
