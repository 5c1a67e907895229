/**
 * Events as lines of JSON, each as core/v1 has them. A full file is kept once, as `events.jsonl.1`; older ones are gone, as
 * Kubernetes forgets its events after an hour.
 */
import { appendFile, rename, stat } from 'node:fs/promises';
import type { ServiceEvent } from './source.js';

const FULL_BYTES = 1024 * 1024;

export class EventFile {
  readonly #path: string;
  readonly #node: string;
  readonly #now: () => number;
  #lines: string[] = [];
  #sequence = 0;

  constructor(path: string, node: string, now: () => number) {
    this.#path = path;
    this.#node = node;
    this.#now = now;
  }

  add(event: ServiceEvent): void {
    const at = this.#now();
    this.#lines.push(`${JSON.stringify(eventObject(event, this.#node, at, this.#sequence++))}\n`);
  }

  /** Appends what was added since. What cannot be written is kept for the next time, up to the size of a file. */
  async flush(): Promise<void> {
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    const text = lines.join('');
    try {
      const size = await stat(this.#path).then(
        (status) => status.size,
        () => 0,
      );
      if (size > 0 && size + Buffer.byteLength(text) > FULL_BYTES) await rename(this.#path, `${this.#path}.1`);
      await appendFile(this.#path, text);
    } catch (error) {
      if (text.length < FULL_BYTES) this.#lines = [...lines, ...this.#lines];
      throw error;
    }
  }
}

function eventObject({ type, reason, message, service, component }: ServiceEvent, host: string, atMs: number, sequence: number) {
  const [namespace = '', name = ''] = service.split('/');
  const timestamp = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${atMs.toString(16)}.${sequence}`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Service', namespace, name },
    type,
    reason,
    message,
    source: { component, host },
    firstTimestamp: timestamp,
    lastTimestamp: timestamp,
    count: 1,
  };
}
