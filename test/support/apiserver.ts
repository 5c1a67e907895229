/**
 * A real Kubernetes API server on loopback, with an etcd of its own: no Node, no controller, nothing but the API. Its data are
 * in a folder that goes with it, and both processes die with the test's. Each can be killed and started again: nothing is lost.
 *
 * The programs come from $KUBEBUILDER_ASSETS, which `npm test` sets (tools/kube.mjs).
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type PodFiles, writeKubeconfig, writePodFiles } from './access.js';
import { type Answer, type Call, caller, type Endpoint } from './call.js';
import { Program } from './program.js';

/** Empty where there is no API server. */
export const ASSETS: string = process.env['KUBEBUILDER_ASSETS'] ?? '';

export interface ApiServer {
  /** Of an administrator. */
  readonly endpoint: Endpoint;
  readonly kubeconfig: string;
  /** A file with what it says of itself. */
  readonly log: string;
  /** A file with an audit event a line, if there is a policy for them. */
  readonly auditLog: string;
  /** PEM: the certificate and the key that it shows itself with. */
  readonly identity: { readonly cert: string; readonly key: string };
  /** Runs kubectl; `input` is what it reads from `-f -`. */
  kubectl(args: readonly string[], input?: string): Promise<Finished>;
  /** As an administrator. */
  readonly call: Call;
  /** Of a ServiceAccount in metallb-system, from the TokenRequest API, for an hour: it may do what RBAC says, and no more. */
  token(serviceAccount: string): Promise<string>;
  /** A kubeconfig whose user is a ServiceAccount; `at` is another way to the API server. */
  kubeconfigOf(serviceAccount: string, at?: Address): Promise<string>;
  /** What a Pod finds that runs as a ServiceAccount. */
  podFilesOf(serviceAccount: string, at?: Address): Promise<PodFiles>;
  readonly etcd: Program;
  readonly server: Program;
  /** Ends both processes and deletes everything. */
  stop(): Promise<void>;
}

type Address = Pick<Endpoint, 'host' | 'port'>;

export interface ApiServerOptions {
  /** The address it listens on, which must be there already. @default loopback's */
  readonly host?: string;
  /** Of what is told in {@link ApiServer.auditLog}. @default nothing */
  readonly audit?: AuditPolicy;
  /** More flags of the API server. */
  readonly more?: readonly string[];
  /** Another program than that of $KUBEBUILDER_ASSETS. */
  readonly program?: string;
}

