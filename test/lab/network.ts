/**
 * A small Ethernet in network namespaces: each host has an interface `eth0` on one bridge, and some an `eth1` on another. It lives
 * inside the lab that tools/namespace.mjs makes, so that nothing of it touches the machine, and several networks can exist at once.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

export interface HostOptions {
  readonly name: string;
  /** Addresses with their prefix length, for example `192.168.1.11/24`. */
  readonly address?: string | readonly string[];
  /** What `eth1` has, which exists then, on a second bridge. */
  readonly secondAddress?: string;
  /** @default 02:00:00:00:00:0N, N counting the hosts from 1 */
  readonly mac?: string;
}

export interface NetworkOptions {
  readonly hosts: readonly HostOptions[];
  /** `cable` joins exactly two hosts directly, with no bridge in between (for measurements). @default bridge */
  readonly wiring?: 'bridge' | 'cable';
}

export interface RunResult {
  /** The exit code; 128 + number when a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** A machine on the network. */
export class Host {
  readonly name: string;
  readonly mac: string;
  /** The name that `ip netns` knows it by. */
  readonly namespace: string;
  /** The bridge's end of its cable. */
  readonly port: string;
  readonly #children: Set<ChildProcess> = new Set();

  constructor(name: string, mac: string, namespace: string, port: string) {
    this.name = name;
    this.mac = mac;
    this.namespace = namespace;
    this.port = port;
  }

  /** Runs a program on this host to its end. A code other than 0 is a result, not an error. */
  run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return execute('ip', ['netns', 'exec', this.namespace, program, ...args], options);
  }

  /** Starts a program on this host. `ip netns exec` turns into it, so the pid is the program's own. */
  spawn(program: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace, program, ...args], options);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  /** What an administrator does: `ip link set eth0 down`. */
  async setLink(name: string, state: 'up' | 'down'): Promise<void> {
    await ip('-n', this.namespace, 'link', 'set', name, state);
  }

  /** What eth0's pulled cable does: the interface stays up and loses its carrier. */
  async setCable(state: 'up' | 'down'): Promise<void> {
    await ip('link', 'set', this.port, state);
  }

  /** Kills what still runs of what {@link spawn} started. */
  async killAll(): Promise<void> {
    await Promise.all(
      [...this.#children].map((child) => {
        const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        child.kill('SIGKILL');
        return gone;
      }),
    );
  }
}

export class Network implements AsyncDisposable {
  readonly hosts: readonly Host[];
  readonly #bridge: string;

  private constructor(hosts: readonly Host[], bridge: string) {
    this.hosts = hosts;
    this.#bridge = bridge;
  }

