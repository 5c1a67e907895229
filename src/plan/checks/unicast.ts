/**
 * Pools with addresses that no load balancer can have: those of the host itself, of multicast, of a single link (RFC 6890,
 * RFC 4291). One finding a pool, at the first of its ranges that has some.
 */
import { writtenRanges } from '../../config/pool.js';
import { parseRange, type Range, rangesOverlap } from '../../net/range.js';
import { type Finding, findingAbout } from '../finding.js';
import type { World } from '../situation.js';

export function checkUnicast({ objects: { pools } }: World): Finding[] {
  return pools.flatMap((pool) => {
    const found = writtenRanges(pool.object).flatMap(({ index, text, range }) => {
      const block = BLOCKS.find((one) => rangesOverlap(one.range, range));
      return block === undefined ? [] : [{ index, text, block }];
    });
    const [first] = found;
    if (first === undefined) return [];
    const ranges = found.map(({ text, block }) => `"${text}" has ${block.what} (${block.prefix})`).join(', ');
    const message = `nobody can be reached at some addresses of pool "${pool.object.metadata.name}": ${ranges}`;
    return [findingAbout(pool, 'POOL_NOT_UNICAST', `spec.addresses[${first.index}]`, message)];
  });
}

interface Block {
  readonly prefix: string;
  readonly what: string;
  readonly range: Range;
}

const WORDS: Readonly<Record<string, string>> = {
  '127.0.0.0/8': 'loopback addresses',
  '0.0.0.0/8': 'addresses of "this network"',
  '224.0.0.0/4': 'multicast addresses',
  '240.0.0.0/4': 'reserved addresses',
  '::/127': 'the loopback or the unspecified address',
  'fe80::/10': 'link-local addresses',
  'ff00::/8': 'multicast addresses',
};

const BLOCKS: readonly Block[] = Object.entries(WORDS).flatMap(([prefix, what]) => {
  const range = parseRange(prefix);
  return range.ok ? [{ prefix, what, range: range.value }] : [];
});