/** audit.k8s.io/v1. */
export interface AuditPolicy {
  readonly omitManagedFields: boolean;
  readonly omitStages: readonly string[];
  readonly rules: readonly object[];
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const TOKEN = 'the-administrator-of-a-test';
const LOOPBACK = '127.0.0.1';
/** Longer than what any test waits for by it. */
const KUBECTL_MS = 150_000;

export async function startApiServer({ host = LOOPBACK, audit, more = [], program }: ApiServerOptions = {}): Promise<ApiServer> {
  if (ASSETS === '') throw new Error('KUBEBUILDER_ASSETS is not set: `npm test` says why, node tools/kube.mjs makes the folder');
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-apiserver-'));
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const etcd = etcdIn(folder, etcdPort, peerPort);
  const server = serverIn(program ?? join(ASSETS, 'kube-apiserver'), folder, etcdPort, { host, port }, audit, more);
  const stop = async (): Promise<void> => {
    await Promise.all([etcd.kill(), server.kill()]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await etcd.start();
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = { host, port, ca: readFileSync(certificate(folder), 'utf8'), token: TOKEN };
  const call = caller(endpoint);
  const kubeconfig = writeKubeconfig(folder, 'administrator', endpoint);
  const token = async (serviceAccount: string): Promise<string> => tokenOf(serviceAccount, call);
  const as = async (serviceAccount: string, at: Address): Promise<Endpoint> => ({
    ...{ ...endpoint, host: at.host, port: at.port },
    token: await token(serviceAccount),
  });
  return {
    endpoint,
    kubeconfig,
    log: serverLog(folder),
    auditLog: auditLog(folder),
    identity: { cert: endpoint.ca, key: readFileSync(join(folder, 'apiserver.key'), 'utf8') },
    kubectl: (args, input) => kubectl(folder, kubeconfig, args, input),
    call,
    token,
    kubeconfigOf: async (serviceAccount, at = endpoint) => writeKubeconfig(folder, serviceAccount, await as(serviceAccount, at)),
    podFilesOf: async (serviceAccount, at = endpoint) => writePodFiles(folder, serviceAccount, await as(serviceAccount, at)),
    etcd,
    server,
    stop,
  };
}

function etcdIn(folder: string, port: number, peerPort: number): Program {
  const [clients, peers] = [`http://${LOOPBACK}:${port}`, `http://${LOOPBACK}:${peerPort}`];
  const flags = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    // What a process had written survives its death; only that of the machine would lose it.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  const isReady = async (): Promise<boolean> => (await fetch(`${clients}/health`)).ok;
  return new Program({ file: join(ASSETS, 'etcd'), flags, log: join(folder, 'etcd.log'), isReady });
}

function serverIn(
  file: string,
  folder: string,
  etcdPort: number,
  { host, port }: Address,
  audit: AuditPolicy | undefined,
  more: readonly string[],
): Program {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = join(folder, 'service-accounts.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},administrator,administrator,system:masters\n`);
  const flags = [
    `--etcd-servers=http://${LOOPBACK}:${etcdPort}`,
    `--bind-address=${host}`,
    `--secure-port=${port}`,
    // There is no default route to find an address by, and nothing that would use it.
    '--advertise-address=192.0.2.1',
    '--endpoint-reconciler-type=none',
    // Two families: a Service has one of them unless it asks for both.
    '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112',
    // It makes its certificate there itself, and finds it there when it is started again.
    `--cert-dir=${folder}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=Node,RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    // No controller gives Pods a ServiceAccount.
    '--disable-admission-plugins=ServiceAccount',
    ...(audit === undefined ? [] : auditFlags(folder, audit)),
    ...more,
  ];
  const isReady = async (): Promise<boolean> => {
    const ca = readFileSync(certificate(folder), 'utf8');
    return (await caller({ host, port, ca, token: TOKEN })('GET', '/readyz')).status === 200;
  };
  return new Program({ file, flags, log: serverLog(folder), isReady });
}

const serverLog = (folder: string): string => join(folder, 'kube-apiserver.log');
const auditLog = (folder: string): string => join(folder, 'audit.log');

function auditFlags(folder: string, policy: AuditPolicy): readonly string[] {
  const file = join(folder, 'audit.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...policy }));
  // One file, however much it is.
  return [`--audit-policy-file=${file}`, `--audit-log-path=${auditLog(folder)}`, '--audit-log-maxsize=100000'];
}

const certificate = (folder: string): string => join(folder, 'apiserver.crt');

async function tokenOf(serviceAccount: string, call: Call): Promise<string> {
  const path = `/api/v1/namespaces/${METALLB_NAMESPACE}/serviceaccounts/${serviceAccount}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const { status, body }: Answer = await call('POST', path, request);
  if (status !== 201) throw new Error(`no token for ${serviceAccount}: ${body['message']}`);
  return (body as { status: { token: string } }).status.token;
}

/** Ports that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, LOOPBACK);
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

function kubectl(folder: string, kubeconfig: string, args: readonly string[], input = ''): Promise<Finished> {
  return new Promise((resolve) => {
    // What it remembers of the API is kept in the home folder.
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig };
    const options = { env, maxBuffer: 1 << 26, timeout: KUBECTL_MS };
    const child = execFile(join(ASSETS, 'kubectl'), args, options, (_, stdout, stderr) => {
      const isTooLong = child.signalCode === 'SIGTERM';
      resolve({ code: child.exitCode ?? -1, stdout, stderr: isTooLong ? `${stderr}took longer than ${KUBECTL_MS} ms` : stderr });
    });
    child.stdin?.end(input);
  });
}
