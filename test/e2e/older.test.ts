import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ASSETS } from '../support/apiserver.js';
import { until } from '../support/until.js';
import { free, Stage } from './stage.js';

/** Built by `node tools/kube.mjs older`, which nobody needs. */
const PROGRAM = process.env['ARPEGGIO_OLDER_APISERVER'] ?? '';
const ADDRESS = free(240);
const LONG_MS = 60_000;
const [NO_WATCH_LIST, NO_SERVICE_CIDRS] = [
  'KUBE_FEATURE_MISSING the API server does not begin a watch with everything there is',
  'KUBE_FEATURE_MISSING the API server has no ServiceCIDR objects',
];

describe.skipIf(PROGRAM === '' || ASSETS === '')('on the API server of Kubernetes 1.30', { timeout: LONG_MS }, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(['n1', 'n2'], { program: PROGRAM });
    await stage.pool('all', { addresses: [`${ADDRESS}-${free(250)}`] });
    await stage.advertisement('all');
    await stage.service('web');
  }, LONG_MS);
  afterEach(() => stage.end());
  afterAll(() => stage?.close());

  test('addresses are given and answered for, and what is done without is said, once each', async () => {
    expect((await stage.must('GET', '/version'))['gitVersion']).toMatch(/^v1\.30\./);
    const controller = await stage.startController();
    await stage.startAll();
    expect(await stage.address('web')).toBe(ADDRESS);
    const owner = await stage.settled('web', ADDRESS, stage.first(ADDRESS));
    await until(
      'the Service says so',
      async () => {
        const { status } = (await stage.must('GET', '/api/v1/namespaces/default/services/web')) as {
          status: { conditions?: { type: string; message: string }[] };
        };
        return status.conditions?.some(({ type, message }) => type === 'arpeggio/Announced' && message.includes(`"${owner}"`));
      },
      LONG_MS,
    );
    const said = (
      lines: readonly { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[],
    ): unknown =>
      lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ code, msg }) => `${code} ${msg}`.split(';')[0]);
    const lists = expect.stringContaining(NO_WATCH_LIST);
    expect(said(controller.lines)).toEqual(expect.arrayContaining([lists, expect.stringContaining(NO_SERVICE_CIDRS)]));
    expect(said(controller.lines)).toHaveLength(2);
    for (const { lines } of stage.speakers.values()) expect(said(lines)).toEqual([lists]);
    await stage.speakers.get(owner)?.end('SIGKILL');
    await stage.settled('web', ADDRESS, owner === 'n1' ? 'n2' : 'n1');
  });
});
