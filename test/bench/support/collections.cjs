// @ts-check
/**
 * Loaded before a process under test: what each of its threads still holds after every full collection goes, a line each, into the
 * file that COLLECTIONS names.
 */
const { appendFileSync } = require('node:fs');
const { constants, PerformanceObserver } = require('node:perf_hooks');
const { getHeapStatistics } = require('node:v8');
const { threadId } = require('node:worker_threads');

const file = process.env['COLLECTIONS'] ?? '';
const observer = new PerformanceObserver((list) => {
  const isFull = list.getEntries().some(({ detail }) => Object(detail).kind === constants.NODE_PERFORMANCE_GC_MAJOR);
  if (isFull) appendFileSync(file, `${threadId} ${Date.now()} ${getHeapStatistics().used_heap_size}\n`);
});
observer.observe({ entryTypes: ['gc'] });
