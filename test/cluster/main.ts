/**
 * The cluster of `npm run cluster up`, in namespaces that tools/cluster made for it. It stays until it is killed, which ends everything in
 * them. When each Node is Ready, it writes `ready` into its folder.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute, Network } from '../lab/network.js';
import type { Call } from '../support/call.js';
import { until } from '../support/until.js';
import { startControlPlane } from './controlplane.js';
import { CLIENT, CONTROL_PLANE, nodePlans, onEthernet, routes } from './layout.js';
import { startRealNode } from './node.js';

const LONG_MS = 60_000;

const [folder = '', assets = '', packages = '', count = '', ...images] = process.argv.slice(2);
const nodes = nodePlans(Number(count));
const since = Date.now();
const say = (what: string): void => console.log(`${((Date.now() - since) / 1000).toFixed(1)} s: ${what}`);

const hosts = [...nodes.map(({ name, address }) => ({ name, address })), { name: 'client', address: CLIENT }];
const network = await Network.create({
  hosts: hosts.map(({ name, address }) => ({ name, address: onEthernet(address) })),
});
await network.join(onEthernet(CONTROL_PLANE));
for (const line of routes(CONTROL_PLANE, nodes)) await ip(['route', 'add', ...line.split(' ')]);
for (const { name, address } of hosts) {
  const { namespace } = network.host(name);
  for (const line of routes(address, nodes)) await ip(['-n', namespace, 'route', 'add', ...line.split(' ')]);
  const { code, stderr } = await network.host(name).run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
  if (code !== 0) throw new Error(stderr);
}
writeCommands();
say('the network is there');
const call = await startControlPlane(folder, assets, nodes);
say('the API server is ready');
await Promise.all(
  nodes.map((plan) =>
    startRealNode({
      ...{ plan, assets, packages, images, cluster: folder },
      host: network.host(plan.name),
      folder: join(folder, plan.name),
    }),
  ),
);
say('the nodes run');
await until('every Node is Ready', () => areReady(call), LONG_MS);
writeFileSync(join(folder, 'ready'), '');
say('every Node is Ready');
// A pending promise alone keeps no process alive.
setInterval(() => undefined, 1 << 30);

async function ip(args: readonly string[]): Promise<void> {
  const { code, stderr } = await execute('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

async function areReady(api: Call): Promise<boolean> {
  const { status, body } = await api('GET', '/api/v1/nodes');
  if (status !== 200) return false;
  const { items } = body as { items: { status: { conditions?: { type: string; status: string }[] } }[] };
  const ready = items.filter(({ status: { conditions } }) =>
    conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
  );
  return ready.length === nodes.length;
}

/** `client curl …`, `n1 ip addr`: each host is a command for `npm run cluster shell`. */
function writeCommands(): void {
  mkdirSync(join(folder, 'bin'));
  for (const { name } of hosts) {
    const file = join(folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\nexec nsenter --net=/run/netns/${network.host(name).namespace} "$@"\n`);
    chmodSync(file, 0o755);
  }
}
