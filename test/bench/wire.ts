/**
 * How fast the agent answers ARP, against a kernel that answers for an address of its own. The two are measured in turns on
 * the same machine, on cables of their own: the kernel's host has no agent, because a capture slows its kernel down too.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../lab/capture.js';
import { compileNative } from '../lab/native.js';
import { Network } from '../lab/network.js';
import { type Figures, median } from './figures.js';

const ROUNDS = 5;
const SECONDS = 0.8;
const SERVICE = '10.9.100.1';
/** Where the load's sender addresses begin: one for each request in flight. */
const SENDERS = '10.9.2.0';
/** Long enough for the agent to finish what it does after starting. */
const SETTLE_MS = 2000;

interface Load {
  readonly replies: number;
  readonly lost: number;
  readonly bad: number;
  readonly ratePerS: number;
  readonly p50us: number;
  readonly p99us: number;
}

interface Turns {
  readonly kernel: readonly Load[];
  readonly ours: readonly Load[];
}

/** A host under load, with the host that loads it. */
interface Target {
  readonly network: Network;
  readonly address: string;
}

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-wire-'));
  const [kernel, ours] = [await pair('10.9.0.1'), await pair(SERVICE)];
  try {
    writeState(folder);
    const { agent, firstAnswerMs } = await startAgent(ours.network, folder);
    await sleep(SETTLE_MS);
    const rssMb = residentMb(agent);

    const single = await turns(kernel, ours, 1);
    const before = cpuSeconds(agent);
    const many = await turns(kernel, ours, 256);
    const cpuS = cpuSeconds(agent) - before;
    return [...manyFigures(many, cpuS), ...singleFigures(single), ...processFigures(rssMb, firstAnswerMs)];
  } finally {
    await Promise.all([kernel.network.destroy(), ours.network.destroy()]);
    rmSync(folder, { recursive: true });
  }
}

async function pair(address: string): Promise<Target> {
  const hosts = [
    { name: 'n1', address: '10.9.0.1/16' },
    { name: 'client', address: '10.9.1.1/16' },
  ];
  return { network: await Network.create({ hosts, wiring: 'cable' }), address };
}

function writeState(folder: string): void {
  mkdirSync(join(folder, 'state'));
  mkdirSync(join(folder, 'status'));
  const objects = [
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'bench', namespace: 'metallb-system' },
      spec: { addresses: [`${SERVICE}/32`] },
    },
    {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'L2Advertisement',
      metadata: { name: 'bench', namespace: 'metallb-system' },
      spec: { ipAddressPools: ['bench'] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'bench', namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }] },
    },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  ];
  writeFileSync(join(folder, 'state', 'bench.yaml'), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
}

/** Starts the agent while the client asks for the service address every half millisecond. */
async function startAgent(network: Network, folder: string): Promise<{ agent: ChildProcess; firstAnswerMs: number }> {
  const [node, client] = [network.host('n1'), network.host('client')];
  await using watch = await capture(client);
  const question = Buffer.from(
    `ffffffffffff${hexMac(client.mac)}08060001080006040001${hexMac(client.mac)}0a090101${'00'.repeat(6)}0a096401${'00'.repeat(18)}`,
    'hex',
  );
  const asking = client.spawn(await compileNative('inject'), ['eth0', question.toString('hex'), '100000', '450'], {
    stdio: 'ignore',
  });
  const startMs = performance.timeOrigin + performance.now();
  const flags = ['--state', join(folder, 'state'), '--node', 'n1', '--interface', 'eth0', '--status-dir', join(folder, 'status')];
  const agent = node.spawn(process.execPath, ['build/arpeggio.js', 'agent', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const log = keepLog(agent);
  const answer = await Promise.race([
    watch.next((event) => event.operation === 2 && event.senderAddress === SERVICE && event.targetMac === client.mac, 10_000),
    once(agent, 'exit').then(() => undefined),
  ]).catch(() => undefined);
  asking.kill();
  if (answer === undefined) throw new Error(`the agent answered no request for ${SERVICE} within 10 s; it said:\n${log()}`);
  return { agent, firstAnswerMs: Number(answer.atNs / 1000n) / 1000 - startMs };
}

const hexMac = (mac: string): string => mac.replaceAll(':', '');

/** The last of what a process wrote to stderr, for an error message. */
function keepLog(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000);
  });
  return () => text;
}

async function turns(kernel: Target, ours: Target, inFlight: number): Promise<Turns> {
  const result = { kernel: [] as Load[], ours: [] as Load[] };
  for (let round = 0; round < ROUNDS; round++) {
    result.kernel.push(await load(kernel, inFlight));
    result.ours.push(await load(ours, inFlight));
  }
  return result;
}

async function load({ network, address }: Target, inFlight: number): Promise<Load> {
  const [node, client] = [network.host('n1'), network.host('client')];
  const flags = [
    '--interface',
    'eth0',
    '--own',
    SENDERS,
    '--target',
    address,
    '--mac',
    node.mac,
    '--inflight',
    String(inFlight),
    '--seconds',
    String(SECONDS),
  ];
  const { code, stdout, stderr } = await client.run(await compileNative('arpload'), [...flags, '--unicast']);
  if (code !== 0) throw new Error(stderr.trim());
  const result = JSON.parse(stdout) as Load;
  if (result.bad > 0) throw new Error(`${result.bad} wrong answers for ${address}`);
  return result;
}

function manyFigures({ kernel, ours }: Turns, cpuS: number): Figures {
  const rate = (loads: readonly Load[]): number => median(loads.map((load) => load.ratePerS));
  const sum = (pick: (load: Load) => number): number => ours.reduce((total, load) => total + pick(load), 0);
  const lost = (sum((load) => load.lost) / sum((load) => load.lost + load.replies)) * 100;
  return [
    {
      key: 'wire.unicast256.rateRatio',
      value: rate(ours) / rate(kernel),
      unit: '',
      note: `ours ${thousands(rate(ours))} ÷ kernel ${thousands(rate(kernel))} answers/s, 256 in flight, ${lost.toFixed(2)} % lost; at least 0.6`,
    },
    {
      key: 'wire.cpuPerReplyUs',
      value: (cpuS * 1e6) / sum((load) => load.replies),
      unit: 'µs',
      note: 'processor time of the agent per answer, 256 in flight',
    },
  ];
}

function singleFigures({ kernel, ours }: Turns): Figures {
  const middle = (loads: readonly Load[], pick: 'p50us' | 'p99us'): number => median(loads.map((load) => load[pick]));
  const ratio = (key: string, pick: 'p50us' | 'p99us', limit: string) => {
    const [a, b] = [middle(ours, pick), middle(kernel, pick)];
    return { key, value: a / b, unit: '', note: `ours ${a.toFixed(1)} µs ÷ kernel ${b.toFixed(1)} µs, one in flight${limit}` };
  };
  return [ratio('wire.unicast1.p50Ratio', 'p50us', '; at most 6'), ratio('wire.unicast1.p99Ratio', 'p99us', '')];
}

function processFigures(rssMb: number, firstAnswerMs: number): Figures {
  return [
    { key: 'wire.rssMb', value: rssMb, unit: 'MB', note: 'resident memory of the idle agent; less than 80' },
    {
      key: 'wire.firstAnswerMs',
      value: firstAnswerMs,
      unit: 'ms',
      note: 'start of the process to its first answer; less than 1000',
    },
  ];
}

const thousands = (value: number): string => `${(value / 1000).toFixed(0)} k`;

function residentMb({ pid }: ChildProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** User and system time; the kernel counts it in hundredths of a second. */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
