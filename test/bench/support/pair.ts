/**
 * A client and a node on a cable of their own, in networks that do not meet. The kernel's figures come from a pair without an
 * agent, because a capture slows its kernel down too.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatIpv4 } from '../../../src/net/address.js';
import { manifest, pool, service } from '../../lab/manifests.js';
import { type Host, Network } from '../../lab/network.js';
import { type Load, type LoadOptions, load } from './load.js';

/** What the node's kernel answers for. */
export const KERNEL_ADDRESS = '10.9.0.1';
export const CLIENT_ADDRESS = '10.9.1.1';
const FIRST_SERVICE = 0x0a098001;
/** Long enough for an agent to finish what it does after starting. */
const SETTLE_MS = 2000;
/** Short enough for the precision that is wanted of the first answer, and not many enough to slow the start down. */
const ASK_PER_S = 2000;

export const serviceAddress = (index: number): string => formatIpv4(FIRST_SERVICE + index);
/** The addresses of the first `count` Services as the load generator reads them. */
export const serviceAddresses = (count: number): string => `${serviceAddress(0)}-${serviceAddress(count - 1)}`;

export interface AgentOptions {
  /** How many Services there are when it starts, each with an address of its own. @default 1 */
  readonly services?: number;
  /** How many addresses the pool has. @default as many as there are Services */
  readonly pool?: number;
  readonly flags?: readonly string[];
  /** Whether to wait until what it does after starting is over. @default true */
  readonly settle?: boolean;
}

export interface Agent {
  readonly pid: number | undefined;
  /** From the start of the process to the first answer; undefined without Services. */
  readonly firstAnswerMs: number | undefined;
}

export class Pair implements AsyncDisposable {
  readonly #network: Network;
  readonly #folder: string;
  #checkAgent: () => void = () => undefined;

  private constructor(network: Network, folder: string) {
    this.#network = network;
    this.#folder = folder;
    for (const name of ['state', 'status']) mkdirSync(join(folder, name));
  }

  static async create(): Promise<Pair> {
    const hosts = [
      { name: 'n1', address: `${KERNEL_ADDRESS}/16` },
      { name: 'client', address: `${CLIENT_ADDRESS}/16` },
    ];
    return new Pair(await Network.create({ hosts, wiring: 'cable' }), mkdtempSync(join(tmpdir(), 'arpeggio-wire-')));
  }

  get node(): Host {
    return this.#network.host('n1');
  }

  get client(): Host {
    return this.#network.host('client');
  }

  /** Asks the node. Fails when an agent was started here and has ended. */
  async load(options: Omit<LoadOptions, 'node'>): Promise<Load> {
    const result = await load(this.client, { ...options, node: this.node });
    this.#checkAgent();
    return result;
  }

  /** Writes a file of the state folder. */
  write(name: string, objects: readonly object[]): void {
    writeFileSync(join(this.#folder, 'state', name), manifest(objects));
  }

  remove(name: string): void {
    rmSync(join(this.#folder, 'state', name));
  }

  async startAgent({ services = 1, pool: addresses = services, flags = [], settle = true }: AgentOptions = {}): Promise<Agent> {
    this.write('pools.yaml', [...pool('bench', [serviceAddresses(addresses)]), NODE]);
    if (services > 0) this.write('services.yaml', serviceObjects(services));
    const asked =
      services > 0
        ? this.load({ targets: serviceAddress(0), seconds: 20, inFlight: 1024, ratePerS: ASK_PER_S, untilFirst: true })
        : undefined;
    const startedAtMs = performance.timeOrigin + performance.now();
    const child = this.#spawn(flags);
    const log = keepLog(child);
    this.#checkAgent = () => {
      const end = child.signalCode ?? child.exitCode;
      if (end !== null) throw new Error(`the agent ended with ${end}; it said:\n${log()}`);
    };
    const answer = await asked;
    if (answer?.replies === 0) throw new Error(`the agent answered no request within 20 s; it said:\n${log()}`);
    if (settle) await sleep(SETTLE_MS);
    this.#checkAgent();
    return { pid: child.pid, firstAnswerMs: answer && answer.firstAnswerAtMs - startedAtMs };
  }

  #spawn(flags: readonly string[]): ChildProcess {
    const [state, status] = [join(this.#folder, 'state'), join(this.#folder, 'status')];
    const args = ['agent', '--state', state, '--status-dir', status, '--node', 'n1', '--interface', 'eth0', ...flags];
    return this.node.spawn(process.execPath, ['build/arpeggio.js', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.destroy();
    rmSync(this.#folder, { recursive: true });
  }
}

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1' },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

/** Services that take the addresses of the pools in turn. */
export const serviceObjects = (count: number, prefix = 'bench'): readonly object[] =>
  Array.from({ length: count }, (_, i) => service(`${prefix}-${i}`));

/** The last of what a process wrote to stderr, for an error message. */
function keepLog(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000);
  });
  return () => text;
}
