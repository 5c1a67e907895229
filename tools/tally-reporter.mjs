// @ts-check
/**
 * A vitest reporter that ends the output with one line, `N passed, N failed`. A file that does not load, a failing hook of a
 * suite and an unhandled error each count as a failure. Where ARPEGGIO_TALLY names a file, the line goes there instead.
 */
import { writeFileSync } from 'node:fs';

/** @typedef {import('vitest/node').Reporter} Reporter */

/** @implements {Reporter} */
export default class TallyReporter {
  /**
   * @param {Parameters<NonNullable<Reporter['onTestRunEnd']>>[0]} modules
   * @param {Parameters<NonNullable<Reporter['onTestRunEnd']>>[1]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    const line = tally(modules, unhandled);
    const file = process.env['ARPEGGIO_TALLY'];
    if (file) writeFileSync(file, line);
    // At exit, so that nothing else follows it.
    else process.once('exit', () => console.log(line));
  }
}

/**
 * @param {Parameters<NonNullable<Reporter['onTestRunEnd']>>[0]} modules
 * @param {Parameters<NonNullable<Reporter['onTestRunEnd']>>[1]} unhandled
 */
function tally(modules, unhandled) {
  let passed = 0;
  let skipped = 0;
  let failed = unhandled.length;
  for (const module of modules) {
    failed += module.errors().length;
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'skipped') skipped++;
      else failed++;
    }
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
