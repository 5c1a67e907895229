/**
 * Addresses spread over three nodes, and what becomes of that when one of them was not told to.
 */
import { afterEach, expect, test } from 'vitest';
import { rank } from '../../src/layer2/ranking.js';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { Cluster } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const ADDRESSES = Array.from({ length: 8 }, (_, i) => `192.168.1.${240 + i}`);
const FLAGS = ['--failback-delay', '0'];
const SPREAD = [...FLAGS, '--spread'];

let lab: Cluster;
afterEach(async () => {
  await lab.destroy();
});

/** The node that answers for each address; undefined where not exactly one does. */
const answering = async (): Promise<(string | undefined)[]> => {
  const macs = await Promise.all(ADDRESSES.map((address) => ask(lab.client, address)));
  return macs.map((mac) => lab.network.hosts.find((host) => host.mac === mac)?.name);
};

const counts = (nodes: readonly (string | undefined)[]): number[] =>
  ['n1', 'n2', 'n3'].map((name) => nodes.filter((one) => one === name).length);

test('no node answers for more than its share, and all go by the hash while one was not told to spread', async () => {
  lab = await Cluster.create();
  const services = ADDRESSES.map((address, i) => service(`s${i}`, { address }));
  const nodes = lab.nodes.map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
  await lab.write('state.yaml', manifest([...pool('pool', ['192.168.1.240-192.168.1.247']), ...services, ...nodes]));
  const byHash = ADDRESSES.map(
    (address) =>
      rank(
        lab.nodes.map((node) => ({ node, score: 0 })),
        address,
      )[0],
  );
  expect(counts(byHash)).toEqual([4, 1, 3]);
  const answers = async (): Promise<string> => (await answering()).join();

  const [one] = ['n1', 'n2'].map((name) => lab.start(name, SPREAD));
  const last = lab.start('n3', SPREAD);
  await until('none answers for more than three', async () => {
    const all = await answering();
    return !all.includes(undefined) && Math.max(...counts(all)) === 3;
  });
  const spread = await answers();

  await last.end();
  const without = lab.start('n3', FLAGS);
  await one?.logged(({ code }) => code === 'SPREAD_OFF');
  await without.logged(({ code }) => code === 'SPREAD_OFF');
  await until('all go by the hash', async () => (await answers()) === byHash.join());
  const shown = await lab.status('n1', 'configurationstates/metallb-system/speaker-n1.yaml');
  expect(shown).toContain('addresses are not spread over the nodes: n3 does not do so');

  await without.end();
  lab.start('n3', SPREAD);
  await one?.logged(({ event }) => event === 'spreadOn');
  await until('it is as it was', async () => (await answers()) === spread);
});
