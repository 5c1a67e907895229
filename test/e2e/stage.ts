/**
 * A cluster as far as Layer 2 goes: a real API server, nodes as hosts of a small Ethernet, a controller and speakers as processes, each
 * on its own way to the API server, which can be made a bad one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { rank } from '../../src/layer2/ranking.js';
import { ROOT } from '../constructs/support.js';
import { ask } from '../lab/arping.js';
import { Network } from '../lab/network.js';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/apiserver.js';
import type { Call } from '../support/call.js';
import { FaultProxy } from '../support/faultproxy.js';
import { install } from '../support/install.js';
import { until } from '../support/until.js';
import { Door } from './door.js';
import { type ArpeggioProcess, type LogLine, startArpeggio } from './process.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface Speaker {
  readonly lines: LogLine[];
  end(signal: NodeJS.Signals): Promise<void>;
}

export const OURS: string = `/apis/metallb.io/v1beta1/namespaces/${METALLB_NAMESPACE}`;
const SERVICES = '/api/v1/namespaces/default/services';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
/** Files that run side by side share a lab: each has a subnet of its own there. */
const SUBNET = `192.168.${100 + Number(process.env['VITEST_POOL_ID'] ?? 0)}`;
const API = `${SUBNET}.1`;
const CLIENT = `${SUBNET}.100`;
/** Processes begin, and become members. */
const LONG_MS = 40_000;

export class Stage {
  readonly api: ApiServer;
  readonly network: Network;
  readonly nodes: readonly string[];
  readonly folder: string = mkdtempSync(join(tmpdir(), 'arpeggio-stage-'));
  readonly speakers: Map<string, Speaker> = new Map();
  /** The ways to the API server: the controller's, and that of all speakers. */
  readonly proxies: { readonly controller: FaultProxy; readonly speakers: FaultProxy };
  /** Through which speakers reach theirs. */
  readonly door: Door;
  controller: ArpeggioProcess | undefined;

  private constructor(api: ApiServer, network: Network, nodes: readonly string[], proxies: Stage['proxies']) {
    this.api = api;
    this.network = network;
    this.nodes = nodes;
    this.proxies = proxies;
    this.door = new Door(API, proxies.speakers.port, proxies.speakers.port);
  }

  /** With these Nodes, nothing else, and no process yet. */
  static async open(nodes: readonly string[], apiServer: ApiServerOptions = {}): Promise<Stage> {
    const hosts = nodes.map((name, i) => ({ name, address: `${addressOf(i)}/24` }));
    const [api, network] = await Promise.all([
      startApiServer(apiServer),
      Network.create({ hosts: [...hosts, { name: 'client', address: `${CLIENT}/24` }] }),
    ]);
    await network.join(`${API}/24`);
    await install(api);
    const [controller, speakers] = await Promise.all([FaultProxy.start(api), FaultProxy.start(api)]);
    const stage = new Stage(api, network, nodes, { controller, speakers });
    await stage.door.open();
    writeFileSync(join(stage.folder, 'kubeconfig'), await throughDoor(await api.kubeconfigOf('speaker'), speakers.port));
    for (const [i, name] of nodes.entries()) await stage.#makeNode(name, addressOf(i));
    return stage;
  }

  async close(): Promise<void> {
    await this.end();
    this.door.shut();
    for (const proxy of Object.values(this.proxies)) await proxy[Symbol.asyncDispose]();
    await this.network.destroy();
    await this.api.stop();
    rmSync(this.folder, { recursive: true });
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    await Promise.all([this.controller?.end(), ...[...this.speakers.values()].map(({ end }) => end('SIGKILL'))]);
    this.speakers.clear();
  }

