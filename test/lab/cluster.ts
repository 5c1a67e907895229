/**
 * Nodes that run the real agent in directory mode, and a client, on one Ethernet: what the lab tests, the demo and the
 * failover bench have in common.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Family } from '../../src/net/address.js';
import { until } from '../support/until.js';
import { type Host, Network } from './network.js';

const COMMAND = resolve(import.meta.dirname, '../../build/arpeggio.js');

/** A line of the agent's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** One life of an agent process. */
export interface AgentProcess {
  readonly host: Host;
  readonly child: ChildProcess;
  readonly statusDir: string;
  /** What it logged so far. */
  readonly log: readonly LogLine[];
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** The first line, past or to come, that satisfies `wanted`; rejects when the process ends or `timeoutMs` pass first. */
  logged(wanted: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** The exit code once it ended by itself; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Sends a signal and waits for the end; gives the exit code, null when the signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ClusterOptions {
  /** Names of the nodes; they get 192.168.1.11, .12, … @default ['n1', 'n2', 'n3'] */
  readonly nodes?: readonly string[];
  /** Nodes gossip on an Ethernet of its own, on their eth1, with 192.168.2.11, .12, … or fd02::11, ::12, … @default on eth0 */
  readonly gossipApart?: Family;
  /** Hosts that are no nodes, with their addresses, in 192.168.1.0/24. @default none but the client */
  readonly others?: Readonly<Record<string, string>>;
}

const CLIENT_ADDRESS = '192.168.1.100';
const nodeAddress = (index: number): string => `192.168.1.${11 + index}`;
const GOSSIP_PREFIXES: Readonly<Record<Family, string>> = { IPv4: '192.168.2.', IPv6: 'fd02::' };
const gossipAddress = (index: number, family: Family): string => `${GOSSIP_PREFIXES[family]}${11 + index}`;

export class Cluster implements AsyncDisposable {
  readonly network: Network;
  readonly nodes: readonly string[];
  /** The folder the agents read. */
  readonly stateDir: string;
  readonly #folder: string;
  readonly #gossipApart: Family | undefined;

  private constructor(network: Network, nodes: readonly string[], folder: string, gossipApart: Family | undefined) {
    this.network = network;
    this.nodes = nodes;
    this.#folder = folder;
    this.#gossipApart = gossipApart;
    this.stateDir = join(folder, 'state');
  }

  static async create({ nodes = ['n1', 'n2', 'n3'], gossipApart, others = {} }: ClusterOptions = {}): Promise<Cluster> {
    await access(COMMAND).catch(() => {
      throw new Error('build/arpeggio.js is missing: npm run build');
    });
    const hosts = nodes.map((name, index) => ({
      name,
      address: `${nodeAddress(index)}/24`,
      ...(gossipApart !== undefined && {
        secondAddress: `${gossipAddress(index, gossipApart)}/${gossipApart === 'IPv4' ? 24 : 64}`,
      }),
    }));
    const strangers = Object.entries({ client: CLIENT_ADDRESS, ...others }).map(([name, address]) => ({
      name,
      address: `${address}/24`,
    }));
    const network = await Network.create({ hosts: [...hosts, ...strangers] });
    const cluster = new Cluster(network, nodes, await mkdtemp(join(tmpdir(), 'arpeggio-lab-')), gossipApart);
    await mkdir(cluster.stateDir);
    return cluster;
  }

  get client(): Host {
    return this.network.host('client');
  }

  statusDir(node: string): string {
    return join(this.#folder, 'status', node);
  }

  /** Writes a file of the state folder at once, as a checkout or a sync would. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.stateDir, name);
    await mkdir(join(path, '..'), { recursive: true });
    const unfinished = join(this.#folder, `unfinished-${name.replaceAll('/', '-')}`);
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.stateDir, name));
  }

  /** A status object of a node as text; undefined while there is none. */
  async status(node: string, name: string): Promise<string | undefined> {
    return readFile(join(this.statusDir(node), name), 'utf8').catch(() => undefined);
  }

  /**
   * Starts the agent of a node, which joins all the others, or only `joins`. `extra` goes to the end of the command line, `under`
   * before it. `everywhere`: it answers on more than eth0.
   */
  start(
    node: string,
    extra: readonly string[] = [],
    under: readonly string[] = [],
    { everywhere = false, joins = this.nodes }: { readonly everywhere?: boolean; readonly joins?: readonly string[] } = {},
  ): AgentProcess {
    const host = this.network.host(node);
    const addressOf = (name: string): string => {
      const index = this.nodes.indexOf(name);
      return this.#gossipApart === undefined ? nodeAddress(index) : gossipAddress(index, this.#gossipApart);
    };
    const join = joins.filter((name) => name !== node).map(addressOf);
    const args = ['agent', '--state', this.stateDir, '--status-dir', this.statusDir(node), '--node', node];
    const peers = join.flatMap((peer) => ['--join', peer]);
    const [program = '', ...rest] = [
      ...under,
      process.execPath,
      COMMAND,
      ...args,
      ...(everywhere ? [] : ['--interface', 'eth0']),
      ...peers,
      ...(this.#gossipApart !== undefined ? ['--gossip-address', addressOf(node)] : []),
      ...extra,
    ];
    const child = host.spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    return follow(host, child, this.statusDir(node));
  }

  async destroy(): Promise<void> {
    await this.network.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}

const isReadyMember = (line: LogLine | undefined): boolean => line?.['state'] === 'alive' && line['ready'] === true;

/**
 * Who answers for `ip` once every node is ready: nodes that were ready a moment before the others may have answered first.
 */
export async function leaderOf(
  agents: ReadonlyMap<string, AgentProcess>,
  ip: string,
): Promise<{ readonly node: string; readonly ranking: readonly string[] }> {
  const isReady = ([node, { log }]: [string, AgentProcess]): boolean =>
    [...agents.keys()].every(
      (other) =>
        other === node || isReadyMember(log.findLast((line) => line.event === 'memberChanged' && line['node'] === other)),
    );
  return until(`one node leads for ${ip}, and every node knows the others to be ready`, () => {
    if (![...agents].every(isReady)) return undefined;
    const last = [...agents].flatMap(([node, { log }]) => {
      const line = log.findLast((one) => one['ip'] === ip && /^service(Announced|Withdrawn)$/.test(one.event));
      return line?.event === 'serviceAnnounced' ? [{ node, ranking: line['ranking'] as readonly string[] }] : [];
    });
    const [leader] = last;
    return last.length === 1 && leader?.node === leader?.ranking[0] ? leader : undefined;
  });
}

function follow(host: Host, child: ChildProcess, statusDir: string): AgentProcess {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the agent has no pipes');
  const log: LogLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  let errors = '';
  stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  createInterface({ input: stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    log.push(line);
    for (const tell of waiting) tell(line);
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;

  const logged = (wanted: (line: LogLine) => boolean, timeoutMs = 10_000): Promise<LogLine> => {
    const seen = log.find(wanted);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        waiting.delete(tell);
        done();
      };
      const tell = (line: LogLine): void => {
        if (wanted(line)) settle(() => resolve(line));
      };
      const give = (why: string): void =>
        settle(() =>
          reject(
            new Error(
              `${host.name} ${why} without the awaited log line\n${errors}${log.map((line) => `\n${line.event}: ${line.msg}`).join('')}`,
            ),
          ),
        );
      const timer = setTimeout(() => give(`waited ${timeoutMs} ms`), timeoutMs);
      void exited.then(() => setTimeout(() => give('ended'), 50));
      waiting.add(tell);
    });
  };
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    const [code] = await exited;
    return code;
  };
  return { host, child, statusDir, log, stderr: () => errors, logged, end, ended: exited.then(([code]) => code) };
}
