import { once } from 'node:events';
import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { allowTrimming, keepTrimmed } from '../../agents/runtime/trim.js';

const LOOK_MS = 3000;
const heapBytes = (): number => getHeapStatistics().total_physical_size;
/** Some 16 MB on the heap. */
const grow = (): unknown[] => Array.from({ length: 1 << 20 }, (_, i) => ({ i }));

// First: what is allowed stays allowed.
test('one that may not be trimmed says nothing', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  keepTrimmed(() => expect.unreachable(), new AbortController().signal);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('a thread that starts after it is allowed can be trimmed', async () => {
  const kindOfGc = async (): Promise<unknown> => {
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage(typeof globalThis.gc)", { eval: true });
    const [kind] = await once(worker, 'message');
    return kind;
  };
  expect(await kindOfGc()).toBe('undefined');
  allowTrimming();
  expect(await kindOfGc()).toBe('function');
});

describe('a thread that can be trimmed', () => {
  let told = 0;
  const ended = new AbortController();

  beforeEach(() => {
    allowTrimming();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    vi.stubGlobal('gc', runInNewContext('gc'));
    told = 0;
  });

  afterEach(() => {
    ended.abort();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  test('gives memory back each time it has grown, and says so, until the end', () => {
    keepTrimmed(() => told++, ended.signal);
    expect(told).toBe(0);
    let held: unknown[] | undefined = grow();
    const full = heapBytes();
    held = undefined;
    vi.advanceTimersByTime(LOOK_MS);
    expect(told).toBe(1);
    expect(held).toBeUndefined();
    expect(heapBytes()).toBeLessThan(full - (8 << 20));
    vi.advanceTimersByTime(LOOK_MS);
    expect(told).toBe(1);
    held = grow();
    vi.advanceTimersByTime(LOOK_MS);
    expect(told).toBe(2);
    expect(held).toHaveLength(1 << 20);
    ended.abort();
    grow();
    vi.advanceTimersByTime(LOOK_MS);
    expect(told).toBe(2);
  });
});
