import { describe, expect, test } from 'vitest';
import { createLog, issueRecord, type LogLevel, type LogRecord, type LogThreshold } from '../../agents/runtime/log.js';
import { issue } from '../../src/issue/issue.js';

function linesOf(threshold: LogThreshold, records: readonly LogRecord[]): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog(threshold, { write: (line) => void lines.push(line) });
  for (const record of records) log(record);
  return lines.map((line) => JSON.parse(line));
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

describe('a threshold lets through', () => {
  test.each<[LogThreshold, LogLevel[]]>([
    ['all', ['debug', 'info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['none', []],
  ])('%s: %j', (threshold, levels) => {
    const records = LEVELS.map((level) => ({ level, event: 'x', msg: '' }));
    expect(linesOf(threshold, records).map(({ level }) => level)).toEqual(levels);
  });
});

test('a line has the fields that MetalLB logs have', () => {
  const [line] = linesOf('info', [{ level: 'info', event: 'ipAllocated', msg: 'done', fields: { ip: ['192.0.2.1'] } }]);
  expect(line).toEqual({
    level: 'info',
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event: 'ipAllocated',
    ip: ['192.0.2.1'],
    msg: 'done',
  });
});

test('an issue is found by its code and its place', () => {
  const found = issue('POOL_OVERLAP', 'spec.addresses[0]', 'both', { file: 'a.yaml', line: 3, column: 5 });
  expect(issueRecord(found, { service: 'a/b' })).toEqual({
    level: 'error',
    event: 'issue',
    msg: 'both',
    fields: { code: 'POOL_OVERLAP', source: 'a.yaml:3:5', path: 'spec.addresses[0]', service: 'a/b' },
  });
  expect(issueRecord(issue('NOT_LOCKED', '', 'm')).level).toBe('warn');
});
