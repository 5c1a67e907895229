import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiStatus } from '../../src/kube/apistatus.js';
import {
  type Effect,
  type Input,
  newReflector,
  type Reflector,
  silenceMs,
  step,
  watchSeconds,
} from '../../src/kube/reflector.js';

/** What happens at a time, and what is done about it. */
type Told = readonly [atMs: number, input: Input];

const HOUR = 3600_000;
const START: Input = { input: 'start' };
const OPENED: Input = { input: 'opened' };
const DUE: Input = { input: 'due' };
const ENDED: Input = { input: 'ended' };
const SILENT: Input = { input: 'silent' };
const RESET: Input = { input: 'broken', why: 'ECONNRESET' };
const object = (resourceVersion: string): Input => ({ input: 'object', resourceVersion });
const bookmark = (resourceVersion: string, initialEventsEnd = false): Input => ({
  input: 'bookmark',
  resourceVersion,
  initialEventsEnd,
});
const page = (resourceVersion: string, next = ''): Input => ({ input: 'page', resourceVersion, continue: next });
const refused = (code: number, rest: Partial<ApiStatus> = {}): Input => ({
  input: 'refused',
  status: { code, reason: '', message: `HTTP status ${code}`, ...rest },
});

function shown(effect: Effect): string {
  switch (effect.effect) {
    case 'ask': {
      const { request } = effect;
      if (request.ask === 'watch-list') return 'ask for all by a watch';
      if (request.ask === 'page') return request.continue === '' ? 'ask for the first page' : `ask for page ${request.continue}`;
      return `watch from ${request.resourceVersion}`;
    }
    case 'wait':
      return `wait ${effect.ms}`;
    case 'tell':
      return 'refused' in effect.trouble ? `tell ${effect.trouble.refused.code}` : `tell ${effect.trouble.lost}`;
    case 'degrade':
      return `do without ${effect.lack}`;
    default:
      return effect.effect;
  }
}

/** What is done about the last of them. Chance is 0: waits are the shortest. */
function last(told: readonly Told[], optional = false): readonly string[] {
  let state: Reflector = newReflector(optional);
  let effects: readonly Effect[] = [];
  for (const [at, input] of told) ({ state, effects } = step(state, input, at, 0));
  return effects.map(shown);
}

const LISTED: readonly Told[] = [
  [0, START],
  [1, OPENED],
  [2, object('4')],
  [3, bookmark('9', true)],
];
const LONG = 200_000;

