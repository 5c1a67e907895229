/**
 * How the interfaces are followed when `ip` does what it does not do on a healthy host: here a script plays it. The real one is
 * in test/lab.
 */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Followed } from '../../agents/speaker/view/followed.js';
import { followInterfaces } from '../../agents/speaker/view/interfaces.js';
import type { Issue } from '../../src/issue/issue.js';
import type { NetworkInterface } from '../../src/layer2/interface.js';
import { selectionRule } from '../../src/layer2/selection.js';
import { temporaryFolder, testSignal } from '../support/folder.js';
import { until } from '../support/until.js';

const listing = (...names: string[]): string =>
  `${JSON.stringify(names.map((ifname, i) => ({ ifindex: i + 1, ifname, flags: ['UP', 'LOWER_UP'] })))}\n[]\n`;
const UP = (name: string, index = 2): string => `${index}: ${name}: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue`;
const DOWN = (name: string, index = 2): string => `${index}: ${name}: <BROADCAST> mtu 1500 qdisc noqueue`;

/** Follows what a script tells: `list` prints a list, `monitor` is the monitor. Both are lines of sh in the test's folder. */
function follow(list: string, monitor: string) {
  const folder = temporaryFolder();
  const script = join(folder, 'ip');
  const shell = `#!/bin/sh\ncd ${folder}\ncase "$*" in *monitor*) echo >> starts; ${monitor} ;; *) echo >> listings; ${list} ;; esac\n`;
  writeFileSync(script, shell);
  chmodSync(script, 0o755);
  const lists: (readonly NetworkInterface[])[] = [];
  const issues: Issue[] = [];
  const over = new AbortController();
  testSignal().addEventListener('abort', () => over.abort());
  const done = followInterfaces(
    {
      rule: selectionRule([]),
      command: [script],
      onList: (one) => lists.push(one),
      report: (one) => issues.push(one),
    },
    over.signal,
  );
  const read = (name: string): string => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
  return {
    lists,
    issues,
    done,
    end: () => over.abort(),
    read,
    // Whole at once: the script may read at any time.
    write: (name: string, text: string) => {
      writeFileSync(join(folder, `.${name}`), text);
      renameSync(join(folder, `.${name}`), join(folder, name));
    },
    starts: (wanted: number) => until(`the monitor was started ${wanted} times`, () => read('starts').length >= wanted),
    listings: (wanted: number) => until(`a list was made ${wanted} times`, () => read('listings').length >= wanted),
  };
}

const STAYS = 'exec sleep 1000';
/** Until the test writes the file `go`. */
const GO = 'while [ ! -e go ]; do sleep 0.02; done';

