import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Rule } from '../support/faultproxy.js';
import { until } from '../support/until.js';
import { describeWithApiServer } from '../support/withapiserver.js';
import { BlackBox } from './blackbox.js';
import { free, Stage } from './stage.js';

const OLD = free(200);
const LONG_MS = 120_000;
/** Between two requests of the witness. */
const PACE_MS = 50;

/** What a way does, and how often; then something has changed behind it that agents must hear of. */
const BAD_WAYS: readonly (readonly [string, Rule])[] = [
  ['resets what is asked', { fault: { do: 'reset' }, times: 12 }],
  ['cuts watches', { verbs: ['watch'], fault: { do: 'cut' }, times: 4 }],
  ['refuses with 500', { fault: { do: 'refuse', status: 500 }, times: 12 }],
  ['refuses with 429', { fault: { do: 'refuse', status: 429, retryAfterS: 1 }, times: 12 }],
  ['refuses a token', { fault: { do: 'refuse', status: 401 }, times: 6 }],
  ['calls what a watch knows too old', { verbs: ['watch'], fault: { do: 'expire' }, times: 4 }],
  ['tells every event twice', { verbs: ['watch'], fault: { do: 'duplicate' }, times: 40 }],
  ['is slow', { fault: { do: 'delay', ms: 500 }, times: 40 }],
];

describeWithApiServer('speakers', { timeout: LONG_MS }, () => {
  let stage: Stage;
  let owner = '';
  let box: BlackBox;

  beforeAll(async () => {
    stage = await Stage.open(['n1', 'n2']);
    await stage.pool('all', { addresses: [`${OLD}-${free(239)}`] });
    await stage.advertisement('all');
    await stage.startController();
    await stage.service('old');
    expect(await stage.address('old')).toBe(OLD);
    await stage.startAll();
    owner = await stage.settled('old', OLD, stage.first(OLD));
    box = await BlackBox.of(stage);
  }, LONG_MS);
  beforeEach(() => box.openIfItFails());
  afterAll(() => stage?.close());

  /** Who answers for the old address, asked all the time. */
  let witness: { readonly answers: string[]; end(): Promise<void> };
  beforeEach(() => {
    const answers: string[] = [];
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) {
        const askedAt = new Date().toISOString();
        answers.push((await stage.owner(OLD)) ?? `nobody, asked at ${askedAt}`);
        await pause(PACE_MS);
      }
    })();
    witness = {
      answers,
      end: () => {
        over.abort();
        return asking;
      },
    };
  });
  afterEach(async () => {
    await witness.end();
    expect(witness.answers.length).toBeGreaterThan(0);
    expect(new Set(witness.answers)).toEqual(new Set([owner]));
  });

  /** One is gone, one is new, and of a third the endpoints have moved, so that another node must answer. */
  const changed = async (change: () => Promise<void>): Promise<void> => {
    const local = { spec: { externalTrafficPolicy: 'Local' } };
    await stage.service('gone');
    await stage.service('moves', { on: ['n1'], ...local });
    const [gone, moves] = await Promise.all(['gone', 'moves'].map((name) => stage.address(name)));
    await stage.settled('gone', gone ?? '');
    await stage.settled('moves', moves ?? '', 'n1');
    await change();
    const fresh = await stage.address('new');
    await stage.settled('moves', moves ?? '', 'n2');
    await stage.settled('new', fresh);
    if (fresh !== gone) await until('nobody answers for what is gone', async () => (await stage.owner(gone ?? '')) === undefined);
    for (const name of ['moves', 'new']) await stage.remove(name);
    await until('all say so', async () => (await stage.announced()).join() === `old ${owner}`, LONG_MS);
  };
  const change = async (): Promise<void> => {
    await stage.remove('gone');
    await stage.service('new');
    await stage.move('moves', ['n2']);
  };

  test.each(BAD_WAYS)('whose way to the API server %s go on and catch up', async (_, rule) => {
    await changed(async () => {
      const effect = stage.proxies.speakers.add(rule);
      await change();
      await until('it has happened', () => effect.hits > 0, LONG_MS);
      // Watches that were begun before it meet it as well.
      if (rule.verbs === undefined) stage.proxies.speakers.resetAll();
    });
  });

  test('whose watches stall answer on, and catch up when they go on', async () => {
    await changed(async () => {
      const stalled = stage.proxies.speakers.add({ verbs: ['watch'], fault: { do: 'stall' } });
      await change();
      // Of Services and of endpoints, at both; those behind them wait as well.
      await until('they wait', () => stalled.hits >= 4, LONG_MS);
      stalled.lift();
    });
  });

  test('that lose events catch up with the next list', async () => {
    await changed(async () => {
      const resources = ['services', 'endpointslices'];
      const lost = stage.proxies.speakers.add({ verbs: ['watch'], resources, fault: { do: 'drop' } });
      await change();
      // Of each kind one is gone, one is new, one is changed; at both.
      await until('they are lost', () => lost.hits >= 12, LONG_MS);
      lost.lift();
      for (const one of resources) {
        stage.proxies.speakers.add({ verbs: ['watch'], resources: [one], fault: { do: 'expire' }, times: 2 });
      }
      await stage.service('another');
      await stage.remove('another');
    });
  });

  describe('of which the API server', () => {
    test('was killed under change answer on, and so does the controller; both catch up', async () => {
      await changed(async () => {
        const [deleted] = await Promise.all([stage.remove('gone').catch(() => 'later'), stage.api.server.kill()]);
        const { speakers } = stage.proxies;
        speakers.forget();
        await until('they ask in vain', () => speakers.count('watch', 'services') >= 4, LONG_MS);
        await stage.api.server.start();
        if (deleted === 'later') {
          for (const path of [
            '/api/v1/namespaces/default/services/gone',
            '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/gone-1',
          ]) {
            await stage.api.call('DELETE', path);
          }
        }
        await stage.service('new');
        await stage.move('moves', ['n2']);
      });
    });

    test('has lost its etcd for a while answer on, and catch up', async () => {
      await changed(async () => {
        await stage.api.etcd.kill();
        await until('nothing can be written', async () => (await stage.api.call('GET', '/readyz')).status !== 200, LONG_MS);
        await stage.api.etcd.start();
        await until('it is there again', async () => (await stage.api.call('GET', '/readyz')).status === 200, LONG_MS);
        await change();
      });
    });

    test('was away from the speakers alone answer on, and catch up with all that happened', async () => {
      await changed(async () => {
        stage.door.shut();
        await change();
        await stage.address('new');
        await stage.door.open();
      });
    });
  });
});
