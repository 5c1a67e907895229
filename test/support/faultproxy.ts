/**
 * Stands between agents and an API server, and is as unkind as networks and servers are: by rule. Without a rule it passes
 * everything on.
 *
 * It shows itself with the API server's own certificate: who trusts the one trusts the other.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from './apiserver.js';
import { type RequestInfo, requestInfo, type Verb } from './requestinfo.js';

export type Fault =
  /** The connection is reset, and the API server hears of nothing. */
  | { readonly do: 'reset' }
  /** An answer of ours, in place of the API server's. */
  | { readonly do: 'refuse'; readonly status: 401 | 403 | 409 | 410 | 422 | 429 | 500 | 503; readonly retryAfterS?: number }
  /** The request waits before it goes on. */
  | { readonly do: 'delay'; readonly ms: number }
  /** Something of the test's happens first. It says whether the request goes on; else its connection is reset, and the API server hears of nothing. */
  | { readonly do: 'strike'; readonly strike: () => boolean }
  /** The next event of a watch, and all after it, wait until the rule is lifted. */
  | { readonly do: 'stall' }
  /** An event of a watch never arrives. */
  | { readonly do: 'drop' }
  /** An event of a watch arrives twice. */
  | { readonly do: 'duplicate' }
  /** In place of its next event a watch is told that its resourceVersion is too old, and ends. */
  | { readonly do: 'expire' }
  /** In place of its next event the connection of a watch is reset. */
  | { readonly do: 'cut' };

export interface Rule {
  /** @default every verb */
  readonly verbs?: readonly Verb[];
  /** With subresource, such as `services/status`. @default every resource */
  readonly resources?: readonly string[];
  /** What this writer asks for only: its `fieldManager`. @default any */
  readonly manager?: string;
  /** Of requests with this token only. @default any */
  readonly token?: string;
  readonly fault: Fault;
  /** How often it happens, to a request or to an event. @default until it is lifted */
  readonly times?: number;
}

/** A rule at work. */
export class Effect implements Disposable {
  readonly rule: Rule;
  /** How often it has happened. */
  hits = 0;
  readonly #lifted = new AbortController();

  constructor(rule: Rule) {
    this.rule = rule;
  }

  get lifted(): AbortSignal {
    return this.#lifted.signal;
  }

  lift(): void {
    this.#lifted.abort();
  }

  [Symbol.dispose](): void {
    this.lift();
  }
}

/** Of a whole request; the others are of events in a watch. */
const OF_REQUESTS: ReadonlySet<Fault['do']> = new Set<Fault['do']>(['reset', 'refuse', 'delay', 'strike']);

interface Asked extends RequestInfo {
  readonly token: string;
  readonly response: ServerResponse;
  /** Aborted when whoever asked is gone, or has everything. */
  readonly over: AbortSignal;
}

