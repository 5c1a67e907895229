import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type PlanResult, runPlan } from '../../agents/cli/plan.js';
import { fill, temporaryFolder } from '../support/folder.js';

const pool = (addresses: string): string => `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: primary-pool
  namespace: metallb-system
spec:
  addresses:
    - ${addresses}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata:
  name: all
  namespace: metallb-system
`;

const service = (name: string, more = ''): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: default
spec:
  type: LoadBalancer
  selector: {app: ${name}}
  ports:
    - port: 80
${more}`;

const NODES = ['n1', 'n2', 'n3'].map((name) => `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\n`).join('---\n');
const LIVE = [
  service('nginx-lb', 'status:\n  loadBalancer: {ingress: [{ip: 192.168.1.240}]}\n'),
  NODES,
  `apiVersion: metallb.io/v1beta1
kind: ServiceL2Status
metadata: {name: l2-x, namespace: metallb-system}
status: {node: n3, serviceName: nginx-lb, serviceNamespace: default}
`,
].join('---\n');

const BEFORE = { 'old/pool.yaml': pool('192.168.1.240-192.168.1.255'), 'old/services.yaml': service('nginx-lb') };
const SAME = { 'new/pool.yaml': pool('192.168.1.240-192.168.1.255'), 'new/services.yaml': service('nginx-lb') };
const MOVED = { ...SAME, 'new/pool.yaml': pool('192.168.1.245-192.168.1.255') };

type Flags = Partial<Parameters<typeof runPlan>[2]>;

/** Plans the change of a folder with these files; paths in the output are relative to it. */
async function planned(files: Readonly<Record<string, string>>, flags: Flags = {}): Promise<PlanResult> {
  const folder = temporaryFolder();
  fill(folder, { ...BEFORE, 'state.yaml': LIVE, ...files });
  const state = flags.state ?? ['state.yaml'];
  const paths = { ...flags, state: state.map((path) => join(folder, path)) };
  const result = await runPlan(join(folder, 'old'), join(folder, 'new'), { format: 'text', ...paths });
  const shorter = (text: string): string => text.replaceAll(`${folder}/`, '');
  return { ...result, output: shorter(result.output), problems: shorter(result.problems) };
}

describe('plan', () => {
  test('counts what stays, and ends with 0', async () => {
    expect(await planned(SAME)).toMatchInlineSnapshot(`
      {
        "exitCode": 0,
        "output": "Services: 1 kept, 0 gained, 0 moved, 0 lost, 0 pending
      Announcements: 1 same, 0 changed
      ",
        "problems": "",
      }
    `);
  });

  test('tells what moves and why, and ends with 1', async () => {
    expect(await planned(MOVED)).toMatchInlineSnapshot(`
      {
        "exitCode": 1,
        "output": "Services: 0 kept, 0 gained, 1 moved, 0 lost, 0 pending
        moved    default/nginx-lb  192.168.1.240 (primary-pool) -> 192.168.1.245 (primary-pool)
                 GENERAL_POOL: first free address of pool primary-pool; it cannot keep 192.168.1.240: "192.168.1.240" is not allowed in config: it is in no pool
      Announcements: 0 same, 2 changed
        stops    192.168.1.240  n1, n3, n2 -> nobody; n3 answers now
                 ADDRESS_RELEASED: no Service has the address any more
        starts   192.168.1.245  nobody -> n3, n2, n1
                 NEWLY_ANNOUNCED: n3 is the first of the ranking
      ",
        "problems": "1 Service gets another address (--allow renumber if that is meant)
      ",
      }
    `);
  });

  test('writes the document that programs read', async () => {
    const more = { ...MOVED, 'new/more.yaml': service('later', '  loadBalancerIP: 192.168.9.9\n') };
    const { output } = await planned(more, { format: 'json' });
    await expect(output).toMatchFileSnapshot('../golden/plan/plan.json');
  });

  test('needs no state for folders of the agent', async () => {
    const { output, exitCode } = await planned({ ...MOVED, 'old/nodes.yaml': NODES, 'new/nodes.yaml': NODES }, { state: [] });
    expect([exitCode, output.split('\n')[0]]).toEqual([1, 'Services: 0 kept, 0 gained, 1 moved, 0 lost, 0 pending']);
  });

  test.each<[string, Readonly<Record<string, string>>, Flags, PlanResult['exitCode'], string | RegExp]>([
    ['a moved address that is allowed', MOVED, { allow: ['renumber'] }, 0, ''],
    ['a moved address where loss is allowed', MOVED, { allow: ['loss'] }, 1, /1 Service gets another address \(--allow renumber/],
    [
      'a Service that is deleted',
      { 'new/pool.yaml': pool('192.168.1.240-192.168.1.255') },
      {},
      1,
      /1 Service loses an address \(--allow loss/,
    ],
    ['a node that goes away', SAME, { withoutNode: ['n3'] }, 0, ''],
    ['the last nodes that go away', SAME, { withoutNode: ['n1', 'n2', 'n3'] }, 1, /1 address is answered by nobody any more/],
    ['addresses that are spread', SAME, { spread: true }, 0, ''],
    ['a cordoned node', SAME, { cordon: ['n3'] }, 0, ''],
    ['a node that does not exist', SAME, { cordon: ['n9'] }, 2, /^NODE_UNKNOWN there is no Node "n9"/],
    [
      'a state that does not exist',
      SAME,
      { state: ['nosuch.yaml'] },
      2,
      /^FILE_UNREADABLE nosuch\.yaml cannot be read: it does not exist/,
    ],
    ['a state that is cut short', { ...SAME, 'state.yaml': 'a: [' }, {}, 2, /^YAML_MALFORMED state\.yaml:1:/],
    ['a new tree that does not exist', {}, {}, 2, /^FILE_UNREADABLE new cannot be read/],
    ['a file of the new tree that is no YAML', { ...SAME, 'new/pool.yaml': 'a: [' }, {}, 2, /^YAML_MALFORMED new\/pool\.yaml:1:/],
    [
      'pools of the new tree that overlap',
      { ...SAME, 'new/b.yaml': pool('192.168.1.250/32').replace('primary-pool', 'b').replace('name: all', 'name: b') },
      {},
      2,
      /^POOL_OVERLAP new\/\S+ spec\.addresses\[0\]/,
    ],
    [
      'a broken Service of the new tree',
      { ...SAME, 'new/services.yaml': service('nginx-lb').replace('port: 80', 'port: 0') },
      {},
      2,
      /^FIELD_INVALID new\/services\.yaml:10:/,
    ],
    [
      'an old tree that is broken, which the change mends',
      { ...SAME, 'old/pool.yaml': pool('192.168.1.255-192.168.1.240') },
      {},
      0,
      /^<old> RANGE_REVERSED old\/pool\.yaml:8:7/,
    ],
    [
      'a lock file that is malformed',
      { ...SAME, 'new/addresses.lock.yaml': 'kind: AddressLock\n' },
      {},
      2,
      /^LOCK_MALFORMED new\/addresses\.lock\.yaml/,
    ],
  ])('judges %s', async (_, files, flags, exitCode, problems) => {
    const result = await planned(files, flags);
    expect([result.exitCode, result.problems]).toEqual([
      exitCode,
      typeof problems === 'string' ? problems : expect.stringMatching(problems),
    ]);
  });

  test('does not take a file that is broken for one that is deleted', async () => {
    const { output, exitCode } = await planned({ 'new/pool.yaml': SAME['new/pool.yaml'], 'new/services.yaml': 'kind: [' });
    expect([exitCode, output.split('\n')[0]]).toEqual([2, 'Services: 1 kept, 0 gained, 0 moved, 0 lost, 0 pending']);
  });

  test('refuses an old tree that cannot be read, in words and as a document', async () => {
    const broken = { ...SAME, 'old/services.yaml': 'kind: [' };
    const { output, exitCode, problems } = await planned(broken, { format: 'json' });
    expect(exitCode).toBe(2);
    expect(problems).toMatch(/^YAML_MALFORMED old\/services\.yaml:1:/);
    expect(JSON.parse(output)).toMatchObject({ version: 1, services: [], issues: [{ code: 'YAML_MALFORMED' }] });
  });

  test('says nothing of Services of other classes that are only in the state', async () => {
    const other = service('other', '  loadBalancerClass: x/y\n');
    const { output, exitCode } = await planned({ ...SAME, 'state.yaml': `${LIVE}---\n${other}` });
    expect([exitCode, output]).toEqual([0, expect.not.stringContaining('Issues')]);
  });

  test('takes no Service into a folder whose request cannot be read', async () => {
    const nonsense = service('nginx-lb', '  loadBalancerIP: nonsense\n');
    const { output, problems, exitCode } = await planned({ ...SAME, 'new/services.yaml': nonsense }, { state: [] });
    expect([exitCode, output.split('\n')[0]]).toEqual([2, 'Services: 1 kept, 0 gained, 0 moved, 0 lost, 0 pending']);
    expect(problems).toMatch(/^SERVICE_INVALID new\/services\.yaml:1:1 spec\.loadBalancerIP: .*"nonsense" is not an IP address/);
  });

  test('says what stays in force when the new pools are refused', async () => {
    const { output } = await planned({ ...MOVED, 'new/pool.yaml': pool('192.168.1.255-192.168.1.240') });
    expect(output).toContain(
      'The pools of the new tree are refused: those before the change stay in force.\nServices: 1 kept, 0',
    );
  });
});

describe('arpeggio plan', () => {
  const run = promisify(execFile);
  const command = join(import.meta.dirname, '../../build/arpeggio.js');
  const arpeggio = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    try {
      return { code: 0, ...(await run(process.execPath, [command, ...args])) };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  };

  test.each<[string, string[], RegExp]>([
    ['one tree', ['plan', 'a'], /missing required argument 'new'[\s\S]*Usage: arpeggio plan <old> <new>/],
    ['an unknown flag', ['plan', 'a', 'b', '--nosuch'], /unknown option '--nosuch'[\s\S]*Usage:/],
    ['a git reference', ['plan', 'git:main', 'b'], /Git references come with a later version/],
    ['a live cluster', ['plan', 'a', 'b', '--state', 'cluster'], /A live cluster comes with a later version/],
    [
      'markdown',
      ['plan', 'a', 'b', '--format', 'markdown'],
      /markdown comes with a later version; The formats are text and json/,
    ],
    ['something else to allow', ['plan', 'a', 'b', '--allow', 'all'], /Allowed choices are renumber, loss\./],
  ])('refuses %s with 2', async (_, args, message) => {
    const { code, stdout, stderr } = await arpeggio(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  test('takes options before and after the trees, each more than once', async () => {
    const folder = temporaryFolder();
    fill(folder, { ...BEFORE, ...SAME, 'a.yaml': NODES, 'b.yaml': LIVE.split('---\n')[0] ?? '' });
    const [a, b, old, tree] = ['a.yaml', 'b.yaml', 'old', 'new'].map((name) => join(folder, name));
    const state = ['--state', a ?? '', '--state', b ?? ''];
    const { code, stdout } = await arpeggio(
      'plan',
      ...state,
      '--allow',
      'loss',
      old ?? '',
      tree ?? '',
      '--cordon',
      'n1',
      '--cordon',
      'n3',
    );
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'Services: 1 kept, 0 gained, 0 moved, 0 lost, 0 pending']);
  });

  test('explains itself', async () => {
    const { code, stdout } = await arpeggio('plan', '--help');
    expect(code).toBe(0);
    for (const word of ['--state', '--allow', '--without-node', '--cordon', '--format', 'Examples:', 'Exit status']) {
      expect(stdout).toContain(word);
    }
  });

  test('prints the plan on stdout and what keeps it from 0 on stderr', async () => {
    const folder = temporaryFolder();
    fill(folder, { ...BEFORE, ...MOVED, 'state.yaml': LIVE });
    const { code, stdout, stderr } = await arpeggio(
      'plan',
      join(folder, 'old'),
      join(folder, 'new'),
      '--state',
      join(folder, 'state.yaml'),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('moved    default/nginx-lb  192.168.1.240 (primary-pool) -> 192.168.1.245 (primary-pool)');
    expect(stderr).toBe('1 Service gets another address (--allow renumber if that is meant)\n');
  });
});
