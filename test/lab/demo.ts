/**
 * `npm run demo`: the main job as a story. Typed definitions become manifests, three nodes read them, a client on the same
 * Ethernet gets its answers, the node that answers is killed, and another answers instead.
 *
 * Everything is real: the agent, the frames, the kernels' neighbour tables, curl. It runs in a lab of its own, whose end takes
 * everything away.
 */
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify, styleText } from 'node:util';
import { ask } from './arping.js';
import { type ArpEvent, capture } from './capture.js';
import { type AgentProcess, Cluster, leaderOf } from './cluster.js';
import { curl, serve } from './http.js';
import { drawTimeline, type Gap, gapAfter } from './timeline.js';

const ROOT = resolve(import.meta.dirname, '../..');
const NODES = ['n1', 'n2', 'n3'];
const SERVICES = [
  { key: 'default/nginx-lb', port: 80 },
  { key: 'default/priority-service', port: 443 },
];
/** Of the client's requests while the owner is killed: the finest gap that can be seen. */
const PROBE_MS = 2;
/** By default a node has to stay for half a minute before it takes anything back. */
const FLAGS = ['--deliver', 'lo', '--failback-delay', '2'];

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const answers =
  (address: string, mac?: string) =>
  ({ operation, senderAddress, senderMac }: ArpEvent): boolean =>
    operation === 2 && senderAddress === address && (mac === undefined || senderMac === mac);

const run = promisify(execFile);
const say = (text = ''): void => console.log(text);
const coloured = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
const styled = (style: Parameters<typeof styleText>[0], text: string): string => (coloured ? styleText(style, text) : text);
const strong = (text: string): string => styled('bold', text);
const faint = (text: string): string => styled('dim', text);
const title = (text: string): void => say(`\n${styled(['bold', 'cyan'], text)}`);

const cluster = await Cluster.create({ nodes: NODES });
try {
  await tell(cluster);
} finally {
  await cluster.destroy();
}
// Readers of ended processes may still hold the loop; the story is over.
process.exit();

async function tell(lab: Cluster): Promise<void> {
  title('1. Typed definitions become manifests');
  await synth(lab);

  title('2. Three nodes and a client on one Ethernet');
  say(`   ${lab.network.hosts.map(({ name, mac }) => `${name} ${faint(mac)}`).join('   ')}`);
  for (const node of NODES) for (const { port } of SERVICES) await serve(lab.network.host(node), port);
  say('   each node runs an HTTP server and the agent; the folder of manifests is all they are given:');
  say(faint('   arpeggio agent --state state/ --node n1 --interface eth0 --join n2 --join n3 --deliver lo --failback-delay 2'));
  const agents = new Map(NODES.map((node) => [node, lab.start(node, FLAGS)]));

  title('3. Services get addresses');
  const addresses = await assigned(agents);
  const [address] = addresses;
  if (address === undefined) throw new Error('no Service got an address');

  title('4. The elected node answers');
  const owner = await answered(lab, agents, addresses);

  title(`5. SIGKILL to ${owner}, which answers for ${address}`);
  await failOver(lab, agents, address, owner);

  title(`6. ${owner} returns, and takes its address back once it has stayed for 2 seconds`);
  const again = lab.start(owner, FLAGS);
  agents.set(owner, again);
  const line = await again.logged(({ event, ip }) => event === 'serviceAnnounced' && ip === address);
  say(`   ${owner} logs: ${faint(line.msg)}`);
  say(
    `   the client asks again: ${address} is at ${await whoAnswers(lab, address)}, and curl says ${(await curl(lab.client, `http://${address}/`)).body.trim()}`,
  );

  title('That was it');
  for (const agent of agents.values()) await agent.end();
  say('   Everything ran in network namespaces of its own; they and all processes in them are gone now.');
  say(`   Next: ${strong('npm test')}, README.md, docs/errors.md.\n`);
}

/** Synthesises the pools of the guide's complete configuration and lays it into the state folder, with Services and Nodes beside it. */
async function synth(lab: Cluster): Promise<void> {
  const output = join(lab.stateDir, '..', 'synth', 'dist');
  await run('npx', ['cdk8s', 'synth', '--check-upgrade', 'false', '--output', output], { cwd: ROOT });
  const files = (await readdir(join(output, '20-config'))).filter((name) => name.endsWith('.yaml')).sort();
  say(`   cdk8s synth: constructs/main.ts ${faint('->')} ${files.length} manifests of pools and advertisements`);
  for (const file of files) say(faint(`     ${file}`));
  await cp(join(output, '20-config'), join(lab.stateDir, '20-config'), { recursive: true });
  await rm(join(output, '..'), { recursive: true });
  for (const name of ['services.yaml', 'nodes.yaml']) {
    await lab.write(name, await readFile(join(import.meta.dirname, 'state', name), 'utf8'));
  }
  say(
    `   beside them lie two Services ${faint('(nginx-lb and priority-service of the guide)')} and three Nodes, n1 of the control plane`,
  );
}

