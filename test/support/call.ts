/**
 * Requests to an API server, as one user, over connections that are kept.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:https';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  /** An object of Kubernetes, or a Status that says why not. */
  readonly body: Record<string, unknown>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** An API server gives up itself after a minute. */
const SILENCE_MS = 90_000;
const MERGE_PATCH = 'application/merge-patch+json';

/** One request, with a JSON body where there is one. A PATCH is a merge patch unless it says otherwise. */
export type Call = (method: Method, path: string, body?: unknown, contentType?: string) => Promise<Answer>;

export interface CallOptions {
  /** How many requests are under way at once, each over a connection of its own; more wait. @default any number */
  readonly connections?: number;
}

export function caller({ host, port, ca, token }: Endpoint, { connections }: CallOptions = {}): Call {
  const agent = new Agent({ keepAlive: true, ...(connections === undefined ? {} : { maxSockets: connections }) });
  return async (method, path, body, contentType = method === 'PATCH' ? MERGE_PATCH : 'application/json') => {
    const text = body === undefined ? '' : JSON.stringify(body);
    // Node itself says it for a POST, but not for a DELETE with options.
    const length = text === '' ? {} : { 'content-length': Buffer.byteLength(text) };
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType, ...length };
    const sent = request({ agent, host, port, ca, method, path, headers });
    // One that hangs is found by its name, not by the end of the test.
    sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`${method} ${path}: no answer for ${SILENCE_MS} ms`)));
    sent.end(text);
    const [response] = await once(sent, 'response');
    let answer = '';
    for await (const chunk of response.setEncoding('utf8')) answer += chunk;
    return { status: response.statusCode, body: answer.startsWith('{') ? JSON.parse(answer) : { text: answer } };
  };
}
