/**
 * One Node of a real API server: a host that reaches it over an Ethernet, where a speaker runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type Host, Network } from '../lab/network.js';
import type { ApiServer } from '../support/apiserver.js';
import { Door } from './door.js';
import { type ArpeggioProcess, startArpeggio } from './process.js';

export interface TestNode {
  readonly host: Host;
  readonly network: Network;
  /** The way to the API server. */
  readonly door: Door;
  /** Starts a speaker, by default with the rights of one. */
  start(args?: readonly string[], kubeconfig?: string): ArpeggioProcess;
  /** A kubeconfig as this node needs it, of one as loopback needs it. */
  reaching(kubeconfig: string): string;
  /** What an agent on this host answers over HTTP. */
  get(path: string, port?: number): Promise<Answered>;
  destroy(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
}

const GET = `
const response = await fetch(process.argv[1]).catch(() => undefined);
console.log(JSON.stringify({ status: response?.status ?? 0, text: (await response?.text()) ?? '' }));`;

/** `subnet`: such as `192.168.77`, another for each test that may run at the same time. `folder` is for kubeconfigs. */
export async function startNode(api: ApiServer, subnet: string, folder: string): Promise<TestNode> {
  const network = await Network.create({
    hosts: [
      { name: 'n1', address: `${subnet}.11/24` },
      { name: 'client', address: `${subnet}.100/24` },
    ],
  });
  await network.join(`${subnet}.1/24`);
  const { port } = api.endpoint;
  const door = new Door(`${subnet}.1`, port, port);
  await door.open();
  const reaching = (kubeconfig: string): string => {
    const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
    const { cluster } = config.clusters[0];
    cluster.server = `https://${subnet}.1:${port}`;
    cluster['tls-server-name'] = 'kubernetes';
    const file = join(folder, `${config.users[0].name}-on-n1`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  };
  const own = reaching(await api.kubeconfigOf('speaker'));
  const host = network.host('n1');
  return {
    ...{ host, network, door, reaching },
    start: (args = [], kubeconfig = own) => {
      const words = ['speaker', '--kubeconfig', kubeconfig, '--node-name', 'n1', '--interface', 'eth0'];
      return startArpeggio([...words, '--namespace', METALLB_NAMESPACE, ...args], {}, host);
    },
    get: async (path, at = 7472) => {
      const { stdout } = await host.run(process.execPath, ['--input-type=module', '-e', GET, `http://127.0.0.1:${at}${path}`]);
      return JSON.parse(stdout);
    },
    destroy: async () => {
      door.shut();
      await network.destroy();
    },
  };
}
