import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Access, Credentials } from '../../agents/kube/access.js';
import { type Listener, type Stream, Transport } from '../../agents/kube/transport.js';
import { selfSigned } from '../support/certificate.js';
import { answer, type HttpsServer, startHttps } from '../support/httpsserver.js';
import { until } from '../support/until.js';

function transportTo(access: Access, options: { now?: () => number; connections?: number } = {}): Transport {
  const transport = new Transport({ access, userAgent: 'test', ...options });
  onTestFinished(() => transport.close());
  return transport;
}

const GET = { method: 'GET', path: '/x' } as const;

/** What a listener is told, as words. */
function recorder(): Listener & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    opened: () => void told.push('opened'),
    line: (text) => void told.push(text),
    ended: () => void told.push('ended'),
    refused: ({ code, message }) => void told.push(`refused ${code} ${message}`),
    lost: (why) => void told.push(`lost ${why}`),
    silent: () => void told.push('silent'),
  };
}

const follow = (server: HttpsServer, listener: Listener, silenceMs = 60_000): Stream =>
  transportTo(server.access()).stream('/watch', silenceMs, listener);

test('many requests go over few connections', async () => {
  const server = await startHttps((_, response) => answer(response, 200, { ok: true }));
  const transport = transportTo(server.access(), { connections: 3 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => transport.call(GET)));
  expect(answers).toEqual(Array.from({ length: 50 }, () => ({ answered: { ok: true } })));
  expect(server.connections()).toBeLessThanOrEqual(3);
});

test('a body is sent as JSON with all digits of an int64', async () => {
  const bodies: string[] = [];
  const server = await startHttps(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${text}`);
    answer(response, 201, {});
  });
  await transportTo(server.access()).call({
    method: 'PATCH',
    path: '/a?b=c',
    contentType: 'application/merge-patch+json',
    body: { count: 9223372036854775807n, gone: null, absent: undefined, list: [1, 'ü'] },
  });
  expect(bodies).toEqual(['PATCH /a?b=c application/merge-patch+json {"count":9223372036854775807,"gone":null,"list":[1,"ü"]}']);
});

test.each<[string, number, unknown, Readonly<Record<string, string>>, object]>([
  [
    'a Status',
    409,
    { kind: 'Status', code: 409, reason: 'Conflict', message: 'modified' },
    {},
    { code: 409, reason: 'Conflict', message: 'modified' },
  ],
  [
    'a wait in its header',
    429,
    {},
    { 'retry-after': '3' },
    { code: 429, reason: '', message: 'HTTP status 429', retryAfterMs: 3000 },
  ],
  [
    'a wait in its details',
    504,
    { message: 'slow', details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    {},
    { code: 504, reason: '', message: 'slow', retryAfterMs: 1000, fromTheFuture: true },
  ],
  [
    'a date, which no API server sends',
    503,
    {},
    { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' },
    { code: 503, reason: '', message: 'HTTP status 503' },
  ],
])('a refusal with %s is understood', async (_, code, body, headers, refused) => {
  const server = await startHttps((_request, response) => answer(response, code, body, headers));
  expect(await transportTo(server.access()).call(GET)).toEqual({ refused });
});

test('a refusal in plain text is one too', async () => {
  const server = await startHttps((_, response) => response.writeHead(502).end('<html>bad gateway</html>'));
  expect(await transportTo(server.access()).call(GET)).toMatchObject({ refused: { code: 502 } });
});

test.each<[string, (response: import('node:http').ServerResponse) => void, RegExp]>([
  [
    'that breaks off',
    (response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
    /broke off/,
  ],
  ['that is no JSON', (response) => response.end('{"a":'), /not JSON/],
  ['that never comes', () => undefined, /no answer within 0.2 s/],
  ['of a server that hangs up', (response) => response.destroy(), /ECONNRESET|hang up/],
])('an answer %s is lost', async (_, respond, why) => {
  const server = await startHttps((_request, response) => respond(response));
  const result = await transportTo(server.access()).call({ ...GET, timeoutMs: 200 });
  expect(result).toEqual({ lost: expect.stringMatching(why) });
});

test('a connection that the server has closed meanwhile is no loss', async () => {
  let answered = 0;
  const server = await startHttps((request, response) => {
    if (answered++ === 1) request.socket.destroy();
    else answer(response, 200, { answered });
  });
  const transport = transportTo(server.access());
  expect(await transport.call(GET)).toEqual({ answered: { answered: 1 } });
  expect(await transport.call(GET)).toEqual({ answered: { answered: 3 } });
});

test('nobody there is a value, too', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const address = free.address();
  free.close();
  const access = {
    server: new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`),
    credentials: async () => ({}),
  };
  expect(await transportTo(access).call(GET)).toEqual({ lost: expect.stringContaining('ECONNREFUSED') });
});

test('a server that cannot prove who it is is not spoken to', async () => {
  let asked = 0;
  const server = await startHttps((_, response) => {
    asked++;
    answer(response, 200, {});
  });
  const stranger = transportTo({ server: server.url, credentials: async () => ({ ca: selfSigned('another').cert }) });
  expect(await stranger.call(GET)).toEqual({ lost: expect.stringMatching(/self.signed|unable to verify/i) });
  expect(asked).toBe(0);
});

