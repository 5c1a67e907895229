/**
 * What a reviewer waits for: `plan` and `lint` as commands, from YAML files, on 10,000 Services, 200 pools and 100 nodes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figures, median } from './figures.js';

const COMMAND = fileURLToPath(new URL('../../build/arpeggio.js', import.meta.url));
const RUNS = 5;
const SERVICES = 10_000;
const POOLS = 200;
const NODES = 100;

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'arpeggio-bench-'));
  try {
    writeTree(join(folder, 'old'), { services: SERVICES, narrowed: false });
    writeTree(join(folder, 'new'), { services: SERVICES, narrowed: true });
    writeTree(join(folder, 'lint'), { services: SERVICES / 2, narrowed: false });
    const state = join(folder, 'state.yaml');
    writeFileSync(state, stateText());
    const plan = ['plan', join(folder, 'old'), join(folder, 'new'), '--state', state];
    const text = await measure(plan, 1);
    const json = await measure([...plan, '--format', 'json'], 1);
    const lint = await measure(['lint', join(folder, 'lint')], 0);
    const start = await measure(['--version'], 0);
    return [
      {
        key: 'review.plan10kMs',
        value: text.ms,
        unit: 'ms',
        note: `plan with a state, for people, median of ${RUNS}; goal 2000`,
      },
      {
        key: 'review.planJson10kMs',
        value: json.ms,
        unit: 'ms',
        note: 'the same as JSON, with all 2 million places of all rankings',
      },
      { key: 'review.planRssMb', value: text.rssMb, unit: 'MB', note: 'most memory the first has resident' },
      { key: 'review.lint5kMs', value: lint.ms, unit: 'ms', note: `lint of 5,000 Services and ${POOLS} pools` },
      { key: 'review.startMs', value: start.ms, unit: 'ms', note: 'of each is `arpeggio --version`, doing nothing' },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The median time and the most memory of {@link RUNS} runs, each of which must end with `code`. */
async function measure(args: readonly string[], code: number): Promise<{ readonly ms: number; readonly rssMb: number }> {
  const runs: { ms: number; rssMb: number }[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    const resident = watchMemory(child);
    const [ended] = await once(child, 'exit');
    if (ended !== code) throw new Error(`arpeggio ${args[0]} ended with ${ended}`);
    runs.push({ ms: performance.now() - start, rssMb: resident() });
  }
  return { ms: median(runs.map(({ ms }) => ms)), rssMb: median(runs.map(({ rssMb }) => rssMb)) };
}

/** Looks 20 times a second at what the kernel says the process had resident at most. */
function watchMemory({ pid }: ChildProcess): () => number {
  let mostKb = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      mostKb = Math.max(mostKb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 50);
  return () => {
    clearInterval(timer);
    return mostKb / 1024;
  };
}

interface TreeOptions {
  readonly services: number;
  /** Whether the first pool lost its lowest address, so that one Service must move. */
  readonly narrowed: boolean;
}

/** As `cdk8s synth` and people write it: a file an advertisement and a pool, and a file for each of fifty namespaces. */
function writeTree(folder: string, { services, narrowed }: TreeOptions): void {
  mkdirSync(folder);
  for (let i = 0; i < POOLS; i++) writeFileSync(join(folder, `pool-${i}.yaml`), poolText(i, narrowed && i === 0));
  for (let n = 0; n < 50; n++) {
    const texts = Array.from({ length: services / 50 }, (_, i) => serviceText(i * 50 + n));
    writeFileSync(join(folder, `namespace-${n}.yaml`), texts.join('---\n'));
  }
}

const poolText = (i: number, narrowed: boolean): string => `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: pool-${i}
  namespace: metallb-system
spec:
  addresses:
    - 10.${i}.0.${narrowed ? 2 : 1}-10.${i}.0.250
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata:
  name: advertisement-${i}
  namespace: metallb-system
spec:
  ipAddressPools:
    - pool-${i}
  nodeSelectors:
    - matchLabels:
        zone: zone-${i % 4}
    - matchLabels:
        tier: edge
`;

const serviceText = (i: number): string => `apiVersion: v1
kind: Service
metadata:
  name: service-${i}
  namespace: namespace-${i % 50}
  labels:
    app: app-${i}
  annotations:
    metallb.io/address-pool: pool-${i % POOLS}
spec:
  type: LoadBalancer
  selector:
    app: app-${i}
  ports:
    - name: http
      port: 80
      targetPort: 8080
      protocol: TCP
`;

/** Every Service with its address, and the Nodes, as kubectl prints them. */
function stateText(): string {
  const services = Array.from(
    { length: SERVICES },
    (_, i) =>
      `${serviceText(i)}  clusterIP: 10.96.${i >> 8}.${i & 255}
  clusterIPs:
    - 10.96.${i >> 8}.${i & 255}
  ipFamilies:
    - IPv4
  ipFamilyPolicy: SingleStack
status:
  loadBalancer:
    ingress:
      - ip: 10.${i % POOLS}.0.${1 + Math.floor(i / POOLS)}
        ipMode: VIP
`,
  );
  const nodes = Array.from(
    { length: NODES },
    (_, i) => `apiVersion: v1
kind: Node
metadata:
  name: node-${i}
  labels:
    zone: zone-${i % 4}
    tier: edge
`,
  );
  return [...services, ...nodes].join('---\n');
}
