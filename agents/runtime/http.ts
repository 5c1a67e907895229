/**
 * Metrics and health over plain HTTP: `/metrics`, `/healthz` (the process serves) and `/readyz` (it has what it needs).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';

/** Where a server listens. */
interface Place {
  /** @default all addresses */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The option that names it, for people who have to choose another. */
  readonly flag: string;
}

export interface HttpOptions extends Place {
  /** Absent: there are none here. */
  readonly metrics?: { text(): Promise<string>; readonly contentType: string };
  /** What is still missing, one sentence each; empty means ready. */
  notReady(): readonly string[];
}

export interface HttpServer {
  readonly port: number;
  /** Fulfilled once the socket is closed after the signal's abort. */
  readonly closed: Promise<void>;
}

/** Serves until `signal` aborts. PORT_IN_USE says which address could not be taken and why. */
export function serveHttp(options: HttpOptions, signal: AbortSignal): Promise<Parsed<HttpServer>> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.destroy());
  });
  return listen(server, options, signal);
}

/** Until `signal` aborts. */
export function listen(server: Server, place: Place, signal: AbortSignal): Promise<Parsed<HttpServer>> {
  const { host, port } = place;
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(malformed(cannotListen(place, error))));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeAllListeners('error');
      server.on('error', () => {});
      resolve(parsed({ port: boundPort(server), closed: closeOn(signal, server) }));
    });
  });
}

async function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET and HEAD\n');
  const { metrics } = options;
  switch (new URL(request.url ?? '/', 'http://agent').pathname) {
    case '/metrics':
      return metrics === undefined
        ? send(404, 'there are /healthz and /readyz\n')
        : send(200, await metrics.text(), metrics.contentType);
    case '/healthz':
      return send(200, 'ok\n');
    case '/readyz': {
      const missing = options.notReady();
      return missing.length === 0 ? send(200, 'ok\n') : send(503, `${missing.join('\n')}\n`);
    }
    default:
      return send(404, 'there are /metrics, /healthz and /readyz\n');
  }
}

function closeOn(signal: AbortSignal, server: Server): Promise<void> {
  return new Promise((resolve) => {
    const close = (): void => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  });
}

function boundPort(server: Server): number {
  const address: string | AddressInfo | null = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function cannotListen({ host, port, flag }: Place, error: NodeJS.ErrnoException): ReturnType<typeof issue> {
  const where = host === undefined ? `port ${port}` : `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return issue('PORT_IN_USE', '', `${where} is taken by another process; choose another with ${flag}, or end that process`);
    case 'EADDRNOTAVAIL':
      return issue('PORT_IN_USE', '', `${where} cannot be taken: no interface of this host has the address ${host}`);
    case 'EACCES':
      return issue('PORT_IN_USE', '', `${where} cannot be taken: ports below 1024 need the capability NET_BIND_SERVICE`);
    default:
      return issue('PORT_IN_USE', '', `${where} cannot be taken: ${error.message}`);
  }
}
