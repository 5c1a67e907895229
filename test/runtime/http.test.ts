import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type HttpOptions, type HttpServer, serveHttp } from '../../agents/runtime/http.js';
import { formatIssue } from '../../src/issue/issue.js';
import { testSignal } from '../support/folder.js';
import { until } from '../support/until.js';

const missing: string[] = [];
const OPTIONS: HttpOptions = {
  host: '127.0.0.1',
  port: 0,
  flag: '--metrics',
  metrics: { text: () => Promise.resolve('up 1\n'), contentType: 'text/plain; version=0.0.4' },
  notReady: () => missing,
};

async function serve(options: Partial<HttpOptions> = {}, signal: AbortSignal = testSignal()): Promise<HttpServer> {
  const server = await serveHttp({ ...OPTIONS, ...options }, signal);
  if (!server.ok) throw new Error(server.issues.map(formatIssue).join());
  return server.value;
}

describe('a request', () => {
  test.each([
    ['GET', '/metrics', 200, 'up 1\n'],
    ['GET', '/metrics?name=x', 200, 'up 1\n'],
    ['GET', '/healthz', 200, 'ok\n'],
    ['GET', '/readyz', 200, 'ok\n'],
    ['HEAD', '/readyz', 200, ''],
    ['POST', '/readyz', 405, 'only GET and HEAD\n'],
    ['GET', '/', 404, 'there are /metrics, /healthz and /readyz\n'],
  ])('%s %s is answered %i', async (method, path, status, text) => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  test('for readiness names what is missing', async () => {
    const { port } = await serve({ notReady: () => ['no configuration yet', 'no members yet'] });
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, 'no configuration yet\nno members yet\n']);
  });

  test('that is no HTTP, or whose answer fails, does no harm', async () => {
    const { port } = await serve({ metrics: { text: () => Promise.reject(new Error('no metrics')), contentType: 'text/plain' } });
    const socket = createConnection(port, '127.0.0.1', () => socket.end('\0\0GET nonsense\r\n\r\n'));
    await until(
      'the server closed the connection',
      () => new Promise<boolean>((resolve) => socket.resume().on('close', () => resolve(true))),
    );
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });
});

test('where there are no metrics, there is health alone', async () => {
  const { metrics: _, ...rest } = OPTIONS;
  const server = await serveHttp(rest, testSignal());
  if (!server.ok) throw new Error(server.issues.map(formatIssue).join());
  const paths = ['/metrics', '/healthz', '/readyz'];
  const answers = await Promise.all(paths.map((path) => fetch(`http://127.0.0.1:${server.value.port}${path}`)));
  expect(answers.map(({ status }) => status)).toEqual([404, 200, 200]);
});

test('a port that is taken is an issue', async () => {
  const { port } = await serve();
  const second = await serveHttp({ ...OPTIONS, port }, testSignal());
  expect(!second.ok && second.issues.map(formatIssue)).toEqual([
    `PORT_IN_USE 127.0.0.1:${port} is taken by another process; choose another with --metrics, or end that process`,
  ]);
});

test('an address of no interface is an issue', async () => {
  const server = await serveHttp({ ...OPTIONS, host: '192.0.2.1' }, testSignal());
  expect(!server.ok && server.issues[0]?.message).toContain('no interface of this host has the address 192.0.2.1');
});

test('the port is free again after the signal', async () => {
  const stop = new AbortController();
  const { port, closed } = await serve({}, stop.signal);
  stop.abort();
  await closed;
  expect((await serve({ port })).port).toBe(port);
});
