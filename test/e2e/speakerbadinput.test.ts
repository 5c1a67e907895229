import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { free, OURS, type Speaker, Stage } from './stage.js';

/** What is refused is asked for again after up to a minute. */
const LONG_MS = 90_000;
const ADDRESS = free(240);
const RANGE = { addresses: [`${ADDRESS}-${free(250)}`] };

describeWithApiServer('a speaker', { timeout: 3 * LONG_MS }, () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open(['n1']);
    await stage.pool('all', RANGE);
    await stage.advertisement('all');
    await stage.service('web');
    await stage.startController();
    expect(await stage.address('web')).toBe(ADDRESS);
    await stage.controller?.end();
  });
  afterEach(() => stage.end());
  afterAll(() => stage?.close());

  const kubectl = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await stage.api.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  };
  const apply = (folder: string): Promise<void> =>
    kubectl('apply', '--server-side', '--force-conflicts', '-f', join(ROOT, folder));
  const answers = (): Promise<unknown> => until('it answers', async () => (await stage.owner(ADDRESS)) === 'n1', LONG_MS);
  /** In its log. */
  const says = (speaker: Speaker, code: string, what: RegExp): Promise<unknown> =>
    until(`it says ${code}`, () => speaker.lines.some((line) => line['code'] === code && what.test(line.msg)), LONG_MS);
  const events = async (): Promise<string> => {
    const { items } = (await stage.must('GET', '/api/v1/namespaces/metallb-system/events')) as {
      items: { reason: string; message: string }[];
    };
    return items.map(({ reason, message }) => `${reason} ${message}`).join('\n');
  };

  /** Its ConfigurationState says what is refused; absent: that nothing is. */
  const refused = (what?: RegExp): Promise<unknown> =>
    until(
      `its state says that ${what ?? 'nothing'} is refused`,
      async () => {
        const { body } = await stage.api.call('GET', `${OURS}/configurationstates/speaker-n1`);
        const { status } = body as {
          status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
        };
        const condition = status?.conditions?.find(({ type }) => type === 'arpeggio/Refused');
        if (condition === undefined || what === undefined) return condition?.status === 'False';
        return condition.status === 'True' && what.test(`${condition.reason} ${condition.message}`);
      },
      LONG_MS,
    );

  test('answers without the kind in which it says so, names that, and says so as soon as it is there', async () => {
    await kubectl('delete', 'crd', 'servicel2statuses.metallb.io');
    onTestFinished(() => apply('dist/00-crds'));
    const speaker = stage.start('n1');
    await says(speaker, 'KUBE_KIND_MISSING', /ServiceL2Status objects cannot be followed: the API server has no such kind/);
    await answers();
    await until(
      'an event of its Pod names it',
      async () => (await events()).includes('KUBE_KIND_MISSING ServiceL2Status'),
      LONG_MS,
    );
    await refused(/KUBE_KIND_MISSING .*ServiceL2Status objects cannot be followed/);
    await apply('dist/00-crds');
    await until('it is there', async () => (await stage.api.call('GET', `${OURS}/servicel2statuses`)).status === 200);
    await stage.settled('web', ADDRESS, 'n1');
    await refused();
  });

  test('says which verb on which resource it may not, and answers as soon as it may', async () => {
    const without = JSON.stringify([{ op: 'replace', path: '/rules/0/resources', value: ['services', 'namespaces'] }]);
    await kubectl('patch', 'clusterrole', 'arpeggio-speaker', '--type=json', '-p', without);
    onTestFinished(() => apply('dist/10-rbac'));
    const speaker = stage.start('n1');
    await says(speaker, 'KUBE_FORBIDDEN', /speaker may not watch nodes in every namespace/);
    expect(await stage.owner(ADDRESS)).toBeUndefined();
    await refused(/KUBE_FORBIDDEN .*speaker may not watch nodes in every namespace/);
    await apply('dist/10-rbac');
    await answers();
    await refused();
  });

  test.each<{ why: string; code: string; what: RegExp; args: readonly string[]; through: readonly string[] }>([
    {
      ...{ why: 'on a node without its interface', code: 'INTERFACE_MISSING', what: /this node has no interface eth7; it has / },
      ...{ args: ['--interface', 'eth7'], through: [] },
    },
    {
      ...{ why: 'without NET_RAW', code: 'CAPTURE_DENIED', what: /raw packets on eth0 need root or CAP_NET_RAW/ },
      ...{ args: [], through: ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'] },
    },
  ])('$why says so in its log and in an event of its Pod', async ({ code, what, args, through }) => {
    await says(stage.start('n1', args, through), code, what);
    await until(
      'an event of its Pod says so',
      async () => (await events()).split('\n').some((line) => line.startsWith(code) && what.test(line)),
      LONG_MS,
    );
  });

  test('in another namespace than its roles says which it should be', async () => {
    const speaker = stage.start('n1', ['--namespace', 'elsewhere']);
    await says(speaker, 'KUBE_FORBIDDEN', /in the namespace elsewhere: its rights are for metallb-system, which --namespace/);
  });

  test('answers on when a pool cannot be read, and says so', async () => {
    const value = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec';
    await kubectl(
      'patch',
      'crd',
      'ipaddresspools.metallb.io',
      '--type=json',
      '-p',
      JSON.stringify([{ op: 'replace', path, value }]),
    );
    onTestFinished(() => apply('dist/00-crds'));
    const speaker = stage.start('n1');
    await answers();
    await until('the API server takes it', () =>
      stage.pool('broken', { addresses: 'many' }).then(
        () => true,
        () => false,
      ),
    );
    onTestFinished(() => stage.api.call('DELETE', `${OURS}/ipaddresspools/broken`).then(() => undefined));
    await says(speaker, 'FIELD_INVALID', /list/);
    const invalid = await until('its state says so', async () => {
      const { body } = await stage.api.call('GET', `${OURS}/configurationstates/speaker-n1`);
      const { status } = body as { status?: { result?: string } };
      return status?.result === 'Invalid' && status;
    });
    expect(invalid).toMatchObject({ result: 'Invalid' });
    expect(await stage.owner(ADDRESS)).toBe('n1');
  });
});
