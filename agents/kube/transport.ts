/**
 * HTTPS to an API server over connections that stay open. Requests share a few of them; each watch has one of its own. Whatever
 * happens is a value: nothing here rejects, and no peer that falls silent is waited for without end.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { createSecureContext } from 'node:tls';
import { type ApiStatus, parseRetryAfter, readStatus } from '../../src/kube/apistatus.js';
import type { Access, Credentials } from './access.js';
import { formatJson } from './json.js';
import { Lines } from './lines.js';

export interface TransportOptions {
  readonly access: Access;
  /** As the server's audit log has it. */
  readonly userAgent: string;
  /** Requests under way at a time; watches don't count. @default 8 */
  readonly connections?: number;
  /** Monotonic, in milliseconds. @default performance.now */
  now?(): number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
  /** From the moment it is asked until the whole answer is there. @default 15_000 */
  readonly timeoutMs?: number;
}

export type Answer =
  | { readonly answered: unknown }
  | { readonly refused: ApiStatus }
  /** No answer, or only a part of one: whether the server did what was asked is not known. */
  | { readonly lost: string };

/** What becomes of a stream. After `ended`, `refused` or `lost` nothing more is told; after `stop` nothing at all. */
export interface Listener {
  opened(): void;
  line(text: string): void;
  ended(): void;
  refused(status: ApiStatus): void;
  lost(why: string): void;
  /** Nothing came for so long; the stream is over. */
  silent(): void;
}

export interface Stream {
  stop(): void;
  /** How long nothing may come from now on. */
  allowSilence(ms: number): void;
}

