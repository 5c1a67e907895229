import { expect, onTestFinished, test } from 'vitest';
import { Reviewer } from '../../agents/kube/reviewer.js';
import { Transport } from '../../agents/kube/transport.js';
import type { Issue } from '../../src/issue/issue.js';
import { ManualClock } from '../support/clock.js';
import { answer, startHttps } from '../support/httpsserver.js';

interface World {
  readonly reviewer: Reviewer;
  readonly clock: ManualClock;
  /** What the API server was asked: `TokenReview t`, `SubjectAccessReview u get /metrics`. */
  readonly asked: string[];
  readonly issues: Issue[];
  /** Answers with this instead, as long as it is set. */
  refuse: number | undefined;
  /** Answers nothing until it is called. */
  hold(): () => void;
}

/** Knows the tokens `reader` and `other`, of users of that name; only the first may read metrics. */
async function world(): Promise<World> {
  const [asked, issues]: [string[], Issue[]] = [[], []];
  const clock = new ManualClock();
  let gate: Promise<void> = Promise.resolve();
  const server = await startHttps(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { kind, spec } = JSON.parse(text);
    asked.push(
      kind === 'TokenReview'
        ? `${kind} ${spec.token}`
        : `${kind} ${spec.user} ${spec.nonResourceAttributes.verb} ${spec.nonResourceAttributes.path}`,
    );
    await gate;
    if (one.refuse !== undefined) return answer(response, one.refuse, { kind: 'Status', code: one.refuse, message: 'no' });
    const authenticated = ['reader', 'other'].includes(spec.token);
    const user = { username: spec.token, uid: 'u', groups: ['system:authenticated'] };
    const { path, verb } = spec.nonResourceAttributes ?? {};
    const allowed =
      spec.user === 'reader' && spec.groups?.[0] === 'system:authenticated' && path === '/metrics' && verb === 'get';
    answer(response, 201, {
      kind,
      status: kind === 'TokenReview' ? { authenticated, ...(authenticated ? { user } : {}) } : { allowed },
    });
  });
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  const reviewer = new Reviewer({ transport, report: (issue) => void issues.push(issue), now: clock.now });
  const hold = (): (() => void) => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => open();
  };
  const one: World = { reviewer, clock, asked, issues, refuse: undefined, hold };
  return one;
}

test.each([
  ['no token', undefined, '/metrics', 'get', 'unauthenticated'],
  ['a token that is none', 'forged', '/metrics', 'get', 'unauthenticated'],
  ['a token that may', 'reader', '/metrics', 'get', 'allowed'],
  ['one that may not', 'other', '/metrics', 'get', 'forbidden'],
  ['another path', 'reader', '/else', 'get', 'forbidden'],
  ['another verb', 'reader', '/metrics', 'post', 'forbidden'],
] as const)('%s', async (_, token, path, verb, expected) => {
  const { reviewer } = await world();
  expect(await reviewer.review(token, path, verb)).toBe(expected);
});

test('answers are kept as long as an API server keeps them', async () => {
  const { reviewer, asked, clock } = await world();
  const ask = async (token: string): Promise<number> => {
    asked.length = 0;
    await reviewer.review(token, '/metrics', 'get');
    return asked.length;
  };
  expect([await ask('reader'), await ask('reader')]).toEqual([2, 0]);
  clock.advance(61_000);
  // Who it is is asked again, and not yet what he may.
  expect(await ask('reader')).toBe(1);
  clock.advance(240_000);
  expect(await ask('reader')).toBe(2);
  expect([await ask('other'), await ask('other')]).toEqual([2, 0]);
  clock.advance(31_000);
  expect(await ask('other')).toBe(1);
  // Nobody can fill it with what is no token.
  expect([await ask('forged'), await ask('forged')]).toEqual([1, 1]);
});

test('nobody is let in while nobody can be asked about, which is told once', async () => {
  const one = await world();
  one.refuse = 403;
  const review = () => one.reviewer.review('reader', '/metrics', 'get');
  expect([await review(), await review()]).toEqual(['unavailable', 'unavailable']);
  expect(one.issues.map(({ message }) => message)).toEqual([
    'whoever wants metrics over HTTPS is refused: no (403); it is tried again at the next scrape',
  ]);
  one.refuse = undefined;
  expect(await review()).toBe('allowed');
});

test('a flood of tokens is asked about a few at a time, and who is known need not be asked about', async () => {
  const one = await world();
  expect(await one.reviewer.review('reader', '/metrics', 'get')).toBe('allowed');
  const open = one.hold();
  const flood = Array.from({ length: 50 }, (_, i) => one.reviewer.review(`forged-${i}`, '/metrics', 'get'));
  expect(await one.reviewer.review('reader', '/metrics', 'get')).toBe('allowed');
  open();
  const verdicts = await Promise.all(flood);
  expect(verdicts.filter((verdict) => verdict === 'unavailable')).toHaveLength(42);
});
