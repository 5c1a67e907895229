/**
 * What the view thread takes to rank the addresses of a large cluster: all of them at a start, and what is left to do when one node or one
 * address comes or goes.
 */
import { readObjects } from '../../../src/api/objects.js';
import { compileConfig } from '../../../src/config/compile.js';
import { type AddressedService, type AnnouncementsInput, announcementsFor } from '../../../src/layer2/announcements.js';
import { keepOnly, newRankingMemory, type RankingMemory } from '../../../src/layer2/rankingmemory.js';
import { parseAddress } from '../../../src/net/address.js';
import { pool, service } from '../../lab/manifests.js';
import { type Figures, figure, median } from '../figures.js';

const ROUNDS = 9;
const ADDRESSES = 10_000;
const NODES = 100;

export async function run(): Promise<Figures> {
  const all = inputOf(ADDRESSES + 1, NODES + 1);
  const fewer = { ...all, services: all.services.slice(0, ADDRESSES), nodes: all.nodes.slice(0, NODES) };
  const what = `${ADDRESSES} addresses over ${NODES} nodes, median of ${ROUNDS}`;
  const from = 'the same when they are ranked already, and';
  return [
    figure('failover.rank10kMs', first(fewer), 'ms', `${what}; at most 1,000`),
    figure('failover.rank10kSpreadMs', first({ ...fewer, spread: true }), 'ms', 'the same with --spread; at most 1,000'),
    figure('failover.rerankMs', again(fewer, { ...fewer, nodes: all.nodes }), 'ms', `${from} one node comes`),
    figure('failover.rerankGoneMs', again({ ...fewer, nodes: all.nodes }, fewer), 'ms', `${from} one node goes`),
    figure('failover.rerankAddressMs', again(fewer, { ...fewer, services: all.services }), 'ms', `${from} one address comes`),
    figure('failover.rerankSameMs', again(fewer, fewer), 'ms', `${from} nothing changes`),
    figure(
      'failover.rerankSpreadMs',
      again({ ...fewer, spread: true }, { ...fewer, nodes: all.nodes, spread: true }),
      'ms',
      `${from} one node comes, with --spread`,
    ),
  ];
}

function inputOf(addresses: number, nodes: number): AnnouncementsInput {
  const ips = Array.from({ length: addresses }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  const node = (i: number): object => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${i}` } });
  const given = [
    ...pool('pool', ['10.1.0.0/16']),
    ...ips.map((_, i) => service(`s${i}`)),
    ...Array.from({ length: nodes }, (_, i) => node(i)),
  ];
  const { objects } = readObjects(given.map((object) => ({ object, locate: () => undefined })));
  const { config } = compileConfig(objects);
  if (config === undefined) throw new Error('the objects of the bench are wrong');
  const services = objects.services.flatMap((one, i): AddressedService[] => {
    const address = parseAddress(ips[i] ?? '');
    return address.ok ? [{ service: one, addresses: [address.value] }] : [];
  });
  const { endpointSlices } = objects;
  return { config, services, nodes: objects.nodes, endpointSlices, self: 'node-0', withoutSlices: 'serves-everywhere' };
}

const first = (input: AnnouncementsInput): number =>
  median(Array.from({ length: ROUNDS }, () => timed(() => rank(input, newRankingMemory()))));

function again(before: AnnouncementsInput, after: AnnouncementsInput): number {
  return median(
    Array.from({ length: ROUNDS }, () => {
      const rankings = newRankingMemory();
      rank(before, rankings);
      return timed(() => rank(after, rankings));
    }),
  );
}

/** As the view thread does. */
function rank(input: AnnouncementsInput, rankings: RankingMemory): void {
  const { announcements } = announcementsFor({ ...input, rankings });
  if (announcements.length !== input.services.length) throw new Error(`only ${announcements.length} are announced`);
  keepOnly(rankings, new Set(announcements.map(({ address }) => address)));
}

function timed(act: () => void): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}
