/**
 * YAML as kubectl reads it (YAML 1.1 without base-60 numbers and dates), for tests of what is in it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ParsedNode, parseAllDocuments } from 'yaml';
import type { Sourced } from '../../src/api/object.js';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

export function parseManifests(text: string): Manifest[] {
  const documents = parseAllDocuments<ParsedNode>(text, {
    version: '1.1',
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp')),
  });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => (document.contents === null ? [] : [document.toJS() as Manifest]));
}

/** The text of every YAML file of a folder, by name; nothing where there is no such folder. */
export function yamlFiles(folder: URL): readonly { readonly file: string; readonly text: string }[] {
  const path = fileURLToPath(folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ file, text: readFileSync(`${path}/${file}`, 'utf8') }));
}

/** Object `i` stands on line `i + 1` of objects.yaml. */
export const sourced = (objects: readonly unknown[]): Sourced<unknown>[] =>
  objects.map((object, i) => ({ object, locate: () => ({ file: 'objects.yaml', line: i + 1 }) }));
