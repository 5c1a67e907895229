/**
 * A member of a memberlist cluster on the reference implementation (test/interop/main.go), set up as MetalLB's speaker.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe } from 'vitest';
import { until } from './until.js';

const PROGRAM = process.env['ARPEGGIO_INTEROP'] ?? '';

/** Skipped where the program could not be built; `npm test` says why. */
export const describeWithReference: ReturnType<typeof describe.skipIf> = describe.skipIf(PROGRAM === '');

interface Told {
  readonly event: 'join' | 'leave' | 'update' | 'user' | 'joined' | 'updated' | 'left';
  readonly name?: string;
  /** In hexadecimal. */
  readonly meta: string;
  readonly count: number;
  readonly error?: string;
}

export interface ReferenceOptions {
  /** @default not encrypted */
  readonly secret?: string;
  readonly label?: string;
  /** @default true */
  readonly compress?: boolean;
  /** @default none, as MetalLB */
  readonly meta?: string;
  /** Five times the pace of a LAN. @default true */
  readonly fast?: boolean;
  /** Starts it, somewhere else than here. @default spawn */
  readonly spawn?: (program: string, args: readonly string[]) => ChildProcess;
}

export class ReferenceNode implements AsyncDisposable {
  readonly name: string;
  readonly told: Told[] = [];
  /** Names of the others that it takes for members now, and what they say of themselves. */
  readonly members: Map<string, string> = new Map();
  readonly #child: ChildProcess;
  #errors = '';

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    if (child.stdout === null) throw new Error('the reference has no pipes');
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Told));
  }

  static async start(name: string, address: string, options: ReferenceOptions = {}): Promise<ReferenceNode> {
    const { secret = '', label = '', compress = true, meta = '', fast = true } = options;
    const flags = { name, bind: address, secret, label, compress, meta, fast };
    const args = Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`);
    const start = options.spawn ?? ((program, all) => spawn(program, all));
    const node = new ReferenceNode(name, start(PROGRAM, args));
    await until(`${name} knows itself`, () => node.told.some(({ event }) => event === 'join'));
    return node;
  }

  /** What its log says that is wrong, but for that somebody was slow, which on a busy machine is nobody's fault. */
  get complaints(): readonly string[] {
    const lines = this.#errors.split('\n').filter((line) => /\[(ERR|WARN)\]|panic/.test(line));
    return lines.filter((line) => !/Refuting|UDP probes failed|fallback/.test(line));
  }

  /** Joins all of them; gives how many answered. */
  async join(...addresses: readonly string[]): Promise<number> {
    return (await this.#say(`join ${addresses.join(' ')}`, 'joined')).count;
  }

  async describe(meta: string): Promise<void> {
    await this.#say(`meta ${meta}`, 'updated');
  }

  async leave(): Promise<void> {
    await this.#say('leave', 'left');
    await this.kill();
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #say(command: string, answer: Told['event']): Promise<Told> {
    const { length } = this.told;
    this.#child.stdin?.write(`${command}\n`);
    return until(`${this.name} has done ${command}`, () => this.told.slice(length).find(({ event }) => event === answer));
  }

  #hear(told: Told): void {
    this.told.push(told);
    const { event, name, meta } = told;
    if (name === undefined || name === this.name) return;
    if (event === 'join' || event === 'update') this.members.set(name, meta);
    if (event === 'leave') this.members.delete(name);
  }
}
