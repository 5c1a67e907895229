import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { expect, test } from 'vitest';
import { type HttpsOptions, serveHttps, type Verdict } from '../../agents/runtime/https.js';
import { formatIssue } from '../../src/issue/issue.js';
import { type Certificate, selfSigned } from '../support/certificate.js';
import { temporaryFolder, testSignal } from '../support/folder.js';

const OPTIONS: HttpsOptions = {
  host: '127.0.0.1',
  port: 0,
  tls: { minVersion: 'TLSv1.3' },
  metrics: { text: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4' },
  review: async (token) => (token as Verdict | undefined) ?? 'unauthenticated',
  report: () => undefined,
};

async function serve(options: Partial<HttpsOptions> = {}): Promise<number> {
  const server = await serveHttps({ ...OPTIONS, ...options }, testSignal());
  if (!server.ok) throw new Error(server.issues.map(formatIssue).join());
  return server.value.port;
}

interface Answered {
  readonly status: number | undefined;
  readonly text: string;
  readonly challenge: string | undefined;
}

const get = (port: number, path: string, headers: object = {}, options: object = {}): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, headers: { ...headers }, rejectUnauthorized: false, agent: false, ...options },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode, text, challenge: response.headers['www-authenticate'] }));
      },
    );
    sent.on('error', reject).end();
  });

/** The verdict is the token. */
test.each<[string, string, object, number]>([
  ['who may', '/metrics', { authorization: 'Bearer allowed' }, 200],
  ['who may, asking for something else', '/healthz', { authorization: 'Bearer allowed' }, 404],
  ['who shows no token', '/metrics', {}, 401],
  ['who shows a password', '/metrics', { authorization: 'Basic YTpi' }, 401],
  ['who is nobody', '/metrics', { authorization: 'Bearer unauthenticated' }, 401],
  ['who may not', '/metrics', { authorization: 'bearer forbidden' }, 403],
  ['whom nobody can tell about', '/metrics', { authorization: 'Bearer unavailable' }, 500],
])('%s, of %s', async (_, path, headers, status) => {
  const answered = await get(await serve(), path, headers);
  expect(answered.status).toBe(status);
  expect(answered.text === 'up 1\n').toBe(status === 200);
  expect(answered.challenge).toBe(status === 401 ? 'Bearer' : undefined);
});

test('another method is no scrape', async () => {
  const port = await serve();
  expect((await get(port, '/metrics', { authorization: 'Bearer allowed' }, { method: 'POST' })).status).toBe(405);
});

/** The version that a client speaks with the server; undefined: none. */
const speaks = (port: number, maxVersion: SecureVersion, more: object = {}): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, maxVersion, rejectUnauthorized: false, ...more }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });

test('TLS 1.2 is spoken only where it was asked for, with the suites that were', async () => {
  expect(await speaks(await serve(), 'TLSv1.2')).toBeUndefined();
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_256_GCM_SHA384';
  const port = await serve({ tls: { minVersion: 'TLSv1.2', ciphers, curves: 'P-256' } });
  expect(await speaks(port, 'TLSv1.2')).toBe('TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
  expect(await speaks(port, 'TLSv1.2', { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).toBeUndefined();
  expect(await speaks(port, 'TLSv1.3')).toBe('TLSv1.3 TLS_AES_256_GCM_SHA384');
  expect(await speaks(port, 'TLSv1.3', { ecdhCurve: 'X25519' })).toBeUndefined();
});

const write = (folder: string, { cert, key }: Certificate): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key);
};

test('the certificate of a folder is shown', async () => {
  const folder = temporaryFolder();
  const own = selfSigned('mine');
  write(folder, own);
  const port = await serve({ tls: { minVersion: 'TLSv1.3', certDir: folder } });
  const trusting = { rejectUnauthorized: true, ca: own.cert };
  expect((await get(port, '/metrics', { authorization: 'Bearer allowed' }, trusting)).status).toBe(200);
});

test.each<[string, (folder: string) => void]>([
  ['is not there', (folder) => rmSync(folder, { recursive: true })],
  ['has a key of another certificate', (folder) => write(folder, { cert: selfSigned('a').cert, key: selfSigned('b').key })],
  ['has no certificate', (folder) => write(folder, { cert: 'none', key: 'none' })],
])('a folder that %s is an issue', async (_, spoil) => {
  const certDir = join(temporaryFolder(), 'certificate');
  write(certDir, selfSigned());
  spoil(certDir);
  const server = await serveHttps({ ...OPTIONS, tls: { minVersion: 'TLSv1.3', certDir } }, testSignal());
  expect(!server.ok && server.issues.map(formatIssue)).toEqual([
    expect.stringMatching(/^METRICS_CERT_UNUSABLE --metrics-cert-dir: .* has no certificate that can be used: /),
  ]);
});
