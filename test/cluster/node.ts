/**
 * One real Node on a host of the network: containerd, kubelet and kube-proxy, with file systems of its own where they keep what belongs to
 * a machine. They die with this process.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Host, RunResult } from '../lab/network.js';
import { execute } from '../lab/network.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import {
  containerdConfiguration,
  KERNEL_SETTINGS,
  kubeletConfiguration,
  type NodePlan,
  podNetwork,
  proxyFlags,
} from './layout.js';

export interface NodeOptions {
  readonly host: Host;
  readonly plan: NodePlan;
  /** Of the node's own files. */
  readonly folder: string;
  /** With the kubeconfigs. */
  readonly cluster: string;
  /** With kubelet and kube-proxy. */
  readonly assets: string;
  /** The root that the Debian packages were unpacked into. */
  readonly packages: string;
  /** Archives. */
  readonly images: readonly string[];
}

const LONG_MS = 60_000;

/** Prepares the mounts of a node in a namespace for them, then waits. `$0`: its folder; `$1`: the packages. */
const MOUNTS = `
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /var/log
mkdir /var/lib/kubelet /var/log/pods
mount --bind "$0/kubelet" /var/lib/kubelet
cd "$0/kernel"
find . -type f | while read -r file; do
  [ ! -e "/proc/sys/$file" ] || mount --bind "$file" "/proc/sys/$file"
done
mount --make-rshared /
echo ready
exec sleep infinity`;

export async function startRealNode(options: NodeOptions): Promise<void> {
  const { host, plan, folder, cluster, assets, images } = options;
  prepareFolder(plan, folder);
  const pid = await holdMounts(host, folder, options.packages);
  const inside = ['--net=/run/netns/'.concat(host.namespace), `--mount=/proc/${pid}/ns/mnt`];
  const onNode = (program: string, args: readonly string[]): Promise<RunResult> =>
    execute('nsenter', [...inside, program, ...args], { timeoutMs: LONG_MS });
  const start = (name: string, file: string, flags: readonly string[], isReady: () => Promise<boolean>): Promise<void> =>
    new Program({ file: 'nsenter', flags: [...inside, file, ...flags], log: join(folder, `${name}.log`), isReady }).start();
  const ctr = ['--address', join(folder, 'containerd.sock'), '--namespace', 'k8s.io'];

  // Of /run, where a lab has its temporary files, the node has its own.
  const containerd = ['-u', 'TMPDIR', 'containerd', '--config', join(folder, 'containerd.toml')];
  await start('containerd', 'env', containerd, async () => {
    return (await onNode('ctr', [...ctr, 'version'])).code === 0;
  });
  for (const image of images) {
    const { code, stderr } = await onNode('ctr', [...ctr, 'images', 'import', image]);
    if (code !== 0) throw new Error(`${plan.name} did not take ${image}: ${stderr}`);
  }
  const kubelet = [
    `--config=${join(folder, 'kubelet.json')}`,
    `--kubeconfig=${join(cluster, `system:node:${plan.name}.kubeconfig`)}`,
    `--hostname-override=${plan.name}`,
    `--node-ip=${plan.address}`,
    `--cert-dir=${folder}/pki`,
  ];
  await start('kubelet', join(assets, 'kubelet'), kubelet, async () => {
    return (await onNode('curl', ['-sf', 'http://127.0.0.1:10248/healthz'])).code === 0;
  });
  await start('kube-proxy', join(assets, 'kube-proxy'), proxyFlags(plan, cluster), async () => {
    return (await onNode('curl', ['-sf', 'http://127.0.0.1:10249/healthz'])).code === 0;
  });
}

function prepareFolder(plan: NodePlan, folder: string): void {
  const files: Readonly<Record<string, string>> = {
    'containerd.toml': containerdConfiguration(folder),
    'kubelet.json': JSON.stringify(kubeletConfiguration(plan, folder)),
    'cni/pods.conf': JSON.stringify(podNetwork(plan)),
    ...Object.fromEntries(Object.entries(KERNEL_SETTINGS).map(([name, value]) => [`kernel/${name}`, `${value}\n`])),
  };
  for (const name of ['kubelet', 'opt', 'volumeplugins']) mkdirSync(join(folder, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The process whose mounts are the node's. */
async function holdMounts(host: Host, folder: string, packages: string): Promise<number> {
  const args = [
    '--pdeathsig',
    'KILL',
    'nsenter',
    `--net=/run/netns/${host.namespace}`,
    'unshare',
    '--mount',
    'sh',
    '-ec',
    MOUNTS,
  ];
  const child = spawn('setpriv', [...args, folder, packages], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    said += text;
  });
  await until(`${host.name} has its mounts`, () => {
    if (child.exitCode !== null) throw new Error(`${host.name} did not get its mounts: ${said}`);
    return said.includes('ready');
  });
  if (child.pid === undefined) throw new Error(`${host.name} has no process`);
  return child.pid;
}
