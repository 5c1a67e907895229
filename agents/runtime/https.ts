/**
 * Metrics over HTTPS, for those alone whom somebody else lets get them: `/metrics` and nothing else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Issue, Parsed } from '../../src/issue/issue.js';
import { type HttpServer, listen } from './http.js';
import { followCertificate } from './servingcert.js';

/** What is said about a request. `unavailable`: nobody can say at present. */
export type Verdict = 'allowed' | 'unauthenticated' | 'forbidden' | 'unavailable';

/** Whether the bearer of a token may do `verb`, a method of HTTP in small letters, with `path`. Undefined: no token was shown. */
export type Review = (token: string | undefined, path: string, verb: string) => Promise<Verdict>;

export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** By OpenSSL's names, `:` between them. @default Node's */
  readonly ciphers?: string;
  /** Likewise. @default Node's */
  readonly curves?: string;
  /** With `tls.crt` and `tls.key`, looked at again now and then. @default a certificate made at start that signs itself */
  readonly certDir?: string;
}

export interface HttpsOptions {
  /** @default all addresses */
  readonly host?: string;
  readonly port: number;
  readonly tls: TlsSettings;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  readonly review: Review;
  report(issue: Issue): void;
}

/** Serves until `signal` aborts. PORT_IN_USE, or METRICS_CERT_UNUSABLE. */
export async function serveHttps(options: HttpsOptions, signal: AbortSignal): Promise<Parsed<HttpServer>> {
  const { tls, host, port, report } = options;
  const { minVersion, ciphers, curves } = tls;
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.destroy());
  });
  // A server that takes another certificate takes everything else anew with it.
  const settings = {
    minVersion,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
  };
  const unusable = await followCertificate(
    tls.certDir,
    (pair) => server.setSecureContext({ ...settings, ...pair }),
    report,
    signal,
  );
  if (unusable !== undefined) return { ok: false, issues: [unusable] };
  return listen(server, { ...(host === undefined ? {} : { host }), port, flag: '--port' }, signal);
}

const REFUSALS = {
  unauthenticated: { status: 401, text: 'a token of the cluster is needed\n' },
  forbidden: { status: 403, text: 'the token is not allowed this\n' },
  unavailable: { status: 500, text: 'nobody can say whether the token is allowed this\n' },
} as const;

async function answer(options: HttpsOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...challenge });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const { pathname } = new URL(request.url ?? '/', 'https://agent');
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const verdict = await options.review(token, pathname, (request.method ?? '').toLowerCase());
  if (verdict !== 'allowed') return send(REFUSALS[verdict].status, REFUSALS[verdict].text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET and HEAD\n');
  if (pathname !== '/metrics') return send(404, 'there is /metrics\n');
  return send(200, await options.metrics.text(), options.metrics.contentType);
}
