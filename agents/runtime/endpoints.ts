/**
 * Where an agent can be asked how it is: metrics and health in clear, health alone on a port of its own, and metrics over HTTPS; each
 * where it was told to.
 */
import type { Issue, Parsed } from '../../src/issue/issue.js';
import { serveHttp } from './http.js';
import type { Review, TlsSettings } from './https.js';

export interface Endpoints {
  /** Port 0: none. */
  readonly metrics: { readonly host: string; readonly port: number };
  /** Port 0: health is only beside the metrics. */
  readonly health: { readonly host: string; readonly port: number };
  /** Absent: none. */
  readonly secure?: SecureMetrics;
}

export interface SecureMetrics {
  readonly port: number;
  readonly tls: TlsSettings;
}

export interface Answers {
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  /** What is still missing, one sentence each; empty means ready. */
  notReady(): readonly string[];
  /** Who may get metrics over HTTPS. */
  readonly review: Review;
  report(issue: Issue): void;
}

/** Serves until `signal` aborts. What cannot be served; empty: everything is. */
export async function serveEndpoints(
  { metrics, health, secure }: Endpoints,
  answers: Answers,
  signal: AbortSignal,
): Promise<readonly Issue[]> {
  const { notReady } = answers;
  const servers: readonly Promise<Parsed<unknown>>[] = [
    ...(metrics.port === 0 ? [] : [serveHttp({ ...metrics, flag: '--metrics', metrics: answers.metrics, notReady }, signal)]),
    ...(health.port === 0 ? [] : [serveHttp({ ...health, flag: '--health-probe-port', notReady }, signal)]),
    ...(secure === undefined ? [] : [serveSecure(secure, answers, signal)]),
  ];
  return (await Promise.all(servers)).flatMap((server) => (server.ok ? [] : server.issues));
}

/** Few use it, and it takes some memory. */
async function serveSecure(secure: SecureMetrics, answers: Answers, signal: AbortSignal): Promise<Parsed<unknown>> {
  const { serveHttps } = await import('./https.js');
  return serveHttps({ ...secure, ...answers }, signal);
}
