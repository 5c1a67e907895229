/**
 * An HTTPS server on loopback that answers as a test says, and counts its connections.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Access, Credentials } from '../../agents/kube/access.js';
import { type Certificate, selfSigned } from './certificate.js';

export interface HttpsServer {
  readonly url: URL;
  readonly certificate: Certificate;
  /** Connections that were made, also those that have ended. */
  readonly connections: () => number;
  /** As a client that knows the certificate. */
  access(credentials?: () => Partial<Credentials>): Access;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Runs until the test is over. */
export async function startHttps(handler: Handler, certificate: Certificate = selfSigned()): Promise<HttpsServer> {
  const server = createServer({ ...certificate }, handler);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  const url = new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  return {
    url,
    certificate,
    connections: () => connections,
    access: (credentials = () => ({})) => ({
      server: url,
      credentials: async () => ({ ca: certificate.cert, ...credentials() }),
    }),
  };
}

/** Answers with JSON. */
export function answer(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}