describe('a reflector', () => {
  test.each<[string, readonly Told[], readonly string[]]>([
    ['begins with a watch that tells everything there is', [[0, START]], ['begin', 'ask for all by a watch']],
    ['gathers what is told', LISTED.slice(0, 3), ['take']],
    ['knows everything at the bookmark that says so', LISTED, ['publish']],
    ['goes on with the same stream', [...LISTED, [4, object('10')]], ['take']],
    ['does not take any bookmark for the end', [...LISTED.slice(0, 3), [3, bookmark('9')]], []],
    ['watches on at once when a watch ends as it should', [...LISTED, [LONG, ENDED]], ['watch from 9']],
    ['watches on from the newest object', [...LISTED, [4, object('10')], [LONG, ENDED]], ['watch from 10']],
    ['watches on from the newest bookmark', [...LISTED, [4, bookmark('12')], [LONG, ENDED]], ['watch from 12']],
    ['waits when a connection is lost', [...LISTED, [LONG, RESET]], ['tell ECONNRESET', 'wait 500']],
    ['goes on from where it was after a loss', [...LISTED, [LONG, RESET], [LONG + 800, DUE]], ['watch from 9']],
    [
      'waits longer when it fails again',
      [...LISTED, [LONG, RESET], [LONG + 500, DUE], [LONG + 501, RESET]],
      ['tell ECONNRESET', 'wait 1000'],
    ],
    [
      'forgets failures when a watch has lasted',
      [...LISTED, [LONG, RESET], [LONG + 500, DUE], [LONG + 501, OPENED], [LONG + 1600, RESET]],
      ['tell ECONNRESET', 'wait 500'],
    ],
    [
      'forgets failures when a watch has told something',
      [...LISTED, [LONG, RESET], [LONG + 500, DUE], [LONG + 501, OPENED], [LONG + 502, object('10')], [LONG + 503, RESET]],
      ['tell ECONNRESET', 'wait 500'],
    ],
    [
      'does not forget them when a watch is only opened',
      [...LISTED, [LONG, RESET], [LONG + 500, DUE], [LONG + 501, OPENED], [LONG + 502, RESET]],
      ['tell ECONNRESET', 'wait 1000'],
    ],
    [
      'forgets them when everything is known',
      [
        [0, START],
        [1, RESET],
        [501, DUE],
        [502, RESET],
        [1502, DUE],
        [1503, OPENED],
        [1504, bookmark('9', true)],
        [1505, RESET],
      ],
      ['tell ECONNRESET', 'wait 500'],
    ],
    [
      'begins anew when the initial events break off, and drops what was gathered',
      [...LISTED.slice(0, 3), [5, RESET], [805, DUE]],
      ['begin', 'ask for all by a watch'],
    ],
    [
      'begins anew when the initial events end too early',
      [...LISTED.slice(0, 3), [5, ENDED]],
      ['tell the answer ended too early', 'wait 500'],
    ],
    [
      'lists in pages where a watch cannot tell everything',
      [
        [0, START],
        [1, refused(422)],
      ],
      ['do without watch-list', 'begin', 'ask for the first page'],
    ],
    [
      'lists in pages where sendInitialEvents is unknown',
      [
        [0, START],
        [1, refused(400)],
      ],
      ['do without watch-list', 'begin', 'ask for the first page'],
    ],
    [
      'lists in pages where the initial events never end',
      [
        [0, START],
        [1, OPENED],
        [30_000, SILENT],
      ],
      ['do without watch-list', 'begin', 'ask for the first page'],
    ],
    [
      'asks for one page after the other',
      [
        [0, START],
        [1, refused(422)],
        [2, page('7', 'b')],
      ],
      ['take', 'ask for page b'],
    ],
    [
      'watches from the version of the list',
      [
        [0, START],
        [1, refused(422)],
        [2, page('7', 'b')],
        [3, page('7')],
      ],
      ['take', 'publish', 'watch from 7'],
    ],
    [
      'lists anew when a page is asked for too late',
      [
        [0, START],
        [1, refused(422)],
        [2, page('7', 'b')],
        [3, refused(410)],
        [803, DUE],
      ],
      ['begin', 'ask for the first page'],
    ],
    ['lists anew when its version is too old', [...LISTED, [LONG, refused(410)]], ['begin', 'ask for all by a watch']],
    [
      'lists anew when an event says so',
      [...LISTED, [4, object('10')], [LONG, refused(500, { reason: 'Expired' })]],
      ['begin', 'ask for all by a watch'],
    ],
    ['waits when even a new list is too old', [...LISTED, [5, refused(410)]], ['tell 410', 'wait 800']],
    [
      'lists anew when the server knows less than it does',
      [...LISTED, [LONG, refused(504, { fromTheFuture: true })]],
      ['begin', 'ask for all by a watch'],
    ],
    ['waits as long as the server asks', [...LISTED, [LONG, refused(429, { retryAfterMs: 7000 })]], ['tell 429', 'wait 7000']],
    [
      'waits at least as long as after any failure',
      [...LISTED, [LONG, refused(429, { retryAfterMs: 10 })]],
      ['tell 429', 'wait 500'],
    ],
    ['asks again after an error of the server', [...LISTED, [LONG, refused(500)], [LONG + 800, DUE]], ['watch from 9']],
    [
      'waits when it may not read',
      [
        [0, START],
        [1, refused(403)],
      ],
      ['tell 403', 'wait 800'],
    ],
    [
      'takes a watch that ends at once and says nothing for a failure',
      [...LISTED, [LONG, ENDED], [LONG + 1, OPENED], [LONG + 2, ENDED]],
      ['tell the watch ended as soon as it began', 'wait 500'],
    ],
    [
      'goes on where a watch ended before ten hours are over',
      [...LISTED, [9 * HOUR, object('90')], [10 * HOUR - 1, ENDED]],
      ['watch from 90'],
    ],
    [
      'asks for everything anew where a watch ends after ten hours',
      [...LISTED, [9 * HOUR, object('90')], [10 * HOUR, ENDED]],
      ['begin', 'ask for all by a watch'],
    ],
    ['takes silence for a loss', [...LISTED, [LONG, SILENT]], ['tell nothing was heard for 150 s', 'wait 500']],
    ['begins anew when told to', [...LISTED, [4, START]], ['begin', 'ask for all by a watch']],
    ['is not disturbed by what comes late', [...LISTED, [4, RESET], [5, object('11')], [6, ENDED]], []],
  ])('%s', (_, told, effects) => {
    expect(last(told)).toEqual(effects);
  });

  test('of a kind that the server need not know takes it for one without objects', () => {
    expect(
      last(
        [
          [0, START],
          [1, refused(404)],
        ],
        true,
      ),
    ).toEqual(['do without kind', 'publish', 'wait 300000']);
    expect(
      last([
        [0, START],
        [1, refused(404)],
      ]),
    ).toEqual(['tell 404', 'wait 800']);
  });

  test('of which the list is lost goes on listing in pages', () => {
    expect(
      last([
        [0, START],
        [1, refused(422)],
        [2, page('7')],
        [3, RESET],
        [803, DUE],
      ]),
    ).toEqual(['watch from 7']);
    expect(
      last([
        [0, START],
        [1, refused(422)],
        [2, page('7')],
        [LONG, refused(410)],
      ]),
    ).toEqual(['begin', 'ask for the first page']);
  });

  test('asks for watches of 5 to 10 minutes', () => {
    expect([watchSeconds(0), watchSeconds(0.999)]).toEqual([300, 600]);
  });

  const inputs = fc.oneof(
    fc.constantFrom<Input>(
      DUE,
      OPENED,
      ENDED,
      SILENT,
      RESET,
      object('5'),
      bookmark('6'),
      bookmark('7', true),
      page('8'),
      page('8', 'x'),
    ),
    fc.constantFrom(400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504).map((code) => refused(code)),
  );

  test('whatever happens, always has something under way or waits, and never waits for more than 5 minutes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(50_000), inputs)),
        fc.boolean(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (told, optional, chance) => {
          let now = 0;
          let { state } = step(newReflector(optional), START, now, chance);
          for (const [later, input] of told) {
            now += later;
            const next = step(state, input, now, chance);
            expect(['asking', 'waiting']).toContain(next.state.phase.at);
            const wait = next.effects.find((one) => one.effect === 'wait');
            if (wait?.effect === 'wait') expect(wait.ms).toBeLessThanOrEqual(300_000);
            if (next.state.phase.at === 'waiting' && state.phase.at !== 'waiting') expect(wait).toBeDefined();
            ({ state } = next);
          }
          if (state.phase.at === 'asking') expect(silenceMs(state.phase.request)).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('never publishes what it has not begun to gather anew', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50_000), inputs)), (told) => {
        let now = 0;
        let gathering = false;
        let state = newReflector();
        for (const [later, input] of [[0, START] as const, ...told]) {
          now += later;
          const next = step(state, input, now, 0);
          for (const { effect } of next.effects) {
            if (effect === 'begin') gathering = true;
            if (effect === 'publish') {
              expect(gathering).toBe(true);
              gathering = false;
            }
          }
          ({ state } = next);
        }
      }),
    );
  });
});
