import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Election,
  type ElectionEffect,
  type ElectionInput,
  leads,
  newElection,
  readLease,
  released,
  type StoredLease,
  stepElection,
} from '../../src/kube/lease.js';

const lease = (holderIdentity: string, resourceVersion: string, leaseTransitions = 3): StoredLease => ({
  resourceVersion,
  spec: { holderIdentity, leaseDurationSeconds: 15, acquireTime: 'before', renewTime: 'before', leaseTransitions },
});
const at = (nowMs: number) => ({ nowMs, wallTime: `t${nowMs}`, chance: 0 });

function following(told: readonly (readonly [atMs: number, input: ElectionInput])[]): {
  state: Election;
  effects: readonly ElectionEffect[];
} {
  let state = newElection('me');
  let effects: readonly ElectionEffect[] = [];
  for (const [nowMs, input] of told) ({ state, effects } = stepElection(state, input, at(nowMs)));
  return { state, effects };
}

const DUE: ElectionInput = { input: 'due' };
const read = (found: StoredLease | undefined): ElectionInput => ({ input: 'read', lease: found });
const written = (found: StoredLease, askedAtMs: number): ElectionInput => ({ input: 'written', lease: found, askedAtMs });
const FAILED: ElectionInput = { input: 'failed' };
const RIVAL: ElectionInput = { input: 'rival' };
const CONFLICT: ElectionInput = { input: 'failed', conflict: true };

const LEADING = [
  [0, DUE],
  [1, read(undefined)],
  [3, written(lease('me', '1', 0), 2)],
] as const;

const shown = (effect: ElectionEffect): string => {
  if (effect.effect === 'write') {
    const { holderIdentity, leaseTransitions, acquireTime } = effect.spec;
    return `${effect.resourceVersion === undefined ? 'create' : `update ${effect.resourceVersion}`}: ${holderIdentity}, ${leaseTransitions}, since ${acquireTime}`;
  }
  return effect.effect === 'wait' ? `wait ${effect.ms}` : effect.effect;
};

describe('an election', () => {
  test.each<[string, readonly (readonly [number, ElectionInput])[], readonly string[]]>([
    ['looks first', [[0, DUE]], ['read']],
    [
      'makes a lease that is not there',
      [
        [0, DUE],
        [1, read(undefined)],
      ],
      ['create: me, 0, since t1'],
    ],
    ['is won by writing', LEADING, ['won', 'wait 3000']],
    ['renews without looking', [...LEADING, [2003, DUE]], ['update 1: me, 0, since before']],
    ['is won once', [...LEADING, [2003, DUE], [2004, written(lease('me', '2', 0), 2003)]], ['wait 3000']],
    [
      'takes a lease that was given back',
      [
        [0, DUE],
        [1, read(lease('', '5'))],
      ],
      ['update 5: me, 4, since t1'],
    ],
    [
      'takes its own lease back at once',
      [
        [0, DUE],
        [1, read(lease('me', '5'))],
      ],
      ['update 5: me, 3, since before'],
    ],
    [
      'waits for another',
      [
        [0, DUE],
        [1, read(lease('other', '5'))],
      ],
      ['wait 2000'],
    ],
    [
      'waits on while the other says something',
      [
        [0, read(lease('other', '5'))],
        [16_000, read(lease('other', '6'))],
      ],
      ['wait 2000'],
    ],
    [
      'takes over when the other has said nothing for the whole time, by its own clock',
      [
        [1, read(lease('other', '5'))],
        [15_000, read(lease('other', '5'))],
        [15_001, read(lease('other', '5'))],
      ],
      ['update 5: me, 4, since t15001'],
    ],
    [
      'looks who was faster',
      [
        [0, DUE],
        [1, read(lease('', '5'))],
        [2, CONFLICT],
      ],
      ['read'],
    ],
    ['tries again when nothing can be written', [...LEADING, [2003, DUE], [2004, FAILED]], ['wait 1000']],
    [
      'waits for another install to go',
      [
        [0, DUE],
        [1, RIVAL],
      ],
      ['wait 5000'],
    ],
    ['is lost to another install', [...LEADING, [2003, DUE], [2004, RIVAL]], ['lost', 'wait 1000']],
    ['is lost when it could not be renewed in time', [...LEADING, [10_002, FAILED]], ['lost', 'wait 1000']],
    ['is lost when another has it', [...LEADING, [2003, CONFLICT], [2004, read(lease('other', '9'))]], ['lost', 'wait 1000']],
    [
      'is not lost by a write that arrived though nobody said so',
      [...LEADING, [2003, CONFLICT], [2004, read(lease('me', '9', 0))]],
      ['update 9: me, 0, since before'],
    ],
    [
      'does not look after every failure',
      [
        [0, DUE],
        [1, FAILED],
      ],
      ['wait 1000'],
    ],
  ])('%s', (_, told, effects) => {
    expect(following(told).effects.map(shown)).toEqual(effects);
  });

  test('lets its holder write for 10 s from when it asked', () => {
    const { state } = following(LEADING);
    expect([leads(state, 10_001), leads(state, 10_002), leads(newElection('me'), 0)]).toEqual([true, false, false]);
  });

  test('is given back at the end by who leads, and by nobody else', () => {
    expect(released(following(LEADING).state, { wallTime: 'end' })).toMatchObject({
      effect: 'write',
      resourceVersion: '1',
      spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime: 'end' },
    });
    expect(released(following([[0, read(lease('other', '5'))]]).state, { wallTime: 'end' })).toBeUndefined();
  });

  test('never lets two write at a time, whoever stops, stalls or cannot reach the server', () => {
    const steps = fc.array(fc.record({ who: fc.constantFrom(0, 1), later: fc.nat(4000), reaches: fc.boolean() }), {
      minLength: 50,
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (told) => {
        let stored: StoredLease | undefined;
        let version = 0;
        let now = 0;
        const members = [newElection('a'), newElection('b')];
        for (const { who, later, reaches } of told) {
          now += later;
          let inputs: ElectionInput[] = [DUE];
          for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
            const { state, effects } = stepElection(members[who] ?? newElection(''), input, { ...at(now), chance: 0.5 });
            members[who] = state;
            for (const effect of effects) {
              if (effect.effect === 'read') inputs = [reaches ? read(stored) : FAILED];
              if (effect.effect !== 'write') continue;
              const fits = effect.resourceVersion === stored?.resourceVersion;
              if (reaches && fits) stored = { spec: effect.spec, resourceVersion: String(++version) };
              inputs = [!reaches ? FAILED : fits && stored !== undefined ? written(stored, now) : CONFLICT];
            }
          }
          expect(members.filter((one) => leads(one, now)).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('reads a lease that others wrote', () => {
    const object = { metadata: { resourceVersion: '7' }, spec: { holderIdentity: 'x', leaseDurationSeconds: 30 } };
    expect(readLease(object)).toMatchObject({
      resourceVersion: '7',
      spec: { holderIdentity: 'x', leaseTransitions: 0, renewTime: '' },
    });
    expect([readLease({ metadata: { resourceVersion: '7' } })?.spec.holderIdentity, readLease('no')]).toEqual(['', undefined]);
  });
});
