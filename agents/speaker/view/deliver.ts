/**
 * Puts announced addresses on `lo`, so that a server on this host gets their traffic, and keeps the kernel from answering ARP
 * for them itself (`arp_ignore`, `arp_announce`: the election decides who answers, not the kernel).
 *
 * All of it is taken back by `release`. What a killed run left behind is found by the label of the addresses and by the record
 * of the former settings in the status folder, and becomes this run's.
 */
import { execFile, spawn } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Issue, issue } from '../../../src/issue/issue.js';

const LABEL = 'lo:arpeggio';
/** What marks ours among IPv6 addresses, which have no labels: the metric of their route, which on lo is of no consequence. */
const METRIC = 7946;
/** Answer for an address only on the interface that has it; use only addresses of the outgoing interface in requests. */
const SETTINGS = { arp_ignore: '1', arp_announce: '2' } as const;
const settingPath = (name: string): string => `/proc/sys/net/ipv4/conf/all/${name}`;
/** Room for what `ip` prints of some hundred thousand addresses. */
const MAX_OUTPUT = 64 << 20;
const run = promisify(execFile);

export class LoopbackDelivery {
  readonly #record: string;
  #ours = new Set<string>();
  /** The kernel's settings as they were before this run, or a killed one before it. Undefined: nothing was changed yet. */
  #former: Readonly<Record<string, string>> | undefined;
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
      await this.#look();
      return undefined;
    } catch (error) {
      return failure('the kernel settings or the addresses on lo could not be read or changed', error);
    }
  }

  /** Puts `addresses` on `lo`, leaving those that are already there. */
  async add(addresses: Iterable<string>): Promise<Issue | undefined> {
    const missing = [...addresses].filter((address) => !this.#ours.has(address) && !this.#foreign.has(address));
    const failed = await batch(
      missing.map(
        (address) =>
          `address add ${asPrefix(address)} dev lo ${address.includes(':') ? `nodad metric ${METRIC}` : `label ${LABEL}`}`,
      ),
    );
    if (failed === undefined) for (const address of missing) this.#ours.add(address);
    else await this.#look().catch(() => undefined);
    return failed;
  }

  /** Takes off every address of ours but `wanted`. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<Issue | undefined> {
    const surplus = [...this.#ours].filter((address) => !wanted.has(address));
    const failed = await batch(surplus.map((address) => `address del ${asPrefix(address)} dev lo`));
    for (const address of surplus) this.#ours.delete(address);
    if (failed !== undefined) await this.#look().catch(() => undefined);
    return failed;
  }

  /** Takes everything back; nothing, when nothing was changed. */
  async release(): Promise<Issue | undefined> {
    const former = this.#former;
    if (former === undefined) return undefined;
    const failed = await this.keepOnly(new Set());
    try {
      for (const name of Object.keys(SETTINGS)) await writeFile(settingPath(name), former[name] ?? '0');
      await rm(this.#record, { force: true });
    } catch (error) {
      return failure('the kernel settings could not be put back', error);
    }
    return failed;
  }

  /** Notes the settings as they are, unless a killed run did: what the kernel says now is then not the original. */
  async #remember(): Promise<void> {
    const noted = await readFile(this.#record, 'utf8').then(readRecord, () => undefined);
    if (noted !== undefined) {
      this.#former = noted;
      return;
    }
    const former: Record<string, string> = {};
    for (const name of Object.keys(SETTINGS)) former[name] = (await readFile(settingPath(name), 'utf8')).trim();
    this.#former = former;
    await writeFile(`${this.#record}.new`, `${JSON.stringify(former)}\n`);
    await rename(`${this.#record}.new`, this.#record);
  }

  /** Whose each address on `lo` is, by the kernel's word. */
  async #look(): Promise<void> {
    const present = await addressesOnLoopback();
    const isOurs = ({ label, metric }: LoopbackAddress): boolean => label === LABEL || metric === METRIC;
    this.#ours = new Set(present.filter(isOurs).map(({ local }) => local));
    this.#foreign = new Set(present.filter((one) => !isOurs(one)).map(({ local }) => local));
  }
}

function readRecord(text: string): Record<string, string> | undefined {
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return undefined;
  }
}

interface LoopbackAddress {
  readonly local: string;
  readonly label?: string;
  readonly metric?: number;
}

const asPrefix = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

async function addressesOnLoopback(): Promise<readonly LoopbackAddress[]> {
  const { stdout } = await run('ip', ['-json', 'address', 'show', 'dev', 'lo'], { maxBuffer: MAX_OUTPUT });
  const links = JSON.parse(stdout) as readonly { addr_info?: readonly LoopbackAddress[] }[];
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
