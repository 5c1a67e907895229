/**
 * A real Kubernetes API server on loopback, with an etcd of its own: no Node, no controller, nothing but the API. Its data are
 * in a folder that goes with it, and both processes die with the test's.
 *
 * The programs come from $KUBEBUILDER_ASSETS, which `npm test` sets (tools/kube.mjs).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { until } from './until.js';

const ASSETS = process.env['KUBEBUILDER_ASSETS'] ?? '';

/** Without an API server the suite is skipped; under CI it fails instead, when it starts one. */
export const describeWithApiServer: ReturnType<typeof describe.skipIf> = describe.skipIf(
  ASSETS === '' && process.env['CI'] !== 'true',
);

export interface ApiServer {
  /** Its only user is an administrator. */
  readonly kubeconfig: string;
  /** Runs kubectl; `input` is what it reads from `-f -`. */
  kubectl(args: readonly string[], input?: string): Promise<Finished>;
  /** One request, with a JSON body unless it is a GET. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Ends both processes and deletes everything. */
  stop(): Promise<void>;
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  /** An object of Kubernetes, or a Status that says why not. */
  readonly body: Record<string, unknown>;
}

const TOKEN = 'the-administrator-of-a-test';
/** A machine that runs other tests too may take long; without any, 3 seconds. */
const LONGEST_MS = 50_000;

export async function startApiServer(): Promise<ApiServer> {
  if (ASSETS === '') throw new Error('KUBEBUILDER_ASSETS is not set: `npm test` says why, node tools/kube.mjs makes the folder');
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-apiserver-'));
  const processes: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [etcdPort, peerPort, port] = await freePorts(3);
    const etcd = `http://127.0.0.1:${etcdPort}`;
    processes.push(start(folder, 'etcd', etcdFlags(folder, etcd, `http://127.0.0.1:${peerPort}`)));
    processes.push(start(folder, 'kube-apiserver', apiServerFlags(folder, etcd, port ?? 0)));
    const call = caller(folder, port ?? 0);
    await until(
      'the API server is ready',
      async () => {
        const over = processes.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
        if (over !== undefined) throw new Error(`${over.spawnfile} has ended:\n${lastWords(folder)}`);
        return (await call('GET', '/readyz').catch(() => undefined))?.status === 200;
      },
      LONGEST_MS,
    );
    const kubeconfig = writeKubeconfig(folder, port ?? 0);
    return { kubeconfig, call, kubectl: (args, input) => kubectl(folder, kubeconfig, args, input), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const etcdFlags = (folder: string, clients: string, peers: string): string[] => [
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=${clients}`,
  `--advertise-client-urls=${clients}`,
  `--listen-peer-urls=${peers}`,
  `--initial-advertise-peer-urls=${peers}`,
  `--initial-cluster=default=${peers}`,
  '--unsafe-no-fsync',
  '--log-level=warn',
];

function apiServerFlags(folder: string, etcd: string, port: number): string[] {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = join(folder, 'service-accounts.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},administrator,administrator,system:masters\n`);
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // There is no default route to find an address by, and nothing that would use it.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/16',
    // It makes its certificate there itself.
    `--cert-dir=${folder}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    // No controller gives Pods a ServiceAccount.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

/** Its output goes to NAME.log. It dies with this process, however that ends. */
function start(folder: string, name: string, flags: readonly string[]): ChildProcess {
  const log = join(folder, `${name}.log`);
  const script = 'exec "$@" > "$0" 2>&1';
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', script, log, join(ASSETS, name), ...flags], { stdio: 'ignore' });
}

/** Nothing in the folder outlives the run, so there is nothing to end in order. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const lastWords = (folder: string): string =>
  ['etcd.log', 'kube-apiserver.log'].map((log) => readFileSync(join(folder, log), 'utf8').slice(-2000)).join('\n');

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

const certificate = (folder: string): string => join(folder, 'apiserver.crt');

const caller =
  (folder: string, port: number): ApiServer['call'] =>
  async (method, path, body) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      ca: readFileSync(certificate(folder)),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, body: text.startsWith('{') ? JSON.parse(text) : { text } };
  };

/** JSON is YAML too. */
function writeKubeconfig(folder: string, port: number): string {
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'administrator' } }],
    clusters: [{ name: 'test', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate(folder) } }],
    users: [{ name: 'administrator', user: { token: TOKEN } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function kubectl(folder: string, kubeconfig: string, args: readonly string[], input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    // What it remembers of the API is kept in the home folder.
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig };
    const child = execFile(join(ASSETS, 'kubectl'), args, { env, maxBuffer: 1 << 26 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}
