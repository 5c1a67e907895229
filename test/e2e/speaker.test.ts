import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import type { LogLine } from './process.js';
import { type Fields, free, OURS, SLICES, Stage } from './stage.js';

const WEB = '/api/v1/namespaces/default/services/web';
const ADDRESS = free(240);
const NODES = ['n1', 'n2'];
const LONG_MS = 40_000;

describeWithApiServer('speakers of a real API server', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(NODES);
    await stage.pool('all', { addresses: [`${ADDRESS}-${free(250)}`] });
    await stage.advertisement('all');
  });
  beforeEach(async () => {
    await stage.service('web');
    await stage.startController();
  });
  afterEach(async () => {
    await stage.end();
    await stage.door.open();
    for (const path of [WEB, `${SLICES}/web-1`]) await stage.api.call('DELETE', path);
  });
  afterAll(() => stage?.close());

  interface Announced {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }

  /** What the Service says of who answers for it. */
  const said = async (): Promise<Announced | undefined> => {
    const { status } = (await stage.must('GET', WEB)) as { status: { conditions?: Announced[] } };
    return status.conditions?.find(({ type }) => type === 'arpeggio/Announced');
  };
  const isSaid = (node: string | undefined): Promise<unknown> =>
    until(
      `the Service says that ${node} answers`,
      async () => {
        const one = await said();
        return one?.status === 'True' && one.message === `announcing from node "${node}" with protocol "layer2"`;
      },
      LONG_MS,
    );

  test('answer for what the controller gave, say who does, and take over from each other', async () => {
    await stage.startAll();
    const settled = await stage.settled('web', ADDRESS, stage.first(ADDRESS));
    const { stdout } = await stage.api.kubectl(['describe', 'service', 'web']);
    expect(stdout).toContain(`announcing from node "${settled}" with protocol "layer2"`);
    const { items } = (await stage.must('GET', `${OURS}/servicel2statuses`)) as { items: { metadata: Fields }[] };
    expect(items[0]?.metadata).toMatchObject({
      labels: { 'metallb.io/node': settled, 'metallb.io/service-name': 'web', 'metallb.io/service-namespace': 'default' },
      ownerReferences: [{ kind: 'Pod', name: `speaker-${settled}` }],
    });
    const { status } = (await stage.must('GET', `${OURS}/configurationstates/speaker-${settled}`)) as { status: Fields };
    expect(status).toMatchObject({ result: 'Valid' });
    await isSaid(settled);

    await stage.speakers.get(settled)?.end('SIGKILL');
    const [other] = NODES.filter((name) => name !== settled);
    await stage.settled('web', ADDRESS, other);
    await isSaid(other);
  });

  test('gossip over IPv6 where their Pods have such addresses', async () => {
    for (const [i, name] of NODES.entries()) {
      const podIP = `fd03::${i + 1}`;
      await stage.network.host(name).run('ip', ['addr', 'replace', `${podIP}/64`, 'dev', 'eth0']);
      const pod = `/api/v1/namespaces/metallb-system/pods/speaker-${name}`;
      const { status } = (await stage.must('GET', pod)) as { status: Fields };
      const podIPs = [...(status['podIPs'] as { ip: string }[]).filter(({ ip }) => !ip.includes(':')), { ip: podIP }];
      await stage.change(`${pod}/status`, { status: { podIPs } });
    }
    const speakers = NODES.map((name, i) => stage.start(name, ['--ml-bindaddr', `fd03::${i + 1}`]));
    for (const [i, { lines }] of speakers.entries()) {
      const isThere = ({ event, node, state, address }: LogLine): boolean =>
        event === 'memberChanged' && node !== NODES[i] && state === 'alive' && String(address).startsWith('[fd03::');
      await until(`${NODES[i]} knows the other`, () => lines.some(isThere), LONG_MS);
    }
    const owner = await stage.settled('web', ADDRESS);
    await stage.speakers.get(owner)?.end('SIGKILL');
    await stage.settled(
      'web',
      ADDRESS,
      NODES.find((name) => name !== owner),
    );
  });

  test('that answer on excluded nodes too are believed to be able to', async () => {
    const label = (value: '' | null): Promise<unknown[]> => {
      const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': value };
      return Promise.all(NODES.map((name) => stage.change(`/api/v1/nodes/${name}`, { metadata: { labels } })));
    };
    const says = (reason: string, what: RegExp): Promise<unknown> =>
      until(
        `the Service says ${reason}`,
        async () => {
          const one = await said();
          return one?.reason === reason && what.test(one.message);
        },
        LONG_MS,
      );
    // What a speaker said that was killed stands.
    const forget = (): Promise<unknown> => stage.must('DELETE', `${OURS}/servicel2statuses`);
    await forget();
    await label('');
    onTestFinished(async () => {
      await label(null);
    });
    await says('NOBODY_ANSWERS', /nodeLabeledExcludeBalancers on every node/);
    const speaker = stage.start('n1', ['--ignore-exclude-lb']);
    await stage.settled('web', ADDRESS, 'n1');
    await isSaid('n1');
    await speaker.end('SIGKILL');
    await forget();
    await says('NOBODY_SAYS_SO', /n1, n2 may answer, and no speaker says that it does/);
  });

  /** What a speaker has kept of Services; the address alone is also in the pool. */
  const keptServices = (node: string): string => {
    try {
      const { objects } = JSON.parse(readFileSync(join(stage.folder, node, 'view.json'), 'utf8')) as {
        objects: { services: readonly object[] };
      };
      return JSON.stringify(objects.services);
    } catch {
      return '';
    }
  };

  test('go on while the API server is away, also after a restart', async () => {
    const speaker = stage.start('n1');
    await until('n1 answers', async () => (await stage.owner(ADDRESS)) === 'n1', LONG_MS);
    await until('the Service is kept with its address', () => keptServices('n1').includes(ADDRESS), LONG_MS);
    stage.door.shut();
    await until('the API server is away', () => speaker.lines.some(({ code }) => code === 'KUBE_API_UNAVAILABLE'), LONG_MS);
    expect(await stage.owner(ADDRESS)).toBe('n1');
    await speaker.end('SIGKILL');
    expect(await stage.owner(ADDRESS)).toBeUndefined();
    stage.start('n1');
    await until('n1 answers again', async () => (await stage.owner(ADDRESS)) === 'n1', LONG_MS);

    await stage.door.open();
    await stage.remove('web');
    await until('nobody answers for what is gone', async () => (await stage.owner(ADDRESS)) === undefined, LONG_MS);
  });
});
