/**
 * What a step of the heartbeats means for addresses, and in which order it is told.
 */
import { describe, expect, test } from 'vitest';
import type { Beat } from '../../src/membership/beat.js';
import { type Heartbeat, type HeartbeatInput, startHeartbeat, stepHeartbeat } from '../../src/membership/heartbeat.js';
import { tidingsOf } from '../../src/membership/tidings.js';
import { beatOf } from './beats.js';

class Run {
  state: Heartbeat;

  constructor(join: readonly string[]) {
    this.state = startHeartbeat({ self: 'n1', bootId: '00000000000000aa', join }, 0).state;
  }

  step(input: HeartbeatInput, now: number): string[] {
    const before = this.state;
    const step = stepHeartbeat(before, input, now);
    this.state = step.state;
    return tidingsOf(before, step).map(({ kind }) => kind);
  }

  hear(sequence: number, now: number, more: Partial<Beat> = {}): string[] {
    return this.step({ kind: 'beat', from: 'a:1', beat: beatOf({ sequence, ...more }) }, now);
  }

  ticks(untilMs: number): string[] {
    const told: string[] = [];
    while (this.state.wakeAt <= untilMs) told.push(...this.step({ kind: 'tick' }, this.state.wakeAt));
    return told;
  }
}

describe('the start', () => {
  test('alone is over at once', () => {
    const step = startHeartbeat({ self: 'n1', bootId: '00000000000000aa', join: [] }, 0);
    expect(tidingsOf(undefined, step).map(({ kind }) => kind)).toEqual(['members', 'settled']);
  });

  test('is over with the last peer heard, who is a member before that is told', () => {
    expect(new Run(['a:1']).hear(1, 10)).toEqual(['steady', 'members', 'settled']);
  });

  test('without a peer is over in time, and the peer that comes later ends the doubt', () => {
    const run = new Run(['a:1']);
    expect(run.ticks(600)).toEqual(['members', 'settled']);
    expect(run.hear(1, 700)).toEqual(['steady', 'members', 'all-heard']);
    expect(run.hear(2, 800)).toEqual([]);
  });
});

describe('afterwards', () => {
  const settled = (): Run => {
    const run = new Run(['a:1']);
    run.hear(1, 10);
    return run;
  };

  test('a beat like the one before says nothing', () => {
    expect(settled().hear(2, 110)).toEqual([]);
  });

  test('a peer falters, is silent, and is met again', () => {
    const run = settled();
    expect(run.ticks(250)).toEqual(['faltering']);
    expect(run.ticks(400)).toEqual(['members']);
    expect(run.hear(9, 900)).toEqual(['steady', 'members', 'reunion']);
  });

  test('a peer falters, and is heard after all', () => {
    const run = settled();
    run.ticks(250);
    expect(run.hear(3, 260)).toEqual(['steady']);
  });

  test('one that was never silent is not met again', () => {
    expect(settled().hear(2, 110, { returning: true })).toEqual(['steady', 'members']);
  });

  test('this node becomes ready', () => {
    const run = settled();
    expect(run.step({ kind: 'ready', ready: true }, 50)).toEqual(['members']);
    expect(run.step({ kind: 'ready', ready: true }, 60)).toEqual([]);
    expect(run.step({ kind: 'leave' }, 70)).toEqual(['members']);
  });
});
