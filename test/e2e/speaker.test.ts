import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
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

  /** What the Service says of who answers for it. */
  const isSaid = (node: string | undefined): Promise<unknown> =>
    until(
      `the Service says that ${node} answers`,
      async () => {
        const { status } = (await stage.must('GET', WEB)) as {
          status: { conditions?: { type: string; status: string; message: string }[] };
        };
        const said = status.conditions?.find(({ type }) => type === 'arpeggio/Announced');
        return said?.status === 'True' && said.message === `announcing from node "${node}" with protocol "layer2"`;
      },
      LONG_MS,
    );

  test('answer for what the controller gave, say who does, and take over from each other', async () => {
    await stage.startAll();
    const settled = await stage.settled('web', ADDRESS);
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

  test('go on while the API server is away, also after a restart', async () => {
    const speaker = stage.start('n1');
    await until('n1 answers', async () => (await stage.owner(ADDRESS)) === 'n1', LONG_MS);
    await until(
      'the view is kept',
      () => {
        try {
          return readFileSync(join(stage.folder, 'n1', 'view.json'), 'utf8').includes(ADDRESS);
        } catch {
          return false;
        }
      },
      LONG_MS,
    );
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
