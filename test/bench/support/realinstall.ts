/**
 * From an empty cluster of real Nodes to one that serves, as whoever follows docs/install.md does it, and back. Images are on the Nodes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../constructs/support.js';
import type { RealCluster } from '../../e2e/realcluster.js';
import { WEB_SERVICE, workload } from '../../e2e/workload.js';

const ADDRESS = '192.168.1.240';
const LONGEST_S = 120;

const ofMetalLB = (kind: string, spec: object): object => ({
  ...{ apiVersion: 'metallb.io/v1beta1', kind, spec },
  // It goes while its Service is there.
  metadata: { name: 'first', namespace: 'metallb-system', annotations: { 'arpeggio.dev/allow-delete': 'true' } },
});

/** A pool, an advertisement, and a Service with what it serves. */
const CONFIGURATION = [
  ofMetalLB('IPAddressPool', { addresses: [`${ADDRESS}-192.168.1.250`] }),
  ofMetalLB('L2Advertisement', { ipAddressPools: ['first'] }),
  workload(),
  WEB_SERVICE,
];

const INSTALL = 'kubectl apply -f "$0" > /dev/null';
const READY = `${INSTALL}
kubectl rollout status deployment/controller -n metallb-system --timeout=${LONGEST_S}s > /dev/null
kubectl rollout status daemonset/speaker -n metallb-system --timeout=${LONGEST_S}s > /dev/null`;
const ANSWERED = `${INSTALL}
kubectl wait --for=condition=Established crd --all > /dev/null
kubectl apply -f "$1" > /dev/null
until client curl -sf -o /dev/null --connect-timeout 0.2 --max-time 2 http://${ADDRESS}; do sleep 0.02; done`;
const REMOVE = 'for file in "$1" "$0"; do kubectl delete --ignore-not-found -f "$file" > /dev/null; done';

export class RealInstall {
  readonly #cluster: RealCluster;
  readonly #configuration: string;

  constructor(cluster: RealCluster) {
    this.#cluster = cluster;
    this.#configuration = join(cluster.folder, 'configuration.json');
    const list = { apiVersion: 'v1', kind: 'List', items: CONFIGURATION };
    writeFileSync(this.#configuration, JSON.stringify(list));
  }

  /** Milliseconds from the apply until the controller and all speakers are ready. */
  ready(): Promise<number> {
    return this.#afresh(READY);
  }

  /** Milliseconds from the apply until the client was answered, which waits for no Pod. */
  answered(): Promise<number> {
    return this.#afresh(ANSWERED);
  }

  /** Nothing is there before, and nothing is left. */
  async #afresh(script: string): Promise<number> {
    const clock = 'since=$(date +%s%N)';
    const ms = Number(await this.#run(`${clock}\n${script}\necho $((($(date +%s%N) - since) / 1000000))`));
    await this.#run(REMOVE);
    return ms;
  }

  async #run(script: string): Promise<string> {
    const args = ['timeout', String(LONGEST_S), 'bash', '-ec', script, join(ROOT, 'install.yaml'), this.#configuration];
    const { code, stdout, stderr } = await this.#cluster.command(['shell', ...args]);
    if (code !== 0) throw new Error(`${script}\nended with ${code}: ${stderr}`);
    return stdout;
  }
}