describe('interfaces are followed', () => {
  test('by a list at once', async () => {
    const { lists, issues } = follow(`cat <<'END'\n${listing('eth0', 'lo')}END\n`, STAYS);
    await until('there is a list', () => lists.length > 0);
    expect(lists[0]?.map(({ name }) => name)).toEqual(['eth0', 'lo']);
    expect(issues).toEqual([]);
  });

  test('by few lists after many changes', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => UP('eth0', i + 10));
    const { lists, write } = follow(
      '[ -e done ] && cat after || cat before',
      `${GO}; cat lines; touch done; ${`echo "${UP('eth0')}"`}; ${STAYS}`,
    );
    write('lines', lines.join('\n'));
    write('before', listing('eth0'));
    write('after', listing('eth0', 'eth1'));
    write('go', '');
    await until('the last change is seen', () => lists.at(-1)?.length === 2);
    expect(lists.length).toBeLessThan(200);
  });

  test('with a generation that tells of an interruption nobody saw', async () => {
    const { lists, write } = follow(
      `cat <<'END'\n${listing('lo', 'eth0')}END\n`,
      `${GO}; echo "${DOWN('eth0')}"; echo "${UP('eth0')}"; ${STAYS}`,
    );
    const generation = (list: readonly NetworkInterface[] = [], name = ''): number =>
      list.find((one) => one.name === name)?.generation ?? -1;
    await until('there is a list', () => lists.length > 0);
    write('go', '');
    await until('it grew', () => generation(lists.at(-1), 'eth0') > generation(lists[0], 'eth0'));
    expect(generation(lists.at(-1), 'lo')).toBe(generation(lists[0], 'lo'));
  });

  test('and what is not a list leaves the last one, and is told once', async () => {
    const { lists, issues, write, listings } = follow(
      'while [ ! -e list ]; do sleep 0.02; done; cat list',
      `while :; do sleep 0.1; echo "${UP('eth0')}"; done`,
    );
    write('list', listing('eth0'));
    await until('there is a list', () => lists.length > 0);
    write('list', '[{"ifindex":1');
    await until('that is told', () => issues.length > 0);
    const known = lists.length;
    await listings(known + 5);
    expect(lists.length).toBe(known);
    expect(issues).toMatchObject([{ code: 'INTERFACE_WATCH_FAILED', message: expect.stringMatching(/^the interfaces of/) }]);
    write('list', listing('eth0', 'eth1'));
    await until('the next is taken', () => lists.at(-1)?.length === 2);
    expect(issues).toHaveLength(1);
  });

  test('by a monitor that is started again when it ends, which is told once', async () => {
    const { lists, issues, starts } = follow(`cat <<'END'\n${listing('eth0')}END\n`, 'echo "cannot do that" >&2; exit 3');
    await starts(4);
    expect(issues.map(({ message }) => message)).toEqual([
      '"ip monitor" ended (exit code 3: cannot do that): until it runs again, changes are noticed each 10 s',
    ]);
    expect(lists.length).toBeGreaterThan(0);
  });

  test('not at all when ip is missing, which is told once and clearly', async () => {
    const issues: Issue[] = [];
    const over = new AbortController();
    const done = followInterfaces(
      { rule: selectionRule([]), command: ['/nowhere/ip'], onList: () => undefined, report: (one) => issues.push(one) },
      over.signal,
    );
    await until('it is told', () => issues.length > 0);
    over.abort();
    await done;
    expect(issues.map(({ message }) => message)).toEqual([
      'the interfaces of this host cannot be listed with "ip -json link show": there is no program /nowhere/ip (of iproute2)',
    ]);
  });

  test('without a second complaint when nothing of ip works', async () => {
    const { issues, starts } = follow('echo "broken" >&2; exit 1', 'echo "broken" >&2; exit 1');
    await starts(4);
    expect(issues).toHaveLength(1);
  });

  test('until that is no longer wanted, and the monitor ends with it', async () => {
    const { end, done, read } = follow(`cat <<'END'\n${listing('eth0')}END\n`, `echo $$ > pid; ${STAYS}`);
    const pid = await until('the monitor runs', () => Number(read('pid')) || undefined);
    end();
    await done;
    await until('it is gone', () => !existsSync(`/proc/${pid}`));
  });
});

describe('a line of the monitor is a reason for a list', () => {
  const listed: NetworkInterface = {
    name: 'eth0',
    index: 2,
    up: true,
    carrier: true,
    broadcast: true,
    noArp: false,
    generation: 0,
  };
  const ADDRESS = (name: string, index: number): string => `${index}: ${name}    inet6 fe80::1/64 scope link \\ valid`;
  test.each<[string, string[], string, boolean]>([
    ['about an interface that may be answered on', [], UP('eth0'), true],
    ['about a new one', [], UP('eth1', 3), true],
    ['unless it is left out', [], UP('veth12', 4), false],
    ['when it becomes one that is left out', [], UP('veth12', 2), true],
    ['when one that was left out becomes it', [UP('veth12', 4)], UP('eth1', 4), true],
    ['about an address', [], ADDRESS('eth0', 2), true],
    ['about an address of one that is left out', [UP('veth12', 4)], ADDRESS('veth12', 4), false],
    ['about an address of one that ip knows by the name of before', [UP('eth1', 4)], ADDRESS('veth12', 4), true],
    ['that nobody understands', [], 'netlink: what?', true],
  ])('%s', async (_, before, line, is) => {
    const followed = new Followed(selectionRule([]));
    await followed.taken([listed], followed.generations.mark);
    for (const one of before) followed.take(one);
    expect(followed.take(line)).toBe(is);
  });
});
