import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ServiceEvent } from '../../agents/source/source.js';
import { openStatusFolder, type StatusFolder } from '../../agents/source/status.js';
import { statusFile } from '../../agents/source/statusfile.js';
import type { KubeObject } from '../../src/api/object.js';
import { formatIssue } from '../../src/issue/issue.js';
import { ManualClock } from '../support/clock.js';
import { fill, temporaryFolder, testSignal } from '../support/folder.js';
import { until } from '../support/until.js';

vi.setConfig({ testTimeout: 20_000 });

const service = (name: string, ip: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } },
});
const POOL: KubeObject = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: 'p', namespace: 'metallb-system' },
  status: { assignedIPv4: 1, availableIPv6: 9223372036854775807n },
};
const L2_STATUS: KubeObject = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'ServiceL2Status',
  metadata: { name: 'default-web-n1', namespace: 'metallb-system' },
};
const EVENT: ServiceEvent = {
  type: 'Normal',
  reason: 'IPAllocated',
  message: 'Assigned IP ["192.0.2.1"]',
  service: 'default/web',
  component: 'metallb-controller',
};

async function open(path: string, signal: AbortSignal = testSignal()): Promise<StatusFolder> {
  const opened = await openStatusFolder({ path, node: 'n1', now: new ManualClock().now }, signal);
  if (!opened.ok) throw new Error(opened.issues.map(formatIssue).join());
  return opened.value;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

describe('status objects', () => {
  test('are files as kubectl would print them', async () => {
    const path = join(temporaryFolder(), 'made/for/it');
    const folder = await open(path);
    folder.writeStatus('controller', [service('web', '192.0.2.1'), POOL]);
    folder.writeStatus('speaker', [L2_STATUS]);
    await folder.idle();
    expect(filesIn(path)).toEqual([
      'ipaddresspools/metallb-system/p.yaml',
      'servicel2statuses/metallb-system/default-web-n1.yaml',
      'services/default/web.yaml',
    ]);
    expect(readFileSync(join(path, 'services/default/web.yaml'), 'utf8')).toBe(`apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
status:
  loadBalancer:
    ingress:
      - ip: 192.0.2.1
        ipMode: VIP
`);
    expect(readFileSync(join(path, 'ipaddresspools/metallb-system/p.yaml'), 'utf8')).toContain(
      'availableIPv6: 9223372036854775807\n',
    );
  });

  test('that are gone take their files and folders along, but only those of their component', async () => {
    const path = temporaryFolder();
    const folder = await open(path);
    folder.writeStatus('controller', [service('web', '192.0.2.1'), POOL]);
    folder.writeStatus('speaker', [L2_STATUS]);
    await folder.idle();
    folder.writeStatus('controller', [POOL]);
    await folder.idle();
    expect(filesIn(path)).toEqual([
      'ipaddresspools/metallb-system/p.yaml',
      'servicel2statuses/metallb-system/default-web-n1.yaml',
    ]);
    expect(existsSync(join(path, 'services'))).toBe(true);
    expect(existsSync(join(path, 'services/default'))).toBe(false);
  });

  test('that say the same are not written again, not even by the next agent', async () => {
    const path = temporaryFolder();
    const first = new AbortController();
    const before = await open(path, first.signal);
    before.writeStatus('controller', [service('same', '192.0.2.1'), service('other', '192.0.2.2'), service('gone', '192.0.2.3')]);
    await before.idle();
    const inode = (name: string): number => statSync(join(path, `services/default/${name}.yaml`)).ino;
    const [same, other] = [inode('same'), inode('other')];
    before.writeStatus('controller', [service('same', '192.0.2.1'), service('other', '192.0.2.2'), service('gone', '192.0.2.3')]);
    await before.idle();
    expect([inode('same'), inode('other')]).toEqual([same, other]);
    first.abort();
    await before.closed;

    const after = await open(path);
    after.writeStatus('controller', [service('same', '192.0.2.1'), service('other', '192.0.2.9')]);
    await after.idle();
    expect(inode('same')).toBe(same);
    expect(inode('other')).not.toBe(other);
    expect(filesIn(path)).toEqual(['services/default/other.yaml', 'services/default/same.yaml']);
  });

  test('are never seen half-written', async () => {
    const path = temporaryFolder();
    const folder = await open(path);
    const file = join(path, 'services/default/web.yaml');
    const long = 'x'.repeat(100_000);
    for (let round = 0; round < 20; round++) {
      folder.writeStatus('controller', [{ ...service('web', '192.0.2.1'), round, long }]);
      const written = folder.idle();
      const seen = await until('the file is there', () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined));
      expect(seen.endsWith(`long: ${long}\n`)).toBe(true);
      await written;
    }
  });

  test('of a former agent that died while it wrote leave nothing behind', async () => {
    const path = temporaryFolder();
    fill(path, { 'services/default/.web.yaml.new': 'half', 'services/default/old.yaml': 'old: true\n' });
    const folder = await open(path);
    folder.writeStatus('controller', []);
    await folder.idle();
    expect(filesIn(path)).toEqual([]);
  });

  test.each([
    ['../../etc/passwd', 'services/default/%2E.%2F..%2Fetc%2Fpasswd.yaml'],
    ['..', 'services/default/%2E..yaml'],
    ['a b\n', 'services/default/a%20b%0A.yaml'],
    ['\ud800', 'services/default/%EF%BF%BD.yaml'],
  ])('named %j stay inside the folder', (name, file) => {
    expect(statusFile(service(name, ''))).toBe(file);
  });

  test('with very long names have different files of a length that every file system takes', () => {
    const [a, b] = ['x'.repeat(253), `${'x'.repeat(252)}y`].map((name) => statusFile(service(name, '')));
    expect(a).not.toBe(b);
    expect(a?.split('/').at(-1)?.length).toBeLessThan(200);
  });

  test('that cannot be written are reported once and written when they can be', async () => {
    const path = temporaryFolder();
    const issues: string[] = [];
    const report = { report: (one: Parameters<typeof formatIssue>[0]) => void issues.push(formatIssue(one)) };
    const opened = await openStatusFolder({ path, node: 'n1', ...report }, testSignal());
    if (!opened.ok) throw new Error('not opened');
    writeFileSync(join(path, 'services'), 'in the way');
    opened.value.writeStatus('controller', [service('web', '192.0.2.1')]);
    await opened.value.idle();
    opened.value.writeStatus('controller', [service('web', '192.0.2.2')]);
    await opened.value.idle();
    expect(issues).toEqual([expect.stringContaining(`STATUS_DIR_UNUSABLE ${path} status cannot be written`)]);
    rmSync(join(path, 'services'));
    opened.value.writeStatus('controller', [service('web', '192.0.2.3')]);
    await opened.value.idle();
    expect(readFileSync(join(path, 'services/default/web.yaml'), 'utf8')).toContain('192.0.2.3');
  });

  test('are all written again when the folder was deleted', async () => {
    const path = temporaryFolder();
    const folder = await open(path);
    folder.writeStatus('controller', [service('web', '192.0.2.1')]);
    await folder.idle();
    rmSync(path, { recursive: true });
    folder.recordEvent(EVENT);
    await folder.idle();
    expect(readFileSync(join(path, 'services/default/web.yaml'), 'utf8')).toContain('192.0.2.1');
    expect(readFileSync(join(path, 'events.jsonl'), 'utf8')).toContain('IPAllocated');
  });
});

