/**
 * Lines of text from a stream of bytes, cut at any place. What a watch sends has one object a line.
 */

/** Nothing in Kubernetes is longer than a tenth of this (etcd's limit is 1.5 MB). */
const LONGEST_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

export class Lines {
  /** Of a line whose end has not come. */
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The lines that end in `chunk`, without their ends; empty ones are passed over. Undefined: a line is too long. */
  take(chunk: Buffer): readonly string[] | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      const line = this.#finish(chunk, from, to);
      if (line !== '') lines.push(line);
      from = to + 1;
    }
    if (from < chunk.length) {
      this.#parts.push(from === 0 ? chunk : chunk.subarray(from));
      this.#bytes += chunk.length - from;
    }
    return this.#bytes > LONGEST_BYTES ? undefined : lines;
  }

  #finish(chunk: Buffer, from: number, to: number): string {
    if (this.#parts.length === 0) return chunk.toString('utf8', from, to);
    const whole = Buffer.concat([...this.#parts, chunk.subarray(from, to)]).toString('utf8');
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }
}
