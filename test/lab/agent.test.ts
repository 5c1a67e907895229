/**
 * The real agent, as built, on real interfaces: what clients on the wire and people at the machine see of it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { ask } from './arping.js';
import { capture } from './capture.js';
import { type AgentProcess, Cluster, type LogLine, leaderOf } from './cluster.js';
import { curl, serve } from './http.js';
import { inject } from './inject.js';

const ROOT = join(import.meta.dirname, '../..');
const NGINX = '192.168.1.240';

const POOL = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: primary-pool, namespace: metallb-system }
spec:
  addresses: [192.168.1.240-192.168.1.250]
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: primary, namespace: metallb-system }
`;
const service = (name: string, annotations = ''): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default, annotations: { ${annotations} } }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
`;

let lab: Cluster;
beforeEach(async () => {
  lab = await Cluster.create();
  await lab.write('pool.yaml', POOL);
  await lab.write('nginx.yaml', service('nginx-lb'));
});
afterEach(async () => {
  await lab.destroy();
});

const startAll = (extra: readonly string[] = []): Map<string, AgentProcess> =>
  new Map(lab.nodes.map((node) => [node, lab.start(node, extra)]));
const announces =
  (ip: string) =>
  (line: LogLine): boolean =>
    line.event === 'serviceAnnounced' && line['ip'] === ip;
const issueLogged =
  (code: string) =>
  (line: LogLine): boolean =>
    line['code'] === code;
const nameOf = (mac: string | undefined): string | undefined => lab.network.hosts.find((host) => host.mac === mac)?.name;

const ownerOf = async (agents: ReadonlyMap<string, AgentProcess>, ip: string): Promise<string> =>
  (await leaderOf(agents, ip)).node;

describe('three agents', () => {
  test('answer with one voice, deliver traffic, and put everything back at the end', async () => {
    for (const node of lab.nodes) await serve(lab.network.host(node));
    const agents = startAll(['--deliver', 'lo']);
    const owner = await ownerOf(agents, NGINX);
    const heard = await capture(lab.client);
    expect(nameOf(await ask(lab.client, NGINX))).toBe(owner);
    expect(await curl(lab.client, `http://${NGINX}/`)).toEqual({ code: 200, body: owner });
    const answers = (await heard.stop()).filter(({ operation, senderAddress }) => operation === 2 && senderAddress === NGINX);
    expect(answers.filter(({ senderMac }) => nameOf(senderMac) !== owner)).toEqual([]);

    for (const [node, agent] of agents) {
      const host = lab.network.host(node);
      expect((await host.run('ip', ['-4', 'address', 'show', 'dev', 'lo'])).stdout).toContain(NGINX);
      expect(await agent.end()).toBe(0);
      expect((await host.run('ip', ['-4', 'address', 'show', 'dev', 'lo'])).stdout).not.toContain(NGINX);
      expect((await host.run('sysctl', ['-n', 'net.ipv4.conf.all.arp_ignore'])).stdout.trim()).toBe('0');
    }
  });

  test('fail over when the owner is killed, with the gratuitous frames that move caches, and it returns', async () => {
    const agents = startAll();
    const owner = await ownerOf(agents, NGINX);
    const ownerMac = lab.network.host(owner).mac;
    const heard = await capture(lab.client);
    await agents.get(owner)?.end('SIGKILL');
    const from = (operation: number) =>
      heard.next(
        (event) =>
          event.senderAddress === NGINX &&
          event.targetAddress === NGINX &&
          event.operation === operation &&
          event.senderMac !== ownerMac,
      );
    const [request, reply] = [await from(1), await from(2)];
    expect(request).toMatchObject({ length: 60, ethernetDestination: 'ff:ff:ff:ff:ff:ff', targetMac: 'ff:ff:ff:ff:ff:ff' });
    expect(reply).toMatchObject({ length: 60, ethernetDestination: 'ff:ff:ff:ff:ff:ff', senderMac: request.senderMac });
    expect(request.atNs).toBeLessThanOrEqual(reply.atNs);
    const successor = nameOf(request.senderMac) ?? '';
    expect(nameOf(await ask(lab.client, NGINX))).toBe(successor);
    // It may have had it for a moment when all began.
    const line = await agents.get(successor)?.logged((one) => announces(NGINX)(one) && one['from'] === owner);
    expect(line?.msg).toContain('elected leader');
    // The second in line takes over where this machine holds the first up for a sixth of a second.
    expect(line?.['evidence']).toMatch(/its process has ended|nobody answered for it/);

    const returned = lab.start(owner, ['--failback-delay', '0']);
    await returned.logged(announces(NGINX));
    await agents.get(successor)?.logged(({ event, to }) => event === 'serviceWithdrawn' && to === owner);
    expect(nameOf(await ask(lab.client, NGINX))).toBe(owner);
    await heard.stop();
  });

  test('hand over on SIGTERM while a client asks, without an unanswered request', async () => {
    const agents = startAll();
    const owner = await ownerOf(agents, NGINX);
    const heard = await capture(lab.client);
    const asking = lab.client.spawn('arping', ['-r', '-i', 'eth0', '-W', '0.005', '-c', '400', NGINX], { stdio: 'ignore' });
    await heard.next(({ operation, senderAddress }) => operation === 2 && senderAddress === NGINX);
    expect(await agents.get(owner)?.end('SIGTERM')).toBe(0);
    await until(
      'another node has answered often',
      () =>
        heard.events.filter((one) => one.operation === 2 && one.targetAddress !== NGINX && nameOf(one.senderMac) !== owner)
          .length > 20,
    );
    asking.kill();
    const events = await heard.stop();
    const requests = events.filter((one) => one.outgoing && one.operation === 1 && one.targetAddress === NGINX);
    const answers = events.filter((one) => !one.outgoing && one.operation === 2 && one.senderAddress === NGINX);
    const unanswered = requests
      .slice(0, -1)
      .filter((request) => !answers.some(({ atNs }) => atNs > request.atNs && atNs < request.atNs + 1_000_000_000n));
    expect(requests.length).toBeGreaterThan(20);
    expect(unanswered).toEqual([]);
  });

  test('move the caches back when the owner was stopped for so long that another took over', async () => {
    const agents = startAll(['--failback-delay', '0']);
    const owner = await ownerOf(agents, NGINX);
    const { child } = agents.get(owner) ?? {};
    const others = lab.nodes.filter((node) => node !== owner).map((node) => agents.get(node));
    child?.kill('SIGSTOP');
    const successor = await Promise.any(
      others.map(async (agent) => agent?.logged((one) => announces(NGINX)(one) && one['from'] === owner).then(() => agent)),
    );
    const heard = await capture(lab.client);
    child?.kill('SIGCONT');
    await successor?.logged(({ event, to }) => event === 'serviceWithdrawn' && to === owner);
    const ownerMac = lab.network.host(owner).mac;
    await heard.next(
      ({ senderAddress, targetAddress, senderMac }) =>
        senderAddress === NGINX && targetAddress === NGINX && senderMac === ownerMac,
    );
    await heard.stop();
  });

  test('keep an advertisement to the nodes it selects', async () => {
    await lab.write(
      'pool.yaml',
      POOL.replace(
        /metadata: \{ name: primary, namespace: metallb-system \}\n$/,
        'metadata: { name: primary, namespace: metallb-system }\nspec: { nodeSelectors: [{ matchLabels: { edge: "true" } }] }\n',
      ),
    );
    await lab.write('nodes.yaml', 'apiVersion: v1\nkind: Node\nmetadata: { name: n3, labels: { edge: "true" } }\n');
    const agents = startAll();
    expect(await ownerOf(agents, NGINX)).toBe('n3');
    expect(nameOf(await ask(lab.client, NGINX))).toBe('n3');
    await agents.get('n3')?.end('SIGKILL');
    await agents.get('n1')?.logged(({ event, node, state }) => event === 'memberChanged' && node === 'n3' && state === 'silent');
    expect(await ask(lab.client, NGINX, { timeoutMs: 300 })).toBeUndefined();
  });
});

describe('one agent', () => {
  test('keeps what works through every bad change of its folder, and says what is wrong and where', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces(NGINX));
    const bad: readonly [string, string, string, RegExp][] = [
      ['nginx.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: nginx-lb', 'YAML_MALFORMED', /nginx\.yaml:\d+:\d+/],
      [
        'nginx.yaml',
        service('nginx-lb').replace('ports: [{ port: 80 }]', 'ports: [{ port: eighty }]'),
        'FIELD_INVALID',
        /nginx\.yaml:\d+:\d+/,
      ],
      [
        'pool.yaml',
        POOL.replace('192.168.1.240-192.168.1.250', '192.168.1.250-192.168.1.240'),
        'RANGE_REVERSED',
        /pool\.yaml:\d+:\d+/,
      ],
      ['pool.yaml', POOL.replace('spec:', 'spec:\n  autoassign: false'), 'UNKNOWN_FIELD', /pool\.yaml:\d+:\d+/],
      [
        'overlap.yaml',
        POOL.split('---')[0]?.replace('primary-pool', 'second').replace('240-', '245-') ?? '',
        'POOL_OVERLAP',
        /\.yaml:\d+:\d+/,
      ],
    ];
    for (const [file, text, code, place] of bad) {
      await lab.write(file, text);
      expect((await agent.logged(issueLogged(code)))['source']).toMatch(place);
      expect(nameOf(await ask(lab.client, NGINX))).toBe('n1');
      // Half of them leave the file as it is, so that the next mistake meets another one.
      if (file === 'pool.yaml') await lab.write(file, POOL);
    }
    await lab.remove('overlap.yaml');
    await lab.write('nginx.yaml', service('nginx-lb'));
    await lab.write('second.yaml', service('second'));
    await agent.logged(announces('192.168.1.241'));
    expect(agent.log.filter(({ event }) => event === 'serviceWithdrawn')).toEqual([]);
  });

  test('leaves a Service pending that asks for an address outside every pool', async () => {
    await lab.write('outside.yaml', service('outside', 'metallb.universe.tf/loadBalancerIPs: 10.9.9.9'));
    const agent = lab.start('n1');
    const line = await agent.logged(issueLogged('ADDRESS_OUTSIDE_POOLS'));
    expect(line['source']).toMatch(/outside\.yaml:\d+/);
    await agent.logged(announces(NGINX));
    await until(
      'its status says why',
      async () => (await lab.status('n1', 'services/default/outside.yaml'))?.includes('ADDRESS_OUTSIDE_POOLS') === true,
    );
  });

  test('stops answering when its Service is deleted', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces(NGINX));
    await lab.remove('nginx.yaml');
    await agent.logged(({ event }) => event === 'serviceWithdrawn');
    expect(await ask(lab.client, NGINX, { timeoutMs: 300 })).toBeUndefined();
  });

  test('says which interface is missing, and answers on the one that is there', async () => {
    const agent = lab.start('n1', ['--interface', 'eth7']);
    expect((await agent.logged(issueLogged('INTERFACE_MISSING'))).msg).toContain('eth7');
    await agent.logged(announces(NGINX));
    expect(nameOf(await ask(lab.client, NGINX))).toBe('n1');
  });

  test('answers again after its interface was down, which kills a capture without a sign', async () => {
    const agent = lab.start('n1');
    const host = lab.network.host('n1');
    await agent.logged(announces(NGINX));
    await host.setLink('eth0', 'down');
    await host.setLink('eth0', 'up');
    await until('it answers again', async () => nameOf(await ask(lab.client, NGINX, { timeoutMs: 200 })) === 'n1');
    await host.setLink('eth0', 'down');
    await agent.logged(issueLogged('INTERFACE_UNUSABLE'));
    await host.setLink('eth0', 'up');
    await until('it answers again', async () => nameOf(await ask(lab.client, NGINX, { timeoutMs: 200 })) === 'n1');
  });

  test('leaves what another agent put on the host alone when it cannot start', async () => {
    const host = lab.network.host('n1');
    const first = lab.start('n1', ['--deliver', 'lo']);
    await first.logged(announces(NGINX));
    for (const port of [[], ['--port', '7947']]) {
      const second = lab.start('n1', ['--deliver', 'lo', ...port, '--status-dir', `${lab.statusDir('n1')}-2`]);
      expect(await second.ended).toBe(1);
      expect(second.stderr()).toMatch(/^PORT_IN_USE /m);
    }
    expect((await host.run('ip', ['-4', 'address', 'show', 'dev', 'lo'])).stdout).toContain(NGINX);
    await first.end();
    expect((await host.run('sysctl', ['-n', 'net.ipv4.conf.all.arp_ignore'])).stdout.trim()).toBe('0');
  });

  test('says that it may not capture', async () => {
    const agent = lab.start('n1', [], ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw']);
    expect((await agent.logged(issueLogged('CAPTURE_DENIED'))).msg).toContain('CAP_NET_RAW');
    expect(await ask(lab.client, NGINX, { timeoutMs: 300 })).toBeUndefined();
  });

  test('ends with one line where libpcap cannot be loaded', async () => {
    const { stdout } = await lab.network.host('n1').run('ldd', ['node_modules/cap/build/Release/cap.node']);
    const library = /libpcap\S* => (\S+)/.exec(stdout)?.[1] ?? '';
    const hide = 'mount --bind /dev/null "$0" && exec "$@"';
    const agent = lab.start('n1', [], ['unshare', '--mount', 'sh', '-c', hide, library]);
    expect(await agent.ended).toBe(1);
    expect(agent.stderr()).toMatch(
      /^CAPTURE_BUILD the capture module cap cannot be loaded; is libpcap installed\? .*libpcap.*\n$/,
    );
  });

  test('refuses a status folder that another agent uses', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces(NGINX));
    const second = lab.start('n1', ['--port', '7947', '--metrics', '0']);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/^STATUS_DIR_BUSY .*process \d+ uses/m);
    expect(nameOf(await ask(lab.client, NGINX))).toBe('n1');
  });

  test('takes over the status folder of a killed one, and what that left on lo', async () => {
    const first = lab.start('n1', ['--deliver', 'lo']);
    await first.logged(announces(NGINX));
    await first.end('SIGKILL');
    const second = lab.start('n1', ['--deliver', 'lo']);
    await second.logged(announces(NGINX));
    expect(await second.end()).toBe(0);
    const host = lab.network.host('n1');
    expect((await host.run('ip', ['-4', 'address', 'show', 'dev', 'lo'])).stdout).not.toContain(NGINX);
    expect((await host.run('sysctl', ['-n', 'net.ipv4.conf.all.arp_announce'])).stdout.trim()).toBe('0');
  });

  test('drops and counts what is no request of ours, and goes on answering', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces(NGINX));
    const request = Buffer.from(
      `ffffffffffff0200000000640806000108000604000102000000006${'4'}c0a80164000000000000c0a801f0`,
      'hex',
    );
    const cut = request.subarray(0, 30);
    const long = Buffer.concat([request, Buffer.alloc(400)]);
    const lying = Buffer.from(request);
    lying.writeUInt8(255, 18);
    const random = Buffer.from(Array.from({ length: 60 }, (_, i) => (i * 151 + 7) % 256));
    for (const frame of [cut, long, lying, random]) expect(await inject(lab.client, frame, { count: 5 })).toBe(true);
    expect(nameOf(await ask(lab.client, NGINX))).toBe('n1');
    const scrape = async (): Promise<string> => (await curl(lab.client, 'http://192.168.1.11:7472/metrics')).body;
    await until('the drops are counted', async () =>
      /arpeggio_frames_dropped_total\{reason="malformed"\} 15/.test(await scrape()),
    );
    const metrics = await scrape();
    expect(metrics).toMatch(/^metallb_allocator_addresses_in_use_total\{pool="primary-pool"\} 1$/m);
    expect(metrics).toMatch(/^metallb_allocator_addresses_total\{pool="primary-pool"\} 11$/m);
    expect(metrics).toMatch(
      new RegExp(`^metallb_speaker_announced\\{service="default/nginx-lb",protocol="layer2",node="n1",ip="${NGINX}"\\} 1$`, 'm'),
    );
    expect(metrics).toMatch(new RegExp(`^metallb_layer2_gratuitous_sent\\{ip="${NGINX}"\\} [1-9]`, 'm'));
    expect(metrics).toMatch(new RegExp(`^metallb_layer2_responses_sent\\{ip="${NGINX}"\\} [1-9]`, 'm'));
    expect(metrics).toContain('memberlist');
  });

  test('shows in its status folder what Kubernetes would', async () => {
    const agent = lab.start('n1');
    await agent.logged(announces(NGINX));
    await until(
      'its status has the address',
      async () => (await lab.status('n1', 'services/default/nginx-lb.yaml'))?.includes(`ip: ${NGINX}`) === true,
    );
    expect(await lab.status('n1', 'services/default/nginx-lb.yaml')).toContain('metallb.io/ip-allocated-from-pool: primary-pool');
    await until(
      'the event is written',
      async () =>
        (await lab.status('n1', 'events.jsonl'))?.includes('announcing from node \\"n1\\" with protocol \\"layer2\\"') === true,
    );
    expect(await lab.status('n1', 'configurationstates/metallb-system/controller.yaml')).toContain('result: Valid');
    expect(await readFile(join(lab.stateDir, 'nginx.yaml'), 'utf8')).toBe(service('nginx-lb'));
  });
});

describe('the command line', () => {
  const arpeggio = (args: readonly string[]) =>
    lab.network.host('n1').run(process.execPath, [join(ROOT, 'build/arpeggio.js'), ...args]);

  test.each([
    ['an unknown command', ['status'], 2, /unknown command 'status'/],
    ['an unknown flag', ['agent', '--state', '.', '--interface', 'eth0', '--frobnicate'], 2, /unknown option '--frobnicate'/],
    ['a missing flag', ['agent', '--interface', 'eth0'], 2, /--state/],
    ['a port that is none', ['agent', '--state', '.', '--interface', 'eth0', '--port', '70000'], 2, /1 to 65535/],
    ['a peer that is none', ['agent', '--state', '.', '--interface', 'eth0', '--join', 'a b'], 2, /PEER_UNRESOLVED/],
    [
      'a state folder that is not there',
      ['agent', '--state', '/nowhere', '--interface', 'eth0', '--status-dir', '/run/arpeggio-none'],
      1,
      /STATE_DIR_UNUSABLE .*\/nowhere/,
    ],
  ])('refuses %s', async (_, args, code, message) => {
    const result = await arpeggio(args);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
  });

  test('helps with an example', async () => {
    const { code, stdout } = await arpeggio(['agent', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Example:/);
  });
});