  /** The body of the answer; an error where the API server refused. */
  async must(...[method, path, body, contentType]: Parameters<Call>): Promise<Fields> {
    const answer = await this.api.call(method, path, body, contentType);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** An object, and its status, which an API server takes afterwards. */
  async create(path: string, object: object, status: object): Promise<void> {
    const made = await this.must('POST', path, object);
    const { name } = made['metadata'] as { name: string };
    await this.must('PUT', `${path}/${name}/status`, { ...made, status });
  }

  async pool(name: string, spec: object): Promise<void> {
    await this.must('POST', `${OURS}/ipaddresspools`, ours('IPAddressPool', name, spec));
  }

  async advertisement(name: string, spec: object = {}): Promise<void> {
    await this.must('POST', `${OURS}/l2advertisements`, ours('L2Advertisement', name, spec));
  }

  /** Makes one of type LoadBalancer, with endpoints on these nodes. */
  async service(
    name: string,
    { on = this.nodes, spec = {}, metadata = {} }: { on?: readonly string[]; spec?: object; metadata?: object } = {},
  ): Promise<void> {
    await this.must('POST', SERVICES, {
      metadata: { name, ...metadata },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    });
    await this.must('POST', SLICES, {
      metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ port: 80 }],
      endpoints: endpoints(on),
    });
  }

  /** Endpoints of `service` are on these nodes now. */
  async move(service: string, on: readonly string[]): Promise<void> {
    await this.must('PATCH', `${SLICES}/${service}-1`, { endpoints: endpoints(on) });
  }

  async remove(service: string): Promise<void> {
    await this.must('DELETE', `${SERVICES}/${service}`);
    await this.must('DELETE', `${SLICES}/${service}-1`);
  }

  /** A merge patch. */
  async change(path: string, patch: object): Promise<void> {
    await this.must('PATCH', path, patch);
  }

  async startController(args: readonly string[] = []): Promise<ArpeggioProcess> {
    const kubeconfig = await this.api.kubeconfigOf('controller', this.proxies.controller);
    this.controller = startArpeggio(['controller', '--kubeconfig', kubeconfig, '--metrics', '0', ...args]);
    return this.controller;
  }

  /** `through`: what starts it, with its own arguments. */
  start(name: string, args: readonly string[] = [], through: readonly string[] = []): Speaker {
    const state = ['--kubeconfig', join(this.folder, 'kubeconfig'), '--node-name', name, '--namespace', METALLB_NAMESPACE];
    const gossip = ['--ml-labels', 'component=speaker', '--ml-bindaddr', addressOf(this.nodes.indexOf(name))];
    const wire = ['--interface', 'eth0', '--failback-delay', '0', '--metrics', '127.0.0.1:7472'];
    const own = ['--pod-name', `speaker-${name}`, '--keep-view', join(this.folder, name)];
    const command = [join(ROOT, 'build/arpeggio.js'), 'speaker', ...state, ...gossip, ...wire, ...own, ...args];
    const [program = process.execPath, ...words] = [...through, process.execPath, ...command];
    const child = this.network.host(name).spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: LogLine[] = [];
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
    const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const speaker = {
      lines,
      end: async (signal: NodeJS.Signals): Promise<void> => {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        await exit;
      },
    };
    this.speakers.set(name, speaker);
    return speaker;
  }

  /** All of them, until each knows all others. */
  async startAll(args: readonly string[] = []): Promise<void> {
    for (const name of this.nodes) this.start(name, args);
    for (const [name, { lines }] of this.speakers) {
      const known = (): Set<unknown> =>
        new Set(lines.filter(({ event, state }) => event === 'memberChanged' && state === 'alive').map(({ node }) => node));
      await until(`${name} knows the others`, () => known().size === this.nodes.length - 1, LONG_MS);
    }
  }

  /**
   * Who answers in the end when all nodes may: one that came a moment later than another, and finds addresses answered for, waits
   * before it takes its own back.
   */
  first(address: string): string {
    const [first = ''] = rank(
      this.nodes.map((node) => ({ node, score: 0 })),
      address,
    );
    return first;
  }

  /** The node whose MAC answers. */
  async owner(address: string): Promise<string | undefined> {
    const mac = await ask(this.network.host('client'), address);
    return this.nodes.find((name) => this.network.host(name).mac === mac);
  }

  /** `web n1`: who answers for what, by all ServiceL2Statuses. */
  async announced(): Promise<readonly string[]> {
    const { items } = (await this.must('GET', `${OURS}/servicel2statuses`)) as {
      items: { status?: { node?: string; serviceName?: string } }[];
    };
    return items.map(({ status }) => `${status?.serviceName} ${status?.node}`).sort();
  }

  async addresses(service: string): Promise<readonly string[]> {
    const { status } = (await this.must('GET', `${SERVICES}/${service}`)) as {
      status: { loadBalancer: { ingress?: readonly { ip: string }[] } };
    };
    return (status.loadBalancer.ingress ?? []).map(({ ip }) => ip);
  }

  /** Until it has one. */
  async address(service: string): Promise<string> {
    return until(`${service} has an address`, async () => (await this.addresses(service))[0], LONG_MS);
  }

  /** Until a node answers, all that is said of it agrees, and it is `expected` where that is given. */
  async settled(service: string, address: string, expected?: string): Promise<string> {
    return until(
      `${expected ?? 'a node'} answers for ${service}, and all say so`,
      async () => {
        const [owner, said] = await Promise.all([this.owner(address), this.announced()]);
        const isSaid = said.filter((one) => one.startsWith(`${service} `)).join() === `${service} ${owner}`;
        return isSaid && (expected === undefined || owner === expected) ? owner : undefined;
      },
      LONG_MS,
    );
  }

  async #makeNode(name: string, address: string): Promise<void> {
    const labels = { 'kubernetes.io/hostname': name };
    await this.create('/api/v1/nodes', { metadata: { name, labels } }, { addresses: [{ type: 'InternalIP', address }] });
    await this.create(
      `/api/v1/namespaces/${METALLB_NAMESPACE}/pods`,
      {
        metadata: { name: `speaker-${name}`, labels: { component: 'speaker' } },
        spec: { nodeName: name, containers: [{ name: 'speaker', image: 'none' }] },
      },
      { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
    );
  }
}

/** An address of the Ethernet that no host has. */
export const free = (last: number): string => `${SUBNET}.${last}`;
const addressOf = (node: number): string => free(11 + node);

const ours = (kind: string, name: string, spec: object): object => ({
  ...{ apiVersion: 'metallb.io/v1beta1', kind, spec },
  metadata: { name, namespace: METALLB_NAMESPACE },
});

const endpoints = (nodes: readonly string[]): readonly object[] =>
  nodes.map((nodeName, i) => ({ addresses: [`10.0.0.${i + 1}`], nodeName, conditions: { ready: true } }));

/** A kubeconfig for hosts that reach the API server at the stage's own address. */
async function throughDoor(kubeconfig: string, port: number): Promise<string> {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { cluster } = config.clusters[0];
  cluster.server = `https://${API}:${port}`;
  cluster['tls-server-name'] = 'kubernetes';
  return JSON.stringify(config);
}
