import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type ApiServer, startApiServer } from './apiserver.js';
import { type Call, caller, type Endpoint } from './call.js';
import { FaultProxy } from './faultproxy.js';
import { until } from './until.js';
import { describeWithApiServer } from './withapiserver.js';

const MAPS = '/api/v1/namespaces/default/configmaps';
const NAMESPACES = '/api/v1/namespaces';
const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

/** A watch, and what has come of it. */
interface Watching {
  readonly events: readonly { readonly type: string; readonly object: { readonly code?: number } }[];
  /** Names of the objects, in order. */
  readonly names: readonly string[];
  /** How it ended; undefined while it goes on. */
  readonly end: string | undefined;
  close(): void;
}

describeWithApiServer('a proxy of faults', () => {
  let api: ApiServer;
  let proxy: FaultProxy;
  let call: Call;
  let through: Endpoint;
  const watches: Watching[] = [];

  beforeAll(async () => {
    api = await startApiServer();
  });
  afterAll(() => api?.stop());
  beforeEach(async () => {
    proxy = await FaultProxy.start(api);
    const { host, port } = proxy;
    through = { ...api.endpoint, host, port };
    call = caller(through);
  });
  afterEach(async () => {
    for (const one of watches.splice(0)) one.close();
    await proxy[Symbol.asyncDispose]();
    await api.call('DELETE', MAPS);
  });

  const watchMaps = async (): Promise<Watching> => {
    const { host, port, ca, token } = through;
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ host, port, ca, headers, path: `${MAPS}?watch=true`, agent: new Agent() });
    sent.end();
    const [response] = await once(sent, 'response');
    const events: Watching['events'][number][] = [];
    let end: string | undefined;
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line) => JSON.parse(line)));
    });
    response.on('error', ({ code }: NodeJS.ErrnoException) => {
      end = code;
    });
    response.on('end', () => {
      end = 'end';
    });
    sent.on('error', () => undefined);
    const watching = {
      events,
      get names(): string[] {
        return events.map(({ object }) => (object as { metadata: { name: string } }).metadata.name);
      },
      get end(): string | undefined {
        return end;
      },
      close: () => sent.destroy(),
    };
    watches.push(watching);
    return watching;
  };
  const create = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) expect((await api.call('POST', MAPS, configMap(name))).status).toBe(201);
  };
  const comes = (watch: Watching, ...names: readonly string[]): Promise<unknown> =>
    until(`${names} have come`, () => watch.names.join() === names.join()).catch(() => expect(watch.names).toEqual(names));

  describe('without a rule', () => {
    test('passes on what is asked and what is answered, both as they are', async () => {
      const made = await call('POST', MAPS, configMap('a'));
      expect(made).toMatchObject({ status: 201, body: { metadata: { name: 'a' } } });
      const patched = await call('PATCH', `${MAPS}/a`, { data: { key: 'ä'.repeat(100_000) } });
      expect(patched.body).toMatchObject({ data: { key: 'ä'.repeat(100_000) } });
      expect(await call('GET', `${MAPS}/a`)).toEqual(await api.call('GET', `${MAPS}/a`));
      expect((await call('GET', `${MAPS}/b`)).status).toBe(404);
      expect((await caller({ ...through, token: 'nobody' })('GET', MAPS)).status).toBe(401);
    });

    test('passes the events of a watch on as they come, whatever their length', async () => {
      const watch = await watchMaps();
      await create('a');
      await comes(watch, 'a');
      await api.call('PATCH', `${MAPS}/a`, { data: { key: 'ä'.repeat(200_000) } });
      await comes(watch, 'a', 'a');
      expect(watch.events.at(-1)).toMatchObject({ type: 'MODIFIED', object: { data: { key: 'ä'.repeat(200_000) } } });
    });

    test('counts by verb and resource, until it is to forget', async () => {
      await call('POST', MAPS, configMap('a'));
      await call('GET', MAPS);
      await call('GET', MAPS);
      await watchMaps();
      expect(proxy.counts).toEqual([
        ['list configmaps', 2],
        ['create configmaps', 1],
        ['watch configmaps', 1],
      ]);
      expect([proxy.count('list', 'configmaps'), proxy.count('list', 'secrets')]).toEqual([2, 0]);
      proxy.forget();
      expect(proxy.counts).toEqual([]);
    });

    test('knows what is under way, and ends at the API server what was ended here', async () => {
      const watch = await watchMaps();
      expect(proxy.open('watch', 'configmaps')).toBe(1);
      watch.close();
      await until('the watch is gone', () => proxy.open('watch', 'configmaps') === 0);
    });

    test('resets whoever asks while the API server is dead', async () => {
      const watch = await watchMaps();
      await api.server.kill();
      await until('the watch was reset', () => watch.end === 'ECONNRESET');
      await expect(call('GET', MAPS)).rejects.toMatchObject({ code: 'ECONNRESET' });
      await api.server.start();
      expect((await call('GET', MAPS)).status).toBe(200);
    });
  });

  describe('refuses', () => {
    test.each([
      [401, 'Unauthorized'],
      [403, 'Forbidden'],
      [410, 'Expired'],
      [429, 'TooManyRequests'],
      [500, 'InternalError'],
      [503, 'ServiceUnavailable'],
    ] as const)('with %s, %s', async (status, reason) => {
      using effect = proxy.add({ fault: { do: 'refuse', status } });
      expect(await call('GET', MAPS)).toMatchObject({
        status,
        body: { kind: 'Status', status: 'Failure', code: status, reason },
      });
      expect(effect.hits).toBe(1);
    });

    test('and says when to come again', async () => {
      proxy.add({ fault: { do: 'refuse', status: 429, retryAfterS: 7 } });
      const { host, port, ca } = through;
      const sent = request({ host, port, ca, path: MAPS }).end();
      const [response] = await once(sent, 'response');
      expect(response.headers['retry-after']).toBe('7');
      response.resume();
    });

    test('without the API server hearing of it', async () => {
      proxy.add({ fault: { do: 'refuse', status: 500 } });
      await call('POST', MAPS, configMap('a'));
      expect((await api.call('GET', `${MAPS}/a`)).status).toBe(404);
    });

    test('one token, as if it had expired, and not the next of the same account', async () => {
      await api.call('POST', NAMESPACES, { metadata: { name: METALLB_NAMESPACE } });
      await api.call('POST', `${NAMESPACES}/${METALLB_NAMESPACE}/serviceaccounts`, { metadata: { name: 'speaker' } });
      const [old, fresh] = [await api.token('speaker'), await api.token('speaker')];
      proxy.add({ token: old, fault: { do: 'refuse', status: 401 } });
      const statuses = [old, fresh].map(async (token) => (await caller({ ...through, token })('GET', MAPS)).status);
      // The API server knows the account, which may do nothing.
      expect(await Promise.all(statuses)).toEqual([401, 403]);
    });
  });

  describe('a rule', () => {
    test('is about its verbs and resources only', async () => {
      proxy.add({ verbs: ['list', 'create'], resources: ['configmaps'], fault: { do: 'refuse', status: 500 } });
      const answers = [call('GET', MAPS), call('POST', MAPS, configMap('a')), call('GET', `${MAPS}/a`), call('GET', NAMESPACES)];
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([500, 500, 404, 200]);
    });

    test('holds as often as it says', async () => {
      const effect = proxy.add({ fault: { do: 'refuse', status: 500 }, times: 2 });
      const statuses = [];
      for (let i = 0; i < 4; i++) statuses.push((await call('GET', MAPS)).status);
      expect([statuses, effect.hits]).toEqual([[500, 500, 200, 200], 2]);
    });

    test('holds until it is lifted', async () => {
      const effect = proxy.add({ fault: { do: 'refuse', status: 500 } });
      expect((await call('GET', MAPS)).status).toBe(500);
      effect.lift();
      expect((await call('GET', MAPS)).status).toBe(200);
    });

    test('comes after an older one, and when that is used up', async () => {
      proxy.add({ fault: { do: 'refuse', status: 429 }, times: 1 });
      proxy.add({ fault: { do: 'refuse', status: 500 }, times: 1 });
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await call('GET', MAPS)).status);
      expect(statuses).toEqual([429, 500, 200]);
    });
  });

  describe('resets', () => {
    test('the connection of a request', async () => {
      proxy.add({ verbs: ['list'], fault: { do: 'reset' }, times: 1 });
      await expect(call('GET', MAPS)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect((await call('GET', MAPS)).status).toBe(200);
    });

    test('the connection of a watch, at its next event', async () => {
      const watch = await watchMaps();
      proxy.add({ verbs: ['watch'], fault: { do: 'cut' }, times: 1 });
      await create('a');
      await until('the watch was reset', () => watch.end === 'ECONNRESET');
      expect(watch.names).toEqual([]);
    });

    test('every connection at once', async () => {
      const [first, second] = [await watchMaps(), await watchMaps()];
      proxy.resetAll();
      await until('both watches were reset', () => first.end === 'ECONNRESET' && second.end === 'ECONNRESET');
      expect((await call('GET', MAPS)).status).toBe(200);
    });
  });

  test('resets whatever is under way, at whatever point it is', async () => {
    for (let round = 0; round < 10; round++) {
      proxy.forget();
      const asked = Array.from({ length: 60 }, (_, i) =>
        call(i % 2 === 0 ? 'PATCH' : 'GET', `${MAPS}/none`, {}).then(
          ({ status }) => status,
          () => 'lost',
        ),
      );
      await until('some are under way', () => proxy.count('get', 'configmaps') > round * 2);
      proxy.resetAll();
      const answers = new Set(await Promise.all(asked));
      expect([...answers].filter((one) => one !== 404)).toEqual(['lost']);
    }
    expect((await call('GET', MAPS)).status).toBe(200);
  });

  test('delays lists, and nothing else, and lets them come then', async () => {
    using effect = proxy.add({ verbs: ['list'], fault: { do: 'delay', ms: 300 } });
    const order: string[] = [];
    const list = call('GET', MAPS).then(({ status }) => order.push(`list ${status}`));
    await until('the list waits', () => effect.hits === 1);
    await call('GET', `${MAPS}/a`).then(({ status }) => order.push(`get ${status}`));
    await list;
    expect(order).toEqual(['get 404', 'list 200']);
  });

  describe('of the events of a watch', () => {
    test('drops one', async () => {
      const watch = await watchMaps();
      proxy.add({ resources: ['configmaps'], fault: { do: 'drop' }, times: 1 });
      await create('a', 'b');
      await comes(watch, 'b');
    });

    test('passes one on twice', async () => {
      const watch = await watchMaps();
      proxy.add({ resources: ['configmaps'], fault: { do: 'duplicate' }, times: 1 });
      await create('a', 'b');
      await comes(watch, 'a', 'a', 'b');
      expect(watch.events[0]).toEqual(watch.events[1]);
    });

    test('holds all back, in order, until the rule is lifted', async () => {
      const watch = await watchMaps();
      await create('a');
      await comes(watch, 'a');
      const effect = proxy.add({ verbs: ['watch'], resources: ['configmaps'], fault: { do: 'stall' } });
      await create('b', 'c');
      await until('the watch stalls', () => effect.hits > 0);
      const other = await watchMaps();
      await until('a second one does', () => effect.hits === 2);
      expect([watch.names, other.names]).toEqual([['a'], []]);
      effect.lift();
      await comes(watch, 'a', 'b', 'c');
      expect(watch.end).toBeUndefined();
    });

    test('lets one that stalls be given up', async () => {
      const watch = await watchMaps();
      const effect = proxy.add({ fault: { do: 'stall' } });
      await create('a');
      await until('the watch stalls', () => effect.hits === 1);
      watch.close();
      await until('the watch is gone', () => proxy.open('watch', 'configmaps') === 0);
    });

    test('says in place of one that the resourceVersion is too old, and ends', async () => {
      const watch = await watchMaps();
      proxy.add({ verbs: ['watch'], fault: { do: 'expire' }, times: 1 });
      await create('a');
      await until('the watch has ended', () => watch.end === 'end');
      expect(watch.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
    });
  });

  test('ends with everything that is open, also with a handshake that never begins', async () => {
    const watch = await watchMaps();
    const silent = connect(proxy.port, proxy.host);
    await once(silent, 'connect');
    await proxy[Symbol.asyncDispose]();
    silent.destroy();
    await until('the watch has ended', () => watch.end !== undefined);
    await expect(call('GET', MAPS)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    proxy = await FaultProxy.start(api);
  });
});