export class FaultProxy implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly #api: ApiServer;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #effects = new Set<Effect>();
  readonly #counts = new Map<string, number>();
  readonly #open = new Set<Asked>();
  /** By the port of whoever asks. Only what lies below TLS can be reset. */
  readonly #sockets = new Map<number | undefined, Socket>();

  private constructor(api: ApiServer) {
    this.#api = api;
    this.#server = createServer({ ...api.identity, keepAliveTimeout: 0, requestTimeout: 0 }, (message, response) => {
      this.#pass(message, response).catch(() => this.#reset(response));
    });
    this.#server.on('connection', (socket: Socket) => {
      const { remotePort } = socket;
      this.#sockets.set(remotePort, socket);
      socket.once('close', () => this.#sockets.delete(remotePort));
    });
    // A client that goes away in the middle of its handshake is the client's business.
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(api: ApiServer): Promise<FaultProxy> {
    const proxy = new FaultProxy(api);
    proxy.#server.listen(0, proxy.host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
    return address.port;
  }

  add(rule: Rule): Effect {
    const effect = new Effect(rule);
    this.#effects.add(effect);
    effect.lifted.addEventListener('abort', () => this.#effects.delete(effect));
    return effect;
  }

  /** How many such requests have come since the start, or since `forget`; those that were refused here too. @param manager of this writer only */
  count(verb: Verb, resource: string, manager?: string): number {
    return this.#counts.get(keyOf({ verb, resource }, manager)) ?? 0;
  }

  /** All of them, as `list services`: the most first. */
  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }

  forget(): void {
    this.#counts.clear();
  }

  /** How many such requests are under way: for a watch, how many there are. */
  open(verb: Verb, resource: string): number {
    return [...this.#open].filter((asked) => asked.verb === verb && asked.resource === resource).length;
  }

  /** Resets every connection. */
  resetAll(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    // Those in the middle of their handshake too, which `closeAllConnections` does not know of.
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#agent.destroy();
    await closed;
  }

  async #pass(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = message;
    const info = requestInfo(method, url);
    for (const key of new Set([keyOf(info), keyOf(info, info.manager)])) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    const over = new AbortController();
    response.once('close', () => over.abort());
    const asked = { ...info, token: (headers.authorization ?? '').replace(/^Bearer /, ''), response, over: over.signal };
    this.#open.add(asked);
    try {
      if (await this.#isIntercepted(asked)) return;
      await this.#forward(asked, message);
    } finally {
      this.#open.delete(asked);
    }
  }

  async #isIntercepted(asked: Asked): Promise<boolean> {
    const { response, over } = asked;
    const fault = this.#happening(asked, (does) => OF_REQUESTS.has(does))?.rule.fault;
    switch (fault?.do) {
      case 'reset':
        this.#reset(response);
        return true;
      case 'refuse':
        refuse(response, fault);
        return true;
      case 'delay':
        await sleep(fault.ms, undefined, { signal: over }).catch(() => undefined);
        return over.aborted;
      case 'strike':
        if (fault.strike()) return false;
        this.#reset(response);
        return true;
      default:
        return false;
    }
  }

  async #forward(asked: Asked, message: IncomingMessage): Promise<void> {
    const { host, port, ca } = this.#api.endpoint;
    const { method, url: path, headers } = message;
    const sent = request({ agent: this.#agent, host, port, ca, method, path, headers });
    // Not by the request's own signal, to which Node would bind a connection that others use later.
    const giveUp = (): unknown => sent.destroy();
    asked.over.addEventListener('abort', giveUp);
    // It also fails when nobody waits for it: whoever asked is gone.
    sent.on('error', () => undefined);
    message.pipe(sent);
    try {
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      await this.#answer(asked, answer);
    } finally {
      asked.over.removeEventListener('abort', giveUp);
    }
  }

  async #answer(asked: Asked, answer: IncomingMessage): Promise<void> {
    const { response, over, verb } = asked;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    // An agent sees at once that its watch has begun, as it would without us.
    response.flushHeaders();
    if (verb === 'watch' && answer.statusCode === 200) {
      for await (const line of linesOf(answer)) {
        if (!(await this.#deliver(asked, line))) return;
      }
    } else {
      for await (const chunk of answer) await write(response, chunk, over);
    }
    response.end();
  }

  /** Passes one event of a watch on; false when the watch is over. */
  async #deliver(asked: Asked, line: string): Promise<boolean> {
    const { response, over } = asked;
    const effect = this.#happening(asked, (does) => !OF_REQUESTS.has(does));
    switch (effect?.rule.fault.do) {
      case 'drop':
        return true;
      case 'duplicate':
        await write(response, line + line, over);
        return true;
      case 'expire':
        response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(410) })}\n`);
        return false;
      case 'cut':
        this.#reset(response);
        return false;
      case 'stall':
        await aborted(AbortSignal.any([effect.lifted, over]));
        return !over.aborted && this.#deliver(asked, line);
      default:
        await write(response, line, over);
        return true;
    }
  }

  #reset({ socket }: ServerResponse): void {
    this.#sockets.get(socket?.remotePort)?.resetAndDestroy();
  }

  /** The first rule about it that is not used up; it counts as having happened. */
  #happening({ verb, resource, manager, token }: Asked, isOfThis: (does: Fault['do']) => boolean): Effect | undefined {
    for (const effect of this.#effects) {
      const { verbs, resources, manager: by, token: of, fault, times = Number.POSITIVE_INFINITY } = effect.rule;
      const isAbout =
        (verbs?.includes(verb) ?? true) &&
        (resources?.includes(resource) ?? true) &&
        (by === undefined || by === manager) &&
        (of === undefined || of === token);
      if (!isAbout || !isOfThis(fault.do) || effect.hits >= times) continue;
      effect.hits++;
      return effect;
    }
    return undefined;
  }
}

const keyOf = ({ verb, resource }: Pick<RequestInfo, 'verb' | 'resource'>, manager = ''): string =>
  manager === '' ? `${verb} ${resource}` : `${verb} ${resource} by ${manager}`;

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** meta/v1 Status, as an API server says no. */
const statusOf = (code: number): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'a fault of the proxy',
  reason: REASONS[code],
  code,
});

function refuse(response: ServerResponse, { status, retryAfterS }: Extract<Fault, { readonly do: 'refuse' }>): void {
  const later = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) };
  response.writeHead(status, { 'content-type': 'application/json', ...later });
  response.end(JSON.stringify(statusOf(status)));
}

/** Of a watch each is an event; with its line end. */
async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield `${line}\n`;
  }
}

async function write(response: ServerResponse, chunk: string | Buffer, over: AbortSignal): Promise<void> {
  if (response.write(chunk)) return;
  await once(response, 'drain', { signal: over }).catch(() => undefined);
}

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};
