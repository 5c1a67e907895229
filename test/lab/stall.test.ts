/**
 * Stalls that move nothing: of a node that owns nothing, and of the thread that reads the state of the node that owns.
 */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { load } from '../bench/support/load.js';
import { until } from '../support/until.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';
import { curl } from './http.js';
import { manifest, pool, service } from './manifests.js';
import { compileNative } from './native.js';

const WEB = '192.168.1.240';

let lab: Cluster;
let agents: ReadonlyMap<string, AgentProcess>;
beforeEach(async () => {
  lab = await Cluster.create();
  await lab.write('state.yaml', manifest([...pool('pool', [`${WEB}/32`]), service('web')]));
  agents = new Map(lab.nodes.map((node) => [node, lab.start(node)]));
});
afterEach(async () => {
  await lab.destroy();
});

const NOTHING_MOVED = { lost: 0, extra: 0, moved: [] };

/** What a client that asks all the time misses, gets from two nodes, and what the nodes say of owners, while `stall` happens. */
async function whileAsked(seconds: number, stall: () => Promise<unknown>): Promise<typeof NOTHING_MOVED> {
  const known = new Map([...agents].map(([node, { log }]) => [node, log.length]));
  const asked = load(lab.client, { targets: WEB, seconds, inFlight: 2048, ratePerS: 1000 });
  await sleep(300);
  await stall();
  const { lost, extra } = await asked;
  const moved = [...agents].flatMap(([node, { log }]) =>
    log.slice(known.get(node)).filter(({ event }) => /^service/.test(event)),
  );
  return { lost, extra, moved: moved as never[] };
}

test('a standby that stands still for 200 ms, again and again, takes nothing and loses nothing', async () => {
  const { ranking } = await leaderOf(agents, WEB);
  const standbys = ranking.slice(1).flatMap((node) => agents.get(node) ?? []);
  const result = await whileAsked(4, async () => {
    for (const { child } of [...standbys, ...standbys]) {
      child.kill('SIGSTOP');
      await sleep(200);
      child.kill('SIGCONT');
      await sleep(300);
    }
  });
  expect(standbys).toHaveLength(2);
  expect(result).toEqual(NOTHING_MOVED);
});

test('an owner whose view thread stands still for seconds answers on, and nobody takes over', async () => {
  const { node } = await leaderOf(agents, WEB);
  const { child } = agents.get(node) ?? {};
  const held = lab.network
    .host(node)
    .spawn(await compileNative('holdthreads'), ['4000', ...(await viewThreads(child?.pid ?? 0))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const result = await whileAsked(5, async () => {
    if (held.stdout !== null) await once(held.stdout, 'data');
    const health = `http://192.168.1.${11 + lab.nodes.indexOf(node)}:7472/healthz`;
    expect((await curl(lab.client, health)).code).toBe(0);
    await once(held, 'exit');
    expect((await curl(lab.client, health)).code).toBe(200);
  });
  expect(result).toEqual(NOTHING_MOVED);
});

/**
 * Threads of an agent, but for the first, that wait for events: the view thread, and the one that starts V8's delayed tasks. Those of
 * pools wait for locks.
 */
const viewThreads = (pid: number): Promise<readonly string[]> =>
  until('both wait', async () => {
    const all = await readdir(`/proc/${pid}/task`);
    const waits = await Promise.all(all.map((thread) => readFile(`/proc/${pid}/task/${thread}/wchan`, 'utf8')));
    const found = all.filter((thread, i) => thread !== String(pid) && /epoll|ep_poll/.test(waits[i] ?? ''));
    return found.length === 2 && found;
  });