/** Waits until each Service has its address; tells which and why; gives them in the order of SERVICES. */
async function assigned(agents: ReadonlyMap<string, AgentProcess>): Promise<string[]> {
  const [first] = agents.values();
  const addresses: string[] = [];
  for (const { key } of SERVICES) {
    const line = await first?.logged(({ event, service }) => event === 'ipAllocated' && service === key);
    const ips = line?.['ips'] as readonly string[];
    addresses.push(...ips);
    say(
      `   ${key.padEnd(26)} ${strong(ips.join(', ').padEnd(15))} ${faint(`from ${String(line?.['pool'])}: ${String(line?.['reason'])}`)}`,
    );
  }
  say(`   status is written to files as kubectl would show it, for example ${faint(`status/n1/services/default/nginx-lb.yaml`)}`);
  return addresses;
}

/** Shows who answers for each address and why; gives the owner of the first. */
async function answered(lab: Cluster, agents: ReadonlyMap<string, AgentProcess>, addresses: readonly string[]): Promise<string> {
  const owners: string[] = [];
  for (const [index, address] of addresses.entries()) {
    const owner = await leaderOf(agents, address);
    owners.push(owner.node);
    const ranking = owner.ranking.join(', ');
    say(`   ${strong(address)}: the ranking is ${ranking}; ${owner.node} is its first live node`);
    say(`     arping: ${await whoAnswers(lab, address)}`);
    const { port } = SERVICES[index] ?? { port: 80 };
    const answer = await curl(lab.client, `http://${address}:${port}/`);
    say(`     curl:   HTTP ${answer.code} from ${strong(answer.body.trim())}`);
  }
  say(faint('   priority-pool is advertised on workers only, so n1 is not in its ranking'));
  return owners[0] ?? '';
}

async function whoAnswers(lab: Cluster, address: string): Promise<string> {
  const mac = await ask(lab.client, address);
  const host = lab.network.hosts.find((one) => one.mac === mac);
  return mac === undefined ? 'nobody' : `${mac} (${strong(host?.name ?? 'a stranger')})`;
}

async function failOver(lab: Cluster, agents: ReadonlyMap<string, AgentProcess>, address: string, owner: string): Promise<void> {
  const watch = await capture(lab.client);
  const asking = lab.client.spawn('arping', ['-r', '-i', 'eth0', '-W', String(PROBE_MS / 1000), '-c', '3000', address], {
    stdio: 'ignore',
  });
  const ownerMac = lab.network.host(owner).mac;
  await watch.next(answers(address, ownerMac));
  const killedAtNs = BigInt(Date.now()) * 1_000_000n;
  await agents.get(owner)?.end('SIGKILL');
  await watch.next((event) => answers(address)(event) && event.senderMac !== ownerMac && event.ethernetDestination !== BROADCAST);
  asking.kill();
  const gap = gapAfter(await watch.stop(), address, ownerMac, killedAtNs);
  report(lab, gap);
  const successor = lab.network.hosts.find(({ mac }) => mac === gap.newMac);
  const line = await agents
    .get(successor?.name ?? '')
    ?.logged(({ event, ip, from }) => event === 'serviceAnnounced' && ip === address && from === owner);
  say(`   ${successor?.name} logs: ${faint(line?.msg ?? '')}`);
  say(
    `   curl: HTTP ${(await curl(lab.client, `http://${address}/`)).code} from ${strong((await curl(lab.client, `http://${address}/`)).body.trim())}`,
  );
}

function report(lab: Cluster, gap: Gap): void {
  const name = (mac: string): string => lab.network.hosts.find((host) => host.mac === mac)?.name ?? mac;
  for (const line of drawTimeline(gap, name(gap.oldMac), name(gap.newMac))) say(`   ${line}`);
  say(
    `   nobody answered for ${strong(`${Math.round(gap.firstAnswerMs - gap.lastAnswerMs)} ms`)} ${faint("(last answer of the old to first answer of the new, by the kernel's timestamps)")}`,
  );
}
