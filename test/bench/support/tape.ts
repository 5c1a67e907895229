/**
 * What an agent sends by its own clock, as it arrived at a host: native/tape.c as a function. Times are the kernel's.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileNative } from '../../lab/native.js';
import type { Host } from '../../lab/network.js';

const BEAT_PORT = 7946;

export interface Passing {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** A gratuitous ARP request or reply, or a heartbeat. */
  readonly kind: 'request' | 'reply' | 'beat';
  /** What is announced; of a heartbeat, its sender. */
  readonly address: string;
}

export interface Tape {
  /** Everything that passed since the tape was there, oldest first. */
  stop(): Promise<readonly Passing[]>;
}

/** Resolves once nothing is missed. */
export async function tape(host: Host): Promise<Tape> {
  const child = host.spawn(await compileNative('tape'), ['eth0', String(BEAT_PORT)], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no stdout');
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const closed = once(lines, 'close');
  const passings: Passing[] = [];
  await once(lines, 'line');
  lines.on('line', (text) => passings.push(readPassing(text)));
  return {
    stop: async () => {
      child.kill();
      const [[code]] = await Promise.all([exited, closed]);
      if (code !== 0) throw new Error(`tape ended with ${code} on ${host.name}`);
      return passings;
    },
  };
}

function readPassing(text: string): Passing {
  const [ns = '', kind, address = ''] = text.split(' ');
  return { atMs: Number(BigInt(ns) / 1000n) / 1000, kind: kind as Passing['kind'], address };
}
