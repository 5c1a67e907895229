/**
 * The ARP traffic of a host's interface as typed events, stamped by the kernel when the frame passed, so that a slow test
 * process never shifts a time.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileNative } from './native.js';
import type { Host } from './network.js';

export interface ArpEvent {
  /** Nanoseconds since 1970. */
  readonly atNs: bigint;
  /** 1 asks, 2 answers. */
  readonly operation: number;
  /** Whether the host sent it itself. */
  readonly outgoing: boolean;
  readonly ethernetSource: string;
  readonly ethernetDestination: string;
  readonly senderMac: string;
  readonly senderAddress: string;
  readonly targetMac: string;
  readonly targetAddress: string;
  /** Bytes of the frame, without checksum. */
  readonly length: number;
}

interface Line {
  readonly t: string;
  readonly op: number;
  readonly out: boolean;
  readonly src: string;
  readonly dst: string;
  readonly sha: string;
  readonly spa: string;
  readonly tha: string;
  readonly tpa: string;
  readonly len: number;
}

export interface Capture extends AsyncDisposable {
  /** Everything seen so far, oldest first. */
  readonly events: readonly ArpEvent[];
  /** The first event, past or to come, that satisfies `wanted`; rejects after `timeoutMs`. */
  next(wanted: (event: ArpEvent) => boolean, timeoutMs?: number): Promise<ArpEvent>;
  /** Ends the sniffer and gives everything it saw. */
  stop(): Promise<readonly ArpEvent[]>;
}

/** Resolves once the sniffer is listening. */
export async function capture(host: Host, interfaceName = 'eth0'): Promise<Capture> {
  const child = host.spawn(await compileNative('arpwatch'), [interfaceName], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no stdout');
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const closed = once(lines, 'close');
  const events: ArpEvent[] = [];
  const waiting = new Set<(event: ArpEvent) => void>();

  await new Promise<void>((resolve, reject) => {
    lines.once('line', () => resolve());
    lines.once('close', () => reject(new Error(`arpwatch ended on ${host.name}`)));
  });
  lines.on('line', (text) => {
    const event = readEvent(text);
    events.push(event);
    for (const tell of waiting) tell(event);
  });

  const next = (wanted: (event: ArpEvent) => boolean, timeoutMs = 5000): Promise<ArpEvent> => {
    const seen = events.find(wanted);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const tell = (event: ArpEvent): void => {
        if (!wanted(event)) return;
        clearTimeout(timer);
        waiting.delete(tell);
        resolve(event);
      };
      const timer = setTimeout(() => {
        waiting.delete(tell);
        reject(new Error(`no such ARP frame on ${host.name} within ${timeoutMs} ms; ${events.length} others`));
      }, timeoutMs);
      waiting.add(tell);
    });
  };

  const stop = async (): Promise<readonly ArpEvent[]> => {
    child.kill();
    await Promise.all([exited, closed]);
    return events;
  };

  return {
    events,
    next,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

function readEvent(text: string): ArpEvent {
  const line = JSON.parse(text) as Line;
  return {
    atNs: BigInt(line.t),
    operation: line.op,
    outgoing: line.out,
    ethernetSource: line.src,
    ethernetDestination: line.dst,
    senderMac: line.sha,
    senderAddress: line.spa,
    targetMac: line.tha,
    targetAddress: line.tpa,
    length: line.len,
  };
}