describe('events', () => {
  test('are lines of JSON', async () => {
    const path = temporaryFolder();
    const folder = await open(path);
    folder.recordEvent(EVENT);
    folder.recordEvent({ ...EVENT, reason: 'nodeAssigned', component: 'metallb-speaker' });
    await folder.idle();
    const lines = readFileSync(join(path, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ reason }) => reason)).toEqual(['IPAllocated', 'nodeAssigned']);
    expect(lines[0]).toMatchObject({
      kind: 'Event',
      involvedObject: { kind: 'Service', namespace: 'default', name: 'web' },
      source: { component: 'metallb-controller', host: 'n1' },
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(lines[0].metadata.name).not.toBe(lines[1].metadata.name);
  });

  test('do not fill the disk', async () => {
    const path = temporaryFolder();
    const folder = await open(path);
    for (let i = 0; i < 40; i++) {
      folder.recordEvent({ ...EVENT, message: 'x'.repeat(100_000) });
      await folder.idle();
    }
    expect(filesIn(path)).toEqual(['events.jsonl', 'events.jsonl.1']);
    for (const file of filesIn(path)) expect(statSync(join(path, file)).size).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('one agent a folder', () => {
  /** Another process that takes the folder and says so, or why it cannot. */
  async function otherAgent(path: string): Promise<{ pid: number; said: string; kill(): Promise<unknown> }> {
    const script = `
      import { openStatusFolder } from './agents/source/status.ts';
      const opened = await openStatusFolder({ path: ${JSON.stringify(path)}, node: 'n2' }, new AbortController().signal);
      console.log(opened.ok ? 'taken' : opened.issues[0].code + ' ' + opened.issues[0].message);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    return {
      pid: child.pid ?? 0,
      said: String(said).trim(),
      kill: () => {
        child.kill('SIGKILL');
        return ended;
      },
    };
  }

  test('the second is told whose it is; after a SIGKILL of the first it can have it', async () => {
    const path = temporaryFolder();
    const other = await otherAgent(path);
    expect(other.said).toBe('taken');
    const busy = await openStatusFolder({ path, node: 'n1' }, testSignal());
    expect(!busy.ok && busy.issues.map(formatIssue)).toEqual([
      `STATUS_DIR_BUSY ${path} arpeggio agent, process ${other.pid} uses this folder; give this agent another --status-dir, or end that process`,
    ]);
    await other.kill();
    expect(existsSync(join(path, 'agent.sock'))).toBe(true);
    await open(path);
    expect((await otherAgent(path)).said).toContain(`STATUS_DIR_BUSY arpeggio agent, process ${process.pid} `);
  });

  test('it is given back with the signal', async () => {
    const path = temporaryFolder();
    const stop = new AbortController();
    const folder = await open(path, stop.signal);
    stop.abort();
    await folder.closed;
    expect(existsSync(join(path, 'agent.sock'))).toBe(false);
    await open(path);
  });

  test('of many that find a left-over socket, one gets it', async () => {
    const path = temporaryFolder();
    await (await otherAgent(path)).kill();
    const all = await Promise.all(Array.from({ length: 8 }, () => openStatusFolder({ path, node: 'n1' }, testSignal())));
    expect(all.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test('a path longer than a socket address works too', async () => {
    const path = join(temporaryFolder(), 'x'.repeat(100), 'y'.repeat(100));
    await open(path);
    const busy = await openStatusFolder({ path, node: 'n1' }, testSignal());
    expect(!busy.ok && busy.issues[0]?.code).toBe('STATUS_DIR_BUSY');
  });

  test.each([
    ['below a file', (folder: string) => join(folder, 'file', 'status'), 'it is not a folder'],
    ['where nothing can be made', () => '/proc/arpeggio/status', 'it does not exist'],
  ])('a folder %s is refused', async (_, pathIn, why) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));
    const opened = await openStatusFolder({ path: pathIn(folder), node: 'n1' }, testSignal());
    expect(!opened.ok && opened.issues[0]).toMatchObject({
      code: 'STATUS_DIR_UNUSABLE',
      message: `the status folder cannot be written: ${why}`,
    });
  });
});
