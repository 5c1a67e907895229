/**
 * Puts announced addresses on `lo`, so that a server on this host gets their traffic, and keeps the kernel from answering ARP
 * for them itself (`arp_ignore`, `arp_announce`: the election decides who answers, not the kernel).
 *
 * All of it is taken back by `release`. What a killed run left behind is found by the label of the addresses and by the record
 * of the former settings in the status folder, and becomes this run's.
 */
import { execFile, spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Issue, issue } from '../../../src/issue/issue.js';

const LABEL = 'lo:arpeggio';
/** Answer for an address only on the interface that has it; use only addresses of the outgoing interface in requests. */
const SETTINGS = { arp_ignore: '1', arp_announce: '2' } as const;
const settingPath = (name: string): string => `/proc/sys/net/ipv4/conf/all/${name}`;
const run = promisify(execFile);

export class LoopbackDelivery {
  readonly #record: string;
  readonly #ours = new Set<string>();
  /** Addresses somebody else put on `lo`: neither added nor removed. */
  #foreign: ReadonlySet<string> = new Set();

  constructor(statusDir: string) {
    this.#record = join(statusDir, 'deliver.json');
  }

  /** Changes the kernel's settings and adopts what a killed run left. DELIVER_FAILED says which step failed. */
  async start(): Promise<Issue | undefined> {
    try {
      await this.#remember();
      for (const [name, value] of Object.entries(SETTINGS)) await writeFile(settingPath(name), value);
      const present = await addressesOnLoopback();
      for (const { local, label } of present) if (label === LABEL) this.#ours.add(local);
      this.#foreign = new Set(present.filter(({ label }) => label !== LABEL).map(({ local }) => local));
      return undefined;
    } catch (error) {
      return failure('the kernel settings could not be changed', error);
    }
  }

  /** Puts `addresses` (IPv4 text) on `lo`, leaving those that are already there. */
  async add(addresses: Iterable<string>): Promise<Issue | undefined> {
    const missing = [...addresses].filter((address) => !this.#ours.has(address) && !this.#foreign.has(address));
    const failed = await batch(missing.map((address) => `address add ${address}/32 dev lo label ${LABEL}`));
    if (failed === undefined) for (const address of missing) this.#ours.add(address);
    return failed;
  }

  /** Takes off every address of ours but `wanted`. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<Issue | undefined> {
    const surplus = [...this.#ours].filter((address) => !wanted.has(address));
    for (const address of surplus) this.#ours.delete(address);
    return batch(surplus.map((address) => `address del ${address}/32 dev lo`));
  }

  async release(): Promise<Issue | undefined> {
    const failed = await this.keepOnly(new Set());
    try {
      const former = JSON.parse(await readFile(this.#record, 'utf8')) as Record<string, string>;
      for (const name of Object.keys(SETTINGS)) await writeFile(settingPath(name), former[name] ?? '0');
      await rm(this.#record);
    } catch (error) {
      return failure('the kernel settings could not be put back', error);
    }
    return failed;
  }

  /** Writes the settings as they were down, unless a killed run did: what the kernel says now is then not the original. */
  async #remember(): Promise<void> {
    const former: Record<string, string> = {};
    for (const name of Object.keys(SETTINGS)) former[name] = (await readFile(settingPath(name), 'utf8')).trim();
    await writeFile(this.#record, `${JSON.stringify(former)}\n`, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function addressesOnLoopback(): Promise<readonly { local: string; label: string }[]> {
  const { stdout } = await run('ip', ['-json', '-4', 'address', 'show', 'dev', 'lo']);
  const links = JSON.parse(stdout) as readonly { addr_info?: readonly { local: string; label: string }[] }[];
  return links.flatMap(({ addr_info }) => addr_info ?? []);
}

/** Runs `ip` once for all commands: thousands of addresses would otherwise be as many processes. */
async function batch(commands: readonly string[]): Promise<Issue | undefined> {
  if (commands.length === 0) return undefined;
  return new Promise((resolve) => {
    const child = spawn('ip', ['-force', '-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', (error) => resolve(failure('ip cannot be run', error)));
    child.on('close', (code) => resolve(code === 0 ? undefined : failure('ip refused', errors.trim())));
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${commands.join('\n')}\n`);
  });
}

function failure(what: string, error: unknown): Issue {
  return issue('DELIVER_FAILED', '', `--deliver lo: ${what}: ${error instanceof Error ? error.message : String(error)}`);
}
