import { expect, test } from 'vitest';
import {
  isLifelineHello,
  LIFELINE_HELLO,
  type LifelineAction,
  type LifelineEvent,
  NEW_LIFELINE,
  stepLifeline,
} from '../../src/membership/lifeline.js';

const crashed: LifelineAction = { kind: 'crashed', afterMs: 1000 };
const connect = (afterMs: number): LifelineAction => ({ kind: 'connect', afterMs });
const later = connect(1000);
const none: LifelineAction = { kind: 'none' };

test.each<[string, readonly (readonly [number, LifelineEvent, LifelineAction])[]]>([
  ['a listener that is not there yet is no crash', [[0, 'refused', later]]],
  [
    'an open line that ends and is refused is one',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5000, 'refused', crashed],
      [6000, 'refused', later],
    ],
  ],
  [
    'a listener that closes after its connections is asked until it does',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5001, 'opened', none],
      [5001, 'ended', connect(2)],
      [5003, 'opened', none],
      [5004, 'ended', connect(5)],
      [5009, 'refused', crashed],
    ],
  ],
  [
    'a listener that takes and closes connections again and again is asked later',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5001, 'opened', none],
      [5002, 'ended', connect(2)],
      [5004, 'opened', none],
      [5005, 'ended', connect(5)],
      [5010, 'opened', none],
      [5011, 'ended', connect(10)],
      [5021, 'opened', none],
      [5022, 'ended', later],
      [6022, 'refused', later],
    ],
  ],
  [
    'a listener that closes while it takes a connection is asked again',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5001, 'reset', connect(2)],
      [5003, 'refused', crashed],
    ],
  ],
  ['a line that was never open and is reset says nothing', [[0, 'reset', later]]],
  [
    'no way to the host says nothing about the process',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5000, 'failed', later],
      [6000, 'refused', later],
    ],
  ],
  [
    'a process that is there again is one that lives',
    [
      [0, 'opened', none],
      [5000, 'ended', connect(0)],
      [5001, 'opened', none],
      [9000, 'ended', connect(0)],
      [9000, 'refused', crashed],
    ],
  ],
])('%s', (_, script) => {
  let line = NEW_LIFELINE;
  const actions = script.map(([now, event]) => {
    const step = stepLifeline(line, event, now);
    line = step.line;
    return step.action;
  });
  expect(actions).toEqual(script.map(([, , action]) => action));
});

test.each<[string, readonly number[], boolean]>([
  ['ours', [...LIFELINE_HELLO], true],
  ['that of a later version, with more behind it', [0x41, 0x52, 0x50, 0x4c, 7, 1, 2], true],
  ['a beat', [0x41, 0x52, 0x50, 0x42, 1], false],
  ['half of it', [0x41, 0x52, 0x50, 0x4c], false],
  ['nothing', [], false],
])('what a lifeline begins with: %s', (_, bytes, expected) => {
  expect(isLifelineHello(Uint8Array.from(bytes))).toBe(expected);
});
