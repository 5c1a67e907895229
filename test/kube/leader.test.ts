import { expect, onTestFinished, test } from 'vitest';
import { Leader } from '../../agents/kube/leader.js';
import { Transport } from '../../agents/kube/transport.js';
import type { Issue } from '../../src/issue/issue.js';
import { answer, type HttpsServer, startHttps } from '../support/httpsserver.js';
import { until } from '../support/until.js';

const NOW = '2026-01-02T03:04:05Z';
const OLDER = { metadata: { name: 'lease', namespace: 'elsewhere', creationTimestamp: '2026-01-01T00:00:00Z' } };
const LONG_MS = 30_000;

/** Leases as an API server keeps them: one of them, and what `others` are in other namespaces. */
async function leases(
  others: readonly object[] = [],
): Promise<HttpsServer & { readonly holder: () => string | undefined; readonly looks: () => number; readonly drop: () => void }> {
  let lease: { metadata: { resourceVersion: string }; spec: { holderIdentity: string } } | undefined;
  let [version, looks] = [0, 0];
  const refuse = (code: number) => [code, { kind: 'Status', code }] as const;
  const server = await startHttps(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text === '' ? undefined : JSON.parse(text);
    const store = (): readonly [number, object] => {
      lease = { ...body, metadata: { creationTimestamp: NOW, ...body.metadata, resourceVersion: String(++version) } };
      return [200, lease ?? {}];
    };
    const [code, object] = ((): readonly [number, object] => {
      if (request.url?.includes('?')) {
        looks++;
        return [200, { items: [...others, ...(lease === undefined ? [] : [lease])] }];
      }
      if (request.method === 'GET') return lease === undefined ? refuse(404) : [200, lease];
      if (request.method === 'POST') return lease === undefined ? store() : refuse(409);
      return lease?.metadata.resourceVersion === body.metadata.resourceVersion ? store() : refuse(409);
    })();
    answer(response, code, object);
  });
  return Object.assign(server, {
    holder: () => lease?.spec.holderIdentity,
    looks: () => looks,
    drop: () => {
      lease = undefined;
    },
  });
}

interface Member {
  readonly leader: Leader;
  /** `+` when it began to lead, `-` when it ended. */
  readonly terms: string[];
  readonly issues: Issue[];
  stop(): Promise<void>;
}

function member(server: HttpsServer, identity: string): Member {
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  const [terms, issues]: [string[], Issue[]] = [[], []];
  const leader = new Leader({
    ...{ transport, namespace: 'ns', name: 'lease', identity, log: () => undefined },
    onLead: (signal) => {
      terms.push('+');
      signal.addEventListener('abort', () => terms.push('-'));
    },
    report: (one) => void issues.push(one),
  });
  const over = new AbortController();
  const ended = leader.run(over.signal);
  const stop = (): Promise<void> => {
    over.abort();
    return ended;
  };
  onTestFinished(stop);
  return { leader, terms, issues, stop };
}

test('of two one leads, and gives the lease back to the other', async () => {
  const server = await leases();
  const first = member(server, 'a');
  await until('a leads', () => first.leader.leads);
  const second = member(server, 'b');
  await first.stop();
  expect([first.terms, server.holder()]).toEqual([['+', '-'], '']);
  await until('b leads', () => second.leader.leads);
  expect([server.holder(), second.terms, first.leader.leads]).toEqual(['b', ['+'], expect.any(Boolean)]);
});

test('one that is started again under its name leads at once', async () => {
  const server = await leases();
  const first = member(server, 'a');
  await until('a leads', () => first.leader.leads);
  const again = member(server, 'a');
  await until('a leads again', () => again.leader.leads);
  expect(again.issues).toEqual([]);
});

test('without an API server nobody leads, and that is told once', async () => {
  let asked = 0;
  const server = await startHttps((request) => {
    asked++;
    request.socket.destroy();
  });
  const one = member(server, 'a');
  await until('it was tried twice', () => asked >= 2);
  expect([one.leader.leads, one.terms, one.issues.map(({ code }) => code)]).toEqual([false, [], ['KUBE_API_UNAVAILABLE']]);
  expect(one.leader.trouble).toMatch(/^KUBE_API_UNAVAILABLE the lease \S+ cannot be held: /);
});

test('one does nothing while an older install is there, says so once, and leads when that is gone', async () => {
  const others = [OLDER];
  const server = await leases(others);
  const one = member(server, 'a');
  await until('it has looked again', () => server.looks() >= 2, LONG_MS);
  expect([one.terms, server.holder(), one.issues.map(({ code, message }) => `${code} ${message}`)]).toEqual([
    [],
    'a',
    [expect.stringMatching(/^SECOND_INSTALL a controller in the namespace elsewhere serves the same Services/)],
  ]);
  expect(one.leader.trouble).toMatch(/^SECOND_INSTALL /);
  others.pop();
  await until('it leads', () => one.leader.leads, LONG_MS);
  expect(one.leader.trouble).toBeUndefined();
});

test('one whose Lease somebody deletes leads no more when that makes another install the older one', async () => {
  const others: object[] = [];
  const server = await leases(others);
  const one = member(server, 'a');
  await until('it leads', () => one.leader.leads);
  others.push(OLDER);
  server.drop();
  await until('it leads no more', () => one.terms.at(-1) === '-', LONG_MS);
  expect(one.leader.trouble).toMatch(/^SECOND_INSTALL /);
});
