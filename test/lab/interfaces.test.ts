/**
 * The interfaces of a real kernel, followed, and multicast groups on them. Everything is in the lab's own namespace, where this
 * test runs, under names that no other test has.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { listInterfaces } from '../../agents/speaker/view/interfacelist.js';
import { followInterfaces } from '../../agents/speaker/view/interfaces.js';
import { SolicitedNodeGroups } from '../../agents/speaker/wire/groups.js';
import type { Issue } from '../../src/issue/issue.js';
import type { NetworkInterface } from '../../src/layer2/interface.js';
import { type AddressKey, addressKey, parseAddress } from '../../src/net/address.js';
import { testSignal } from '../support/folder.js';
import { until } from '../support/until.js';
import { requireLab } from './network.js';

const ip = (...lines: string[]): string => execFileSync('ip', ['-batch', '-'], { input: lines.join('\n'), encoding: 'utf8' });
const withoutProof = (name: string): void => writeFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_dad`, '0');

/** One end of a new cable, and the other end. */
let [near, far] = ['', ''];

/** Fields of an interface; undefined is one that it does not have. */
type Wanted = { readonly [field in keyof NetworkInterface]?: NetworkInterface[field] | undefined };

const MAC = '02:00:00:00:00:10';
/** A new end of a cable, once the kernel has done with it. */
const READY: Wanted = { carrier: true, mac: MAC, linkLocal: 'fe80::ff:fe00:10' };

beforeEach(() => {
  requireLab();
  const id = randomBytes(4).toString('hex');
  [near, far] = [`n${id}`, `f${id}`];
  plug();
  const [name] = [near];
  onTestFinished(() => {
    execFileSync('sh', ['-c', `ip link del ${name} 2>/dev/null || true`]);
  });
});

/** Makes the cable, with both ends up and their addresses usable at once. */
function plug(): void {
  ip(`link add ${near} address ${MAC} type veth peer name ${far} address 02:00:00:00:00:11`);
  for (const name of [near, far]) withoutProof(name);
  ip(`link set ${far} up`, `link set ${near} up`);
}

