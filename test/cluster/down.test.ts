/**
 * What is left of a cluster that never came up: its programs here are scripts, of which the first never is ready.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canHaveRealCluster, RealCluster } from '../e2e/realcluster.js';
import { temporaryFolder } from '../support/folder.js';
import { until } from '../support/until.js';

const PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];
const LONG_MS = 60_000;
const TEST_MS = 2 * LONG_MS;

/** A folder of programs that do this; not below /run, of which a cluster has its own. */
function programs(script: string): string {
  const folder = mkdtempSync('/var/tmp/arpeggio-programs-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of PROGRAMS) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** What runs in this group of processes. */
const processesOf = (group: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/${group}`);
    } catch {
      return false;
    }
  });

describe.runIf(canHaveRealCluster())('a cluster that did not come up', () => {
  let cluster: RealCluster;
  let group: string;
  let up: ReturnType<RealCluster['start']>;

  /** Its namespaces are there, and it waits for etcd. */
  async function halfWay(): Promise<void> {
    cluster = new RealCluster({ KUBEBUILDER_ASSETS: programs('exec sleep infinity') });
    onTestFinished(async () => void (await cluster.down()));
    up = cluster.start(['up', '1']);
    await until('etcd was started', () => existsSync(join(cluster.folder, 'etcd.log')), LONG_MS);
    group = readFileSync(join(cluster.folder, 'group'), 'utf8');
    expect(processesOf(group)).not.toEqual([]);
  }
  const nothingIsLeft = (): void => {
    expect(processesOf(group)).toEqual([]);
    expect(existsSync(cluster.folder)).toBe(false);
  };

  test(
    'because somebody pressed Ctrl+C takes itself down',
    async () => {
      await halfWay();
      process.kill(-(up.child.pid ?? 0), 'SIGINT');
      const { code, stderr } = await up.finished;
      expect([code, stderr]).toEqual([1, expect.stringContaining('interrupted')]);
      nothingIsLeft();
    },
    TEST_MS,
  );

  test(
    'because whoever started it was killed is not begun again, and `down` takes it away, once',
    async () => {
      await halfWay();
      process.kill(-(up.child.pid ?? 0), 'SIGKILL');
      await up.finished;
      const again = await cluster.command(['up']);
      expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('there is one already')]);
      expect(await cluster.command(['down'])).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing is left') });
      nothingIsLeft();
      expect(await cluster.command(['down'])).toMatchObject({ code: 0, stderr: expect.stringContaining('there is none') });
    },
    TEST_MS,
  );

  test(
    'because its first process was killed takes itself down',
    async () => {
      await halfWay();
      process.kill(Number.parseInt(readFileSync(join(cluster.folder, 'holder'), 'utf8'), 10), 'SIGKILL');
      const { code, stderr } = await up.finished;
      expect([code, stderr]).toEqual([1, expect.stringContaining('it ended while it started')]);
      nothingIsLeft();
    },
    TEST_MS,
  );
});

describe.runIf(canHaveRealCluster())('a cluster', () => {
  test(
    'whose program fails takes itself down, and says what the program said',
    async () => {
      const cluster = new RealCluster({ KUBEBUILDER_ASSETS: programs('echo "no such flag"; exit 3') });
      onTestFinished(async () => void (await cluster.down()));
      const { code, stderr } = await cluster.command(['up', '1']);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/etcd has ended:\s+no such flag/)]);
      expect(existsSync(cluster.folder)).toBe(false);
    },
    TEST_MS,
  );

  test(
    'of which a program is missing is not begun',
    async () => {
      const cluster = new RealCluster({ KUBEBUILDER_ASSETS: temporaryFolder() });
      onTestFinished(async () => void (await cluster.down()));
      const { code, stderr } = await cluster.command(['up', '1']);
      expect([code, stderr]).toEqual([1, expect.stringContaining('which has no etcd')]);
      expect(existsSync(cluster.folder)).toBe(false);
    },
    TEST_MS,
  );
});