/** Tokens are renewed long before they end: this is soon enough (client-go has the same). */
const CREDENTIALS_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;
const TIMEOUT_MS = 15_000;
/** A page of 500 objects has a few megabytes. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024;

interface Connections {
  readonly credentials: Credentials;
  readonly requests: Agent;
  readonly streams: Agent;
  readonly readAtMs: number;
}

export class Transport {
  readonly #access: Access;
  readonly #userAgent: string;
  readonly #connections: number;
  readonly #now: () => number;
  #current: Connections | undefined;
  #reading: Promise<Connections> | undefined;
  /** The server did not accept who asked: what proves it may have been replaced. */
  #refused = false;

  constructor({ access, userAgent, connections = 8, now = () => performance.now() }: TransportOptions) {
    this.#access = access;
    this.#userAgent = userAgent;
    this.#connections = connections;
    this.#now = now;
  }

  async call(call: Call): Promise<Answer> {
    let connections: Connections;
    try {
      connections = await this.#connect();
    } catch (error) {
      return { lost: `no credentials: ${reasonOf(error)}` };
    }
    const text = call.body === undefined ? undefined : formatJson(call.body);
    const answer = await this.#send(call, connections, text);
    // The server closed the connection in the moment in which it was used again: nobody has seen the request.
    return answer === 'stale' ? this.#again(call, connections, text) : answer;
  }

  async #again(call: Call, connections: Connections, text: string | undefined): Promise<Answer> {
    const answer = await this.#send(call, connections, text);
    return answer === 'stale' ? { lost: 'connections are closed as soon as they are used' } : answer;
  }

  #send(call: Call, connections: Connections, text: string | undefined): Promise<Answer | 'stale'> {
    return new Promise((resolve) => {
      const { timeoutMs = TIMEOUT_MS } = call;
      const sent = request(this.#options(call, connections, connections.requests, text));
      const late = setTimeout(() => {
        resolve({ lost: `no answer within ${timeoutMs / 1000} s` });
        sent.destroy();
      }, timeoutMs);
      const finish = (answer: Answer | 'stale'): void => {
        clearTimeout(late);
        resolve(answer);
      };
      sent.on('error', (error: NodeJS.ErrnoException) =>
        finish(sent.reusedSocket && error.code === 'ECONNRESET' ? 'stale' : { lost: reasonOf(error) }),
      );
      sent.on('response', (response) => {
        readBody(response, (body) =>
          finish(body === undefined ? { lost: 'the answer broke off' } : this.#answer(response, body)),
        );
      });
      sent.end(text);
    });
  }

  /** One answer as it comes, line by line. */
  stream(path: string, silenceMs: number, listener: Listener): Stream {
    let sent: ClientRequest | undefined;
    let isOver = false;
    let allowedMs = silenceMs;
    const over = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    const start = (connections: Connections): void => {
      if (isOver) return;
      sent = request(this.#options({ method: 'GET', path }, connections, connections.streams));
      // A peer that is gone is noticed in 40 s, whatever the stream is about.
      sent.setSocketKeepAlive(true, KEEP_ALIVE_MS);
      sent.setTimeout(allowedMs, () => {
        over(() => listener.silent());
        sent?.destroy();
      });
      sent.on('error', (error) => over(() => listener.lost(reasonOf(error))));
      sent.on('response', (response) => {
        if (isOver) return;
        if (response.statusCode === 200) follow(response);
        else readBody(response, (body) => over(() => listener.refused(this.#status(response, body ?? ''))));
      });
      sent.end();
    };
    const follow = (response: IncomingMessage): void => {
      listener.opened();
      const lines = new Lines();
      response.on('data', (chunk: Buffer) => {
        const complete = isOver ? [] : lines.take(chunk);
        if (complete === undefined) {
          over(() => listener.lost('a line is too long'));
          sent?.destroy();
          return;
        }
        for (const line of complete) if (!isOver) listener.line(line);
      });
      response.on('end', () => over(() => listener.ended()));
      response.on('error', (error) => over(() => listener.lost(reasonOf(error))));
      response.on('close', () => over(() => listener.lost('the connection was closed')));
    };
    this.#connect().then(start, (error) => over(() => listener.lost(`no credentials: ${reasonOf(error)}`)));
    return {
      stop: () => {
        isOver = true;
        sent?.destroy();
      },
      allowSilence: (ms) => {
        allowedMs = ms;
        sent?.setTimeout(ms);
      },
    };
  }

  /** Ends all connections. */
  close(): void {
    this.#current?.requests.destroy();
    this.#current?.streams.destroy();
  }

  #answer(response: IncomingMessage, body: string): Answer {
    const code = response.statusCode ?? 0;
    if (code < 200 || code > 299) return { refused: this.#status(response, body) };
    try {
      return { answered: JSON.parse(body) };
    } catch {
      return { lost: 'the answer is not JSON' };
    }
  }

  #status({ statusCode = 0, headers }: IncomingMessage, body: string): ApiStatus {
    if (statusCode === 401) this.#refused = true;
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      parsed = undefined;
    }
    return readStatus(statusCode, parsed, parseRetryAfter(headers['retry-after']));
  }

  #options({ method, path, contentType }: Call, connections: Connections, agent: Agent, text?: string): RequestOptions {
    const { server } = this.#access;
    const { authorization, servername, rejectUnauthorized } = connections.credentials;
    return {
      method,
      path: `${server.pathname.replace(/\/$/, '')}${path}`,
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? 443 : Number(server.port),
      agent,
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(authorization === undefined ? {} : { authorization }),
        ...(text === undefined
          ? {}
          : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    };
  }

  /** Reads credentials that are old or were not accepted. Those that cannot be read now go on being used. */
  async #connect(): Promise<Connections> {
    const current = this.#current;
    if (current !== undefined && !this.#refused && this.#now() - current.readAtMs < CREDENTIALS_MS) return current;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    try {
      return await this.#reading;
    } catch (error) {
      if (current === undefined) throw error;
      return current;
    }
  }

  async #read(): Promise<Connections> {
    const before = this.#current;
    const credentials = await this.#access.credentials();
    this.#refused = false;
    const readAtMs = this.#now();
    // A token goes with each request; what a connection was made with stays with it.
    if (before !== undefined && sameConnection(before.credentials, credentials)) {
      this.#current = { ...before, credentials, readAtMs };
      return this.#current;
    }
    const { ca, cert, key, passphrase } = credentials;
    const secureContext = createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, secureContext };
    this.#current = {
      credentials,
      readAtMs,
      requests: new Agent({ ...kept, maxSockets: this.#connections }),
      streams: new Agent({ ...kept, maxFreeSockets: 1 }),
    };
    before?.requests.destroy();
    before?.streams.destroy();
    return this.#current;
  }
}

const sameConnection = (a: Credentials, b: Credentials): boolean =>
  a.servername === b.servername &&
  a.rejectUnauthorized === b.rejectUnauthorized &&
  a.passphrase === b.passphrase &&
  (['ca', 'cert', 'key'] as const).every((field) => String(a[field]) === String(b[field]));

/** Undefined: it broke off, or it is too large. Told once. */
function readBody(response: IncomingMessage, then: (body: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) response.destroy();
    else chunks.push(chunk);
  });
  response.on('close', () =>
    then(response.complete && bytes <= LARGEST_ANSWER_BYTES ? Buffer.concat(chunks).toString() : undefined),
  );
  response.on('error', () => undefined);
}

/** `ECONNREFUSED`, or a sentence: of several addresses that were tried, the first one's. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
    ? `${error.code}: ${error.message}`
    : error.message;
}
