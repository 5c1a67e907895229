/**
 * A small API server with one kind of objects, that fails as a test says: lists in pages, watches with bookmarks, versions that
 * grow old. Everything over real HTTPS.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type Handler } from './httpsserver.js';

export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly reason?: string }
  | 'reset'
  | 'nothing'
  | 'garbage'
  /** The stream ends in the middle of a line after so many events. */
  | { readonly cutAfter: number };

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: object;
}

export class FakeApi {
  /** Whether the server knows `sendInitialEvents`. */
  watchList = true;
  pageSize = 2;
  /** What becomes of the next requests, one each. */
  readonly faults: Fault[] = [];
  /** `list`, `list c`, `watch-list`, `watch 7`: what was asked, in order. */
  readonly asked: string[] = [];
  readonly #objects = new Map<string, { readonly version: number; readonly data: string }>();
  readonly #changes: Change[] = [];
  readonly #watches = new Set<ServerResponse>();
  readonly #shape: (data: string) => object;
  #version = 1;
  /** Changes up to this version are forgotten. */
  #compacted = 0;

  /** `shape` makes an object of its data, which then has all but the name and the version. */
  constructor(shape: (data: string) => object = (data) => ({ data })) {
    this.#shape = shape;
  }

  set(name: string, data: string): void {
    const type = this.#objects.has(name) ? 'MODIFIED' : 'ADDED';
    this.#objects.set(name, { version: ++this.#version, data });
    this.#tell({ version: this.#version, type, object: this.#object(name) });
  }

  remove(name: string): void {
    this.#version++;
    const gone = this.#object(name);
    const object = { ...gone, metadata: { ...gone.metadata, resourceVersion: String(this.#version) } };
    this.#objects.delete(name);
    this.#tell({ version: this.#version, type: 'DELETED', object });
  }

  /** Something else in the store changed. */
  pass(): void {
    this.#version++;
  }

  /** Forgets what was before. */
  compact(): void {
    this.#compacted = this.#version;
  }

  bookmark(): void {
    for (const response of this.#watches) this.#write(response, this.#bookmarkEvent());
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** What becomes of all watches. */
  endWatches(how: 'end' | 'reset' | 'expired'): void {
    for (const response of this.#watches) {
      if (how === 'reset') response.socket?.destroy();
      else {
        if (how === 'expired') this.#write(response, { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
        response.end();
      }
    }
    this.#watches.clear();
  }

  /** What a client that knows everything has. */
  get expected(): Record<string, string> {
    return Object.fromEntries([...this.#objects].map(([name, { data }]) => [name, data]).sort());
  }

  readonly handle: Handler = (request, response) => {
    const url = new URL(request.url ?? '/', 'https://api');
    const get = (name: string): string => url.searchParams.get(name) ?? '';
    const isWatch = get('watch') === '1';
    const isWatchList = isWatch && get('sendInitialEvents') === 'true';
    this.asked.push(isWatchList ? 'watch-list' : isWatch ? `watch ${get('resourceVersion')}` : `list ${get('continue')}`.trim());
    const fault = this.faults.shift();
    if (fault !== undefined && this.#fail(fault, request, response, isWatchList)) return;
    if (isWatchList && !this.watchList) return refuse(response, 422, 'Invalid');
    if (!isWatch) return this.#list(response, get('continue'));
    const from = isWatchList ? this.#version : Number(get('resourceVersion'));
    if (from < this.#compacted) return refuse(response, 410, 'Expired');
    response.writeHead(200, { 'content-type': 'application/json' });
    if (isWatchList) {
      for (const name of this.#objects.keys()) this.#write(response, { type: 'ADDED', object: this.#object(name) });
      this.#write(response, this.#bookmarkEvent({ 'k8s.io/initial-events-end': 'true' }));
    } else response.flushHeaders();
    for (const change of this.#changes) if (change.version > from) this.#write(response, change);
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  };

  /** Whether nothing more is to be done. */
  #fail(fault: Fault, request: IncomingMessage, response: ServerResponse, isWatchList: boolean): boolean {
    if (fault === 'nothing') return true;
    if (fault === 'reset') request.socket.destroy();
    else if (fault === 'garbage') response.writeHead(200).end('{"type":"ADDED","object":{"metadata":{}}}\n');
    else if ('status' in fault) answer(response, fault.status, { kind: 'Status', reason: fault.reason ?? '' }, fault.headers);
    else {
      response.writeHead(200);
      const names = isWatchList ? [...this.#objects.keys()].slice(0, fault.cutAfter) : [];
      for (const name of names) this.#write(response, { type: 'ADDED', object: this.#object(name) });
      response.write('{"type":"ADD', () => response.socket?.destroy());
    }
    return true;
  }

  #list(response: ServerResponse, token: string): void {
    const [version, from] = token === '' ? [this.#version, 0] : token.split('-').map(Number);
    if ((version ?? 0) < this.#compacted) {
      refuse(response, 410, 'Expired');
      return;
    }
    const names = [...this.#objects.keys()];
    const start = from ?? 0;
    const items = names.slice(start, start + this.pageSize).map((name) => this.#object(name));
    const more = start + this.pageSize < names.length ? { continue: `${version}-${start + this.pageSize}` } : {};
    answer(response, 200, { kind: 'ThingList', metadata: { resourceVersion: String(version), ...more }, items });
  }

  #object(name: string): { metadata: object } {
    const { version = this.#version, data = '' } = this.#objects.get(name) ?? {};
    const shaped: { metadata?: object } = this.#shape(data);
    return { ...shaped, metadata: { ...shaped.metadata, name, resourceVersion: String(version) } };
  }

  #bookmarkEvent(annotations: object = {}): object {
    return { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(this.#version), annotations } } };
  }

  #tell(change: Change): void {
    this.#changes.push(change);
    for (const response of this.#watches) this.#write(response, change);
  }

  #write(response: ServerResponse, { type, object }: { readonly type?: string; readonly object?: object }): void {
    response.write(`${JSON.stringify({ type, object })}\n`);
  }
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  answer(response, code, { kind: 'Status', code, reason });
}
