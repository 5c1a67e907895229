/**
 * The guide's blocks in its order, without its prose: a manifest, or commands with an empty line between them.
 */
import { readdirSync, readFileSync } from 'node:fs';

const FIXTURES = new URL('../../fixtures/guide/', import.meta.url);

export interface Block {
  /** `05-apply-ipaddresspool.sh` */
  readonly file: string;
  readonly text: string;
}

export const BLOCKS: readonly Block[] = readdirSync(FIXTURES)
  .sort()
  .map((file) => ({ file, text: readFileSync(new URL(file, FIXTURES), 'utf8') }));

/** The name that the guide gives a manifest, or would. */
export const nameOf = ({ file }: Block): string => file.replace(/^\d+-/, '');