describe('an interface is followed', () => {
  /** Lists from now on, with the one interface of each that `name` names. */
  function follow(names: readonly string[] = [near, far]) {
    const lists: (readonly NetworkInterface[])[] = [];
    const issues: Issue[] = [];
    const rule = { interfaces: names, exclude: [] };
    const options = {
      rule,
      onList: (one: readonly NetworkInterface[]) => lists.push(one),
      report: (one: Issue) => issues.push(one),
    };
    void followInterfaces(options, testSignal());
    const last = (name: string): NetworkInterface | undefined => lists.at(-1)?.find((one) => one.name === name);
    const becomes = (name: string, wanted: Wanted): Promise<NetworkInterface> =>
      until(`${name} is ${JSON.stringify(wanted)}, and not ${JSON.stringify(last(name))}`, () => {
        const one = last(name);
        const isSo = Object.entries(wanted).every(
          ([key, value]) => one !== undefined && one[key as keyof NetworkInterface] === value,
        );
        return isSo ? one : undefined;
      });
    return { lists, issues, last, becomes };
  }

  test('as it is', async () => {
    const { becomes, issues } = follow();
    expect(await becomes(near, READY)).toEqual({
      name: near,
      index: Number(readFileSync(`/sys/class/net/${near}/ifindex`, 'utf8')),
      mac: MAC,
      linkLocal: 'fe80::ff:fe00:10',
      up: true,
      carrier: true,
      broadcast: true,
      noArp: false,
      generation: expect.any(Number),
    });
    expect(issues).toEqual([]);
  });

  test.each<[string, (name: string, other: string) => string[], Wanted]>([
    ['down', (name) => [`link set ${name} down`], { up: false, carrier: false }],
    ['without its carrier', (_, other) => [`link set ${other} down`], { up: true, carrier: false }],
    ['with another MAC', (name) => [`link set ${name} address 02:00:00:00:00:77`], { mac: '02:00:00:00:00:77' }],
    ['without ARP', (name) => [`link set ${name} arp off`], { noArp: true }],
    ['without a link-local address', (name) => [`address flush dev ${name}`], { linkLocal: undefined }],
    ['without one when another is added', (name) => [`address add fe80::1/64 dev ${name}`], { linkLocal: 'fe80::1' }],
  ])('when it is %s', async (_, change, wanted) => {
    const { becomes } = follow();
    await becomes(near, READY);
    ip(...change(near, far));
    await becomes(near, wanted);
  });

  test('when it is enslaved and freed', async () => {
    const bridge = near.replace('n', 'b');
    ip(`link add ${bridge} type bridge`);
    onTestFinished(() => void ip(`link del ${bridge}`));
    const { becomes } = follow();
    await becomes(near, READY);
    ip(`link set ${near} master ${bridge}`);
    await becomes(near, { master: bridge });
    ip(`link set ${near} nomaster`);
    await becomes(near, { master: undefined });
  });

  test('when it is renamed', async () => {
    const renamed = near.replace('n', 'r');
    const { becomes, last } = follow();
    const { index } = await becomes(near, READY);
    ip(`link set ${near} name ${renamed}`);
    await becomes(renamed, { index, up: true });
    expect(last(near)).toBeUndefined();
    ip(`link set ${renamed} name ${near}`);
    await becomes(near, { index });
  });

  test('when it is removed and comes again', async () => {
    const { becomes, last } = follow();
    const { index } = await becomes(near, READY);
    ip(`link del ${near}`);
    await until('it is not listed', () => last(near) === undefined);
    plug();
    expect((await becomes(near, READY)).index).not.toBe(index);
  });

  test('and its link-local address counts once it is proven', async () => {
    ip(`link set ${near} down`);
    writeFileSync(`/proc/sys/net/ipv6/conf/${near}/accept_dad`, '1');
    const { becomes, lists } = follow();
    await becomes(near, { up: false });
    ip(`link set ${near} up`);
    await becomes(near, { up: true, linkLocal: 'fe80::ff:fe00:10' });
    const without = lists.flat().filter(({ name, up, linkLocal }) => name === near && up && linkLocal === undefined);
    expect(without.length).toBeGreaterThan(0);
  });

  test.each<[string, string[]]>([
    ['went down and came back at once', ['link set NEAR down', 'link set NEAR up']],
    ['lost its carrier for a moment', ['link set FAR down', 'link set FAR up']],
    ['lost its IPv6 for a moment', ['link set NEAR mtu 1000', 'link set NEAR mtu 1500']],
  ])('and is of another generation when it %s', async (_, lines) => {
    const { becomes, last } = follow();
    const before = await becomes(near, READY);
    await until('the monitor listens', () => monitorsOf(process.pid).some(isListening));
    ip(...lines.map((line) => line.replace('NEAR', near).replace('FAR', far)));
    await until('it looks the same again', () => {
      const now = last(near);
      return now !== undefined && now.generation > before.generation && now.carrier && now.linkLocal === before.linkLocal;
    });
    expect({ ...last(near), generation: 0 }).toEqual({ ...before, generation: 0 });
  });

  test('by a monitor that comes back when somebody kills it', async () => {
    const { becomes, issues } = follow();
    await becomes(near, READY);
    const [monitor] = await until('it runs', () => (monitorsOf(process.pid).length > 0 ? monitorsOf(process.pid) : undefined));
    process.kill(monitor ?? 0, 'SIGKILL');
    await until('that is told', () => issues.length > 0);
    // Its shell may have said "Killed" by then.
    expect(issues.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^"ip monitor" ended \(exit code 137(: Killed)?\): until it runs again, changes are noticed each 10 s$/,
      ),
    ]);
    await until('another runs', () => monitorsOf(process.pid).some((pid) => pid !== monitor));
    ip(`link set ${near} down`);
    await becomes(near, { up: false });
  });

  test('by a monitor that dies with us', async () => {
    const module = resolve(import.meta.dirname, '../../agents/speaker/view/interfaces.ts');
    const program = `import { followInterfaces } from ${JSON.stringify(module)};
      void followInterfaces({ rule: { interfaces: 'all', exclude: [] }, onList: () => console.log('list'), report: console.log },
        new AbortController().signal);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(agent.stdout, 'data');
    const [monitor] = await until('it has a monitor', () => {
      const found = monitorsOf(agent.pid ?? 0);
      return found.length > 0 ? found : undefined;
    });
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await until('the monitor is gone', () => !readdirSync('/proc').includes(String(monitor)));
  });
});

describe('a solicited-node group', () => {
  const key = (text: string): AddressKey => {
    const read = parseAddress(text);
    if (!read.ok) throw new Error(`${text} is no address`);
    return addressKey(read.value);
  };
  const address = (i: number): AddressKey => key(`2001:db8::${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}`);
  /** What the kernel says, without the groups of the interfaces' own addresses. */
  const joined = (name = near): string[] =>
    execFileSync('ip', ['-6', 'maddr', 'show', 'dev', name], { encoding: 'utf8' })
      .split('\n')
      .flatMap((line) => /inet6 (ff02::1:ff\S+)/.exec(line)?.[1] ?? [])
      .filter((group) => !/^ff02::1:ff00:1[01]$/.test(group))
      .sort();
  const listed = async (): Promise<readonly NetworkInterface[]> => listInterfaces(['ip']);
  /** The list in which both ends of the cable have their addresses. */
  const ready = (): Promise<readonly NetworkInterface[]> =>
    until('both ends have addresses', async () => {
      const list = await listed();
      const isReady = (wanted: string): boolean => list.some(({ name, linkLocal }) => name === wanted && linkLocal !== undefined);
      return isReady(near) && isReady(far) ? list : undefined;
    });

  const withoutIpv6ForAMoment = async (): Promise<void> => {
    ip(`link set ${near} mtu 1000`, `link set ${near} mtu 1500`);
    expect(joined()).toEqual([]);
    await ready();
  };

  let groups: SolicitedNodeGroups;
  let issues: Issue[] = [];
  const settle = async (): Promise<void> => {
    await until('nothing is left to be done', () => groups.pending === 0);
  };

  beforeEach(async () => {
    issues = [];
    groups = new SolicitedNodeGroups((one) => issues.push(one));
    onTestFinished(() => groups.close());
    groups.resync(await ready());
  });

  test('is joined for its first address and left with its last', async () => {
    const [one, other] = [key('2001:db8::aa:1'), key('2001:db8:0:7::aa:1')];
    for (const each of [one, other, one]) groups.join(near, each);
    groups.join(near, 0xc0000201);
    await settle();
    expect(joined()).toEqual(['ff02::1:ffaa:1']);
    groups.leave(near, one);
    groups.leave(near, one);
    await settle();
    expect(joined()).toEqual(['ff02::1:ffaa:1']);
    groups.leave(near, other);
    await settle();
    expect(joined()).toEqual([]);
    groups.join(near, one);
    await settle();
    expect(joined()).toEqual(['ff02::1:ffaa:1']);
    expect(joined(far)).toEqual([]);
  });

  test('is nothing when it is left before it was joined', async () => {
    groups.join(near, address(1));
    groups.leave(near, address(1));
    groups.leave(near, address(2));
    await settle();
    expect(joined()).toEqual([]);
  });

  test('is one of thousands', async () => {
    const all = Array.from({ length: 5000 }, (_, i) => address(i + 0x10000));
    for (const one of all) groups.join(near, one);
    await settle();
    expect(joined()).toHaveLength(5000);
    for (const one of all.slice(0, 4000)) groups.leave(near, one);
    await settle();
    expect(joined()).toHaveLength(1000);
    groups.close();
    await until('all are left', () => joined().length === 0);
    expect(issues).toEqual([]);
  });

  test('is joined again on an interface that was made anew', async () => {
    for (let i = 1; i <= 100; i++) groups.join(near, address(i + 0x10000));
    await settle();
    ip(`link del ${near}`);
    groups.resync(await listed());
    await settle();
    plug();
    expect(joined()).toEqual([]);
    groups.resync(await ready());
    await settle();
    expect(joined()).toHaveLength(100);
  });

  test('is joined again though nobody saw that the interface was gone', async () => {
    groups.join(near, address(0x10001));
    await settle();
    ip(`link del ${near}`);
    plug();
    groups.resync(await ready());
    await settle();
    expect(joined()).toEqual(['ff02::1:ff01:1']);
  });

  test('stays while the interface is down, and is joined again when IPv6 was taken from it', async () => {
    groups.join(near, address(0x10001));
    await settle();
    ip(`link set ${near} down`);
    groups.resync(await listed());
    await settle();
    expect(joined()).toEqual(['ff02::1:ff01:1']);
    ip(`link set ${near} up`);
    await ready();
    await withoutIpv6ForAMoment();
    groups.resync(await listed());
    await settle();
    expect(joined()).toEqual(['ff02::1:ff01:1']);
    await withoutIpv6ForAMoment();
    groups.resync((await listed()).map((one) => ({ ...one, generation: 1 })));
    await settle();
    expect(joined()).toEqual(['ff02::1:ff01:1']);
  });

  test('waits for an interface that comes late', async () => {
    ip(`link del ${near}`);
    groups.resync(await listed());
    groups.join(near, address(0x10001));
    groups.join(near, address(0x10002));
    groups.leave(near, address(0x10002));
    plug();
    groups.resync(await ready());
    await settle();
    expect(joined()).toEqual(['ff02::1:ff01:1']);
    expect(issues).toEqual([]);
  });

  test('that the kernel refuses is one complaint an interface, and tried again', async () => {
    const before = await ready();
    ip(`link set ${near} mtu 1000`);
    for (let i = 1; i <= 100; i++) groups.join(near, address(i + 0x10000));
    groups.join(far, address(0x10001));
    await settle();
    groups.resync(before);
    await settle();
    expect(issues.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `GROUP_JOIN_FAILED 100 of 100 solicited-node groups cannot be joined on ${near} (EINVAL): nobody is answered who asks for their addresses`,
    ]);
    expect(joined(far)).toEqual(['ff02::1:ff01:1']);
    ip(`link set ${near} mtu 1500`);
    groups.resync(before);
    await settle();
    expect(joined()).toHaveLength(100);
    expect(issues).toHaveLength(1);
  });
});

/** Processes that are `ip monitor`, by the shell that holds them, of a process. */
function monitorsOf(parent: number): number[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
        return [{ pid: Number(pid), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command }];
      } catch {
        return [];
      }
    });
  const shells = processes.filter((one) => one.parent === parent).map(({ pid }) => pid);
  return processes.filter((one) => shells.includes(one.parent) && /^ip -o monitor/.test(one.command)).map(({ pid }) => pid);
}

/** Whether a process has a netlink socket (its port is the process's id) that is in groups. */
const isListening = (pid: number): boolean =>
  readFileSync('/proc/net/netlink', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , port, groups]) => Number(port) === pid && Number.parseInt(groups ?? '0', 16) !== 0);
