/**
 * What a cluster on one machine consists of: its addresses, and what each program is told. Each Node is a host on one Ethernet with the
 * control plane and a client; a Pod's network is a bridge on its Node.
 */

export interface NodePlan {
  readonly name: string;
  readonly address: string;
  readonly podSubnet: string;
}

export const CONTROL_PLANE = '192.168.1.1';
export const CLIENT = '192.168.1.100';
export const API_PORT = 6443;
/** On loopback, of what a GitOps engine fetches. */
export const ARTIFACT_PORT = 9090;
/** Of kubelet's own. No Pod of a Node starts without one. */
export const PAUSE_IMAGE = 'docker.io/library/pause:1';
const SERVICES = '10.96.0.0/16';
const PREFIX_LENGTH = 24;

/** `n1`, `n2`, … */
export const nodePlans = (count: number): readonly NodePlan[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    address: `192.168.1.${11 + index}`,
    podSubnet: `10.244.${index + 1}.0/24`,
  }));

export const onEthernet = (address: string): string => `${address}/${PREFIX_LENGTH}`;

/** `ip route` lines of one host: to the world through the control plane, to each other Node's Pods through that Node. */
export const routes = (own: string, nodes: readonly NodePlan[]): readonly string[] => [
  ...(own === CONTROL_PLANE ? [] : [`default via ${CONTROL_PLANE}`]),
  ...nodes.filter(({ address }) => address !== own).map(({ podSubnet, address }) => `${podSubnet} via ${address}`),
];

/** Who may do what by its token: `token,user,uid,groups` (Kubernetes' static token file). */
export const tokenFile = (administrator: string, nodes: ReadonlyMap<string, string>): string =>
  [
    `${administrator},administrator,administrator,system:masters`,
    ...[...nodes].map(([name, token]) => `${token},system:node:${name},${name},system:nodes`),
  ].join('\n');

export const apiServerFlags = (folder: string): readonly string[] => [
  '--etcd-servers=http://127.0.0.1:2379',
  `--bind-address=0.0.0.0`,
  `--secure-port=${API_PORT}`,
  `--advertise-address=${CONTROL_PLANE}`,
  '--endpoint-reconciler-type=lease',
  `--service-cluster-ip-range=${SERVICES}`,
  `--cert-dir=${folder}`,
  `--token-auth-file=${folder}/tokens.csv`,
  '--authorization-mode=Node,RBAC',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${folder}/service-accounts.key`,
  `--service-account-signing-key-file=${folder}/service-accounts.key`,
  '--kubelet-preferred-address-types=InternalIP',
];

export const controllerManagerFlags = (folder: string): readonly string[] => [
  `--kubeconfig=${folder}/administrator`,
  `--service-account-private-key-file=${folder}/service-accounts.key`,
  // It signs for itself.
  `--root-ca-file=${folder}/apiserver.crt`,
  // How long a Node may be silent: failover is ours, not its.
  '--node-monitor-grace-period=40s',
  '--leader-elect=false',
];

export const schedulerFlags = (folder: string): readonly string[] => [
  `--kubeconfig=${folder}/administrator`,
  '--leader-elect=false',
];

/** Kubernetes' own nftables rules. */
export const proxyFlags = ({ name }: NodePlan, folder: string): readonly string[] => [
  `--kubeconfig=${folder}/administrator`,
  `--hostname-override=${name}`,
  '--proxy-mode=nftables',
  '--cluster-cidr=10.244.0.0/16',
  // These belong to the machine, not to a namespace.
  ...['max-per-core', 'tcp-timeout-established', 'tcp-timeout-close-wait'].map((name_) => `--conntrack-${name_}=0`),
];

/** kubelet.config.k8s.io/v1beta1. */
export const kubeletConfiguration = ({ address }: NodePlan, folder: string): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address,
  // Nobody but this cluster is on its network.
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failCgroupV1: false,
  failSwapOn: false,
  localStorageCapacityIsolation: false,
  makeIPTablesUtilChains: false,
  resolvConf: '/dev/null',
  // The machine's disk is as full as it is.
  evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
  imageGCHighThresholdPercent: 100,
  volumePluginDir: `${folder}/volumeplugins`,
});

/** Of containerd 1.6. */
export const containerdConfiguration = (folder: string): string => `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${folder}/containerd.sock"
[ttrpc]
  address = "${folder}/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # Where CAP_SYS_RESOURCE is missing, runc could not make a process more likely to be spared.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;

/** CNI: a Pod's cable to its Node's bridge. */
export const podNetwork = ({ podSubnet }: NodePlan): object => ({
  cniVersion: '0.4.0',
  name: 'pods',
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: podSubnet }]], routes: [{ dst: '0.0.0.0/0' }] },
});

/** The controllers of a cgroup v1 machine by the hierarchies that they share, from /proc/cgroups; none where all are of v2. */
export function cgroupHierarchies(text: string): readonly string[] {
  const byId = new Map<string, string[]>();
  for (const line of text.split('\n').slice(1)) {
    const [name, id, , enabled] = line.split('\t');
    if (name === undefined || id === undefined || id === '0' || enabled !== '1') continue;
    byId.set(id, [...(byId.get(id) ?? []), name]);
  }
  return [...byId.values()].map((names) => names.join(','));
}

/**
 * What a kubelet sets for the whole machine, with the values that it wants: it finds them set already, in files of its own, and so
 * changes nothing for anybody else.
 */
export const KERNEL_SETTINGS: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};
