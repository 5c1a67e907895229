/**
 * A cluster to measure: a real API server, and nodes and a client on one Ethernet; agents run there as Pods do, with the rights that
 * ship.
 */
import { METALLB_NAMESPACE } from '../../../src/api/object.js';
import { type Host, Network } from '../../lab/network.js';
import { type ApiServer, type AuditPolicy, startApiServer } from '../../support/apiserver.js';
import { type Answer, type Call, caller } from '../../support/call.js';
import { install } from '../../support/install.js';
import { type AgentPod, startPod } from './agentpod.js';
import { CONNECTIONS } from './services.js';

const OURS = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const PODS = `/api/v1/namespaces/${METALLB_NAMESPACE}/pods`;
/** The soak shares a lab with tests of what ships, whose addresses are in 192.168.1.0/24. */
const SUBNET = '192.168.99';
/** Of the API server, on the Ethernet of the nodes. */
const API = `${SUBNET}.1`;
const CLIENT = `${SUBNET}.100`;
const addressOf = (node: number): string => `${SUBNET}.${11 + node}`;

export interface BenchClusterOptions {
  readonly nodes: number;
  /** Ranges of the pool. */
  readonly addresses: readonly string[];
  /** Spec of the advertisement. */
  readonly advertisement?: object;
  /** What the API server writes down of what it is asked. @default nothing */
  readonly audit?: AuditPolicy;
}

export class BenchCluster implements AsyncDisposable {
  readonly api: ApiServer;
  /** As an administrator, over {@link CONNECTIONS} connections. */
  readonly call: Call;
  /** `n1` and so on. */
  readonly nodes: readonly string[];
  readonly #network: Network;
  readonly #running = new Set<AgentPod>();

  private constructor(api: ApiServer, network: Network, nodes: readonly string[]) {
    this.api = api;
    this.call = caller(api.endpoint, { connections: CONNECTIONS });
    this.#network = network;
    this.nodes = nodes;
  }

  static async create({ nodes: count, addresses, advertisement = {}, audit }: BenchClusterOptions): Promise<BenchCluster> {
    const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    const hosts = nodes.map((name, i) => ({ name, address: `${addressOf(i)}/24` }));
    const network = await Network.create({ hosts: [...hosts, { name: 'client', address: `${CLIENT}/24` }] });
    await network.join(`${API}/24`);
    const api = await startApiServer({ host: API, ...(audit === undefined ? {} : { audit }) });
    const cluster = new BenchCluster(api, network, nodes);
    try {
      await install(api);
      await cluster.#must('POST', `${OURS}/ipaddresspools`, ours('IPAddressPool', { addresses }));
      await cluster.#must('POST', `${OURS}/l2advertisements`, ours('L2Advertisement', advertisement));
      for (const [i, name] of nodes.entries()) await cluster.#addNode(name, addressOf(i));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get client(): Host {
    return this.#network.host('client');
  }

  host(node: string): Host {
    return this.#network.host(node);
  }

  /** The Pod of a node's speaker, which is a peer of those that look for peers. */
  async addSpeakerPod(node: string): Promise<void> {
    const ip = addressOf(this.nodes.indexOf(node));
    const pod = await this.#must('POST', PODS, {
      metadata: { name: `speaker-${node}`, labels: { component: 'speaker' } },
      spec: { nodeName: node, containers: [{ name: 'speaker', image: 'none' }] },
    });
    await this.#must('PUT', `${PODS}/speaker-${node}/status`, {
      ...pod,
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
    });
  }

  async startController(env: Readonly<Record<string, string>> = {}): Promise<AgentPod> {
    return this.#start({
      files: await this.api.podFilesOf('controller'),
      args: ['controller'],
      env: { ...env, METALLB_POD_NAME: 'controller-0' },
    });
  }

  /** With all that MetalLB's DaemonSet says. */
  async startSpeaker(node: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<AgentPod> {
    return this.#start({
      files: await this.api.podFilesOf('speaker'),
      args: ['speaker', '--interface', 'eth0', ...flags],
      env: {
        ...env,
        METALLB_NODE_NAME: node,
        METALLB_POD_NAME: `speaker-${node}`,
        METALLB_ML_BIND_ADDR: addressOf(this.nodes.indexOf(node)),
        METALLB_ML_LABELS: 'component=speaker',
      },
      host: this.host(node),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((pod) => pod.end('SIGKILL')));
    await this.#network.destroy();
    await this.api.stop();
  }

  #start(options: Parameters<typeof startPod>[0]): AgentPod {
    const pod = startPod(options);
    this.#running.add(pod);
    return {
      ...pod,
      end: async (signal) => {
        this.#running.delete(pod);
        await pod.end(signal);
      },
    };
  }

  async #addNode(name: string, address: string): Promise<void> {
    const node = await this.#must('POST', '/api/v1/nodes', { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
    const status = { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] };
    await this.#must('PUT', `/api/v1/nodes/${name}/status`, { ...node, status });
  }

  async #must(method: 'POST' | 'PUT', path: string, body: object): Promise<Answer['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body['message']}`);
    return answer.body;
  }
}

const ours = (kind: string, spec: object): object => ({
  apiVersion: 'metallb.io/v1beta1',
  kind,
  metadata: { name: 'bench', namespace: METALLB_NAMESPACE },
  spec,
});
