/**
 * What a Service leads to in a cluster of real Nodes: Pods that answer over HTTP. The one image that is on the Nodes, ours, has a Node.js to
 * serve with.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../constructs/support.js';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

export const IMAGE: string = `arpeggio:${version}`;
/** What a workload answers, if nothing else is said. */
export const ANSWER = 'from a real Pod';

export interface WorkloadOptions {
  /** Of the Deployment, and the label `app` of its Pods. @default web */
  readonly name?: string;
  /** @default 1 */
  readonly replicas?: number;
  /** What it answers with, in JavaScript. @default {@link ANSWER} */
  readonly answer?: string;
  /** @default 8080 */
  readonly port?: number;
}

/** A Deployment. Its Pods end at once when they are told to. */
export function workload(options: WorkloadOptions = {}): object {
  const { name = 'web', replicas = 1, answer = JSON.stringify(ANSWER), port = 8080 } = options;
  const serve = `require('http').createServer((_, answer) => answer.end(${answer})).listen(${port}); process.on('SIGTERM', process.exit)`;
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'server', image: IMAGE, command: ['node', '-e', serve] }] },
      },
    },
  };
}

/** The Service of the workload `web`. */
export const WEB_SERVICE: object = {
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' } },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};