test('credentials that cannot be read are a loss, and those of before go on being used', async () => {
  const server = await startHttps(({ headers }, response) => answer(response, 200, { told: headers.authorization }));
  let token: string | undefined;
  const access: Access = {
    server: server.url,
    credentials: async (): Promise<Credentials> => {
      if (token === undefined) throw new Error('ENOENT');
      return { ca: server.certificate.cert, authorization: `Bearer ${token}` };
    },
  };
  let now = 0;
  const transport = transportTo(access, { now: () => now });
  expect(await transport.call(GET)).toEqual({ lost: 'no credentials: ENOENT' });
  token = 'first';
  expect(await transport.call(GET)).toEqual({ answered: { told: 'Bearer first' } });
  token = undefined;
  now = 60_000;
  expect(await transport.call(GET)).toEqual({ answered: { told: 'Bearer first' } });
  token = 'second';
  expect(await transport.call(GET)).toEqual({ answered: { told: 'Bearer second' } });
  expect(server.connections()).toBe(1);
});

test('a token that is not accepted is read anew before its time', async () => {
  let valid = 'one';
  const server = await startHttps(({ headers }, response) =>
    headers.authorization === `Bearer ${valid}` ? answer(response, 200, {}) : answer(response, 401, { reason: 'Unauthorized' }),
  );
  let mounted = 'one';
  const transport = transportTo(
    server.access(() => ({ authorization: `Bearer ${mounted}` })),
    { now: () => 0 },
  );
  expect(await transport.call(GET)).toEqual({ answered: {} });
  valid = 'two';
  mounted = 'two';
  expect(await transport.call(GET)).toMatchObject({ refused: { code: 401 } });
  expect(await transport.call(GET)).toEqual({ answered: {} });
});

test('a new authority is believed as soon as it is read', async () => {
  const server = await startHttps((_, response) => answer(response, 200, {}));
  let ca = selfSigned('before').cert;
  let now = 0;
  const transport = transportTo(
    server.access(() => ({ ca })),
    { now: () => now },
  );
  expect(await transport.call(GET)).toMatchObject({ lost: expect.anything() });
  ca = server.certificate.cert;
  now = 60_000;
  expect(await transport.call(GET)).toEqual({ answered: {} });
});

test('a stream is told line by line, however it is cut', async () => {
  const text = '{"a":1}\n{"b":"ü"}\n\n{"c":3}\n';
  const server = await startHttps((_, response) => {
    const bytes = Buffer.from(text);
    const next = (at: number): void => {
      if (at < bytes.length) response.write(bytes.subarray(at, at + 1), () => next(at + 1));
      else response.end();
    };
    next(0);
  });
  const listener = recorder();
  follow(server, listener);
  await until('the stream is over', () => listener.told.includes('ended'));
  expect(listener.told).toEqual(['opened', '{"a":1}', '{"b":"ü"}', '{"c":3}', 'ended']);
});

test('streams don’t wait for each other nor for requests', async () => {
  const server = await startHttps(({ url }, response) => {
    if (url === '/watch') response.writeHead(200).write('{}\n');
    else answer(response, 200, {});
  });
  const transport = transportTo(server.access(), { connections: 1 });
  const listeners = Array.from({ length: 5 }, recorder);
  for (const listener of listeners) transport.stream('/watch', 60_000, listener);
  await until('all are open', () => listeners.every(({ told }) => told.length === 2));
  expect(await transport.call(GET)).toEqual({ answered: {} });
});

test.each<[string, (response: import('node:http').ServerResponse) => void, readonly string[]]>([
  ['is refused', (response) => answer(response, 410, { message: 'too old', code: 410 }), ['refused 410 too old']],
  [
    'is reset',
    (response) => response.writeHead(200).write('{}\n', () => response.socket?.destroy()),
    ['opened', '{}', 'lost ECONNRESET: aborted'],
  ],
  ['falls silent', (response) => response.writeHead(200).write('{}\n'), ['opened', '{}', 'silent']],
  ['never begins', () => undefined, ['silent']],
])('a stream that %s is told so once', async (_, respond, told) => {
  const server = await startHttps((_request, response) => respond(response));
  const listener = recorder();
  follow(server, listener, 300);
  await until('it is over', () => listener.told.length >= told.length);
  expect(listener.told).toEqual(told);
});

test('a stream that was stopped says nothing more', async () => {
  let open: import('node:http').ServerResponse | undefined;
  const server = await startHttps((_, response) => {
    open = response.writeHead(200);
    response.write('{}\n');
  });
  const listener = recorder();
  const stream = follow(server, listener);
  await until('it has begun', () => listener.told.includes('{}'));
  stream.stop();
  await until('the server has noticed', () => open?.destroyed === true);
  expect(listener.told).toEqual(['opened', '{}']);
});

test('a line without an end does not fill the memory', async () => {
  const server = await startHttps((_, response) => {
    const megabyte = Buffer.alloc(1 << 20, 'x');
    const more = (): void => void (response.destroyed || response.write(megabyte, more));
    more();
  });
  const listener = recorder();
  follow(server, listener);
  await until('it is given up', () => listener.told.includes('lost a line is too long'));
});