  static async create({ hosts, wiring = 'bridge' }: NetworkOptions): Promise<Network> {
    requireLab();
    // Test files run side by side in one lab, so names must not meet. An interface name has 15 characters at most.
    const id = randomBytes(3).toString('hex');
    const machines = hosts.map(
      ({ name, mac }, index) =>
        new Host(
          name,
          mac ?? `02:00:00:00:00:${(index + 1).toString(16).padStart(2, '0')}`,
          `${id}-${name}`,
          `v${id}-${index + 1}`,
        ),
    );
    const network = new Network(machines, `b${id}`);
    try {
      await script(createScript(hosts, machines, wiring === 'bridge' ? network.#bridge : undefined));
    } catch (error) {
      await network.destroy();
      throw error;
    }
    return network;
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host ${name} in this network`);
    return found;
  }

  /** Gives this lab itself an address on the Ethernet, such as `192.168.1.1/24`: for what hosts must reach and is none of them. */
  async join(address: string): Promise<void> {
    await ip('addr', 'add', address, 'dev', this.#bridge);
  }

  /** Kills what was started on the hosts and removes namespaces and bridge. */
  async destroy(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.killAll()));
    // The kernel takes a namespace down later than its name, so the cables are removed by themselves.
    const lines = this.hosts.flatMap(({ port, namespace }) => [
      `ip link del ${port}`,
      `ip link del ${second(port)}`,
      `ip netns del ${namespace}`,
    ]);
    const bridges = [this.#bridge, second(this.#bridge)].map((bridge) => `ip link del ${bridge}`);
    await script([...lines, ...bridges].map((line) => `${line} 2>/dev/null || true`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }
}

/** Ends a test or bench that was started outside the lab, before it changes the machine's own network. */
export function requireLab(): void {
  if (process.env['ARPEGGIO_LAB'] !== '1') throw new Error('this needs the lab: run through npm test');
}

function createScript(hosts: readonly HostOptions[], machines: readonly Host[], bridge: string | undefined): string[] {
  return [
    ...machines.flatMap(({ namespace }) => [
      `ip netns add ${namespace}`,
      // No probing of one's own IPv6 addresses, no waiting for routers: nothing on the wire that a test did not cause.
      `ip netns exec ${namespace} sh -c 'cd /proc/sys/net/ipv6/conf/default && echo 0 > accept_dad && echo 0 > accept_ra && echo 0 > router_solicitations'`,
    ]),
    ...(bridge === undefined ? cableScript(machines) : bridgeScript(machines, bridge)),
    ...(bridge === undefined ? [] : secondScript(hosts, machines, second(bridge))),
    ...machines.flatMap(({ namespace }, index) => [
      `ip -n ${namespace} link set lo up`,
      `ip -n ${namespace} link set eth0 up`,
      ...[hosts[index]?.address ?? []].flat().map((address) => `ip -n ${namespace} addr add ${address} dev eth0`),
    ]),
  ];
}

/** The name of the second bridge, or of its end of a cable. */
const second = (name: string): string => `${name}x`;

function bridgeScript(machines: readonly Host[], bridge: string): string[] {
  return [
    ...newBridge(bridge),
    ...machines.flatMap(({ namespace, mac, port }) => plug(bridge, port, `eth0 address ${mac} netns ${namespace}`)),
  ];
}

function secondScript(hosts: readonly HostOptions[], machines: readonly Host[], bridge: string): string[] {
  const lines = machines.flatMap(({ namespace, port }, index) => {
    const address = hosts[index]?.secondAddress;
    if (address === undefined) return [];
    return [
      ...plug(bridge, second(port), `eth1 netns ${namespace}`),
      `ip -n ${namespace} link set eth1 up`,
      `ip -n ${namespace} addr add ${address} dev eth1`,
    ];
  });
  return lines.length === 0 ? [] : [...newBridge(bridge), ...lines];
}

const newBridge = (name: string): string[] => [
  `ip link add ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
  `echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`,
  `ip link set ${name} up`,
];

const plug = (bridge: string, port: string, end: string): string[] => [
  `ip link add ${port} type veth peer name ${end}`,
  `echo 1 > /proc/sys/net/ipv6/conf/${port}/disable_ipv6`,
  `ip link set ${port} master ${bridge} up`,
];

function cableScript([one, other]: readonly Host[]): string[] {
  if (one === undefined || other === undefined) throw new Error('a cable has two ends');
  return [
    `ip link add eth0 address ${one.mac} netns ${one.namespace} type veth peer name eth0 address ${other.mac} netns ${other.namespace}`,
  ];
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await execute('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}

async function script(lines: readonly string[]): Promise<void> {
  const { code, stderr } = await execute('sh', ['-e'], { input: lines.join('\n') });
  if (code !== 0) throw new Error(`lab: ${stderr.trim()}`);
}

/** Runs a program to its end. A code other than 0 is a result, not an error. */
export function execute(program: string, args: readonly string[], { input, timeoutMs = 0 }: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      // Not a number: it could not be started, or a signal ended it, and only Node says so.
      const hasEnded = error === null || typeof error.code === 'number';
      const code = hasEnded ? Number(error?.code ?? 0) : 128;
      resolve({ code, stdout, stderr: hasEnded || stderr !== '' ? stderr : error.message });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}
