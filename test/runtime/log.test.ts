import { describe, expect, test } from 'vitest';
import {
  createLog,
  issueRecord,
  type LogLevel,
  type LogRecord,
  type LogThreshold,
  PatientWriter,
} from '../../agents/runtime/log.js';
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

describe('a reader of the log', () => {
  /** A pipe with room for so many bytes, and what was read from it. */
  function pipe(room: number) {
    const state = { room, text: '', sleptMs: 0 };
    const writer = new PatientWriter(
      (bytes) => {
        const taken = Math.min(state.room, bytes.length);
        if (taken === 0) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
        state.room -= taken;
        state.text += Buffer.from(bytes.subarray(0, taken)).toString();
        return taken;
      },
      (ms) => {
        state.sleptMs += ms;
      },
    );
    return { state, writer };
  }

  test('that is stuck is waited for once, and costs nothing from then on', () => {
    const { state, writer } = pipe(0);
    writer.write('one\n');
    const once = state.sleptMs;
    expect(once).toBeGreaterThan(0);
    for (let i = 0; i < 1000; i++) writer.write('more\n');
    expect(state.sleptMs).toBe(once);
  });

  test('that reads again gets whole lines: the rest of the one that was begun, then later ones', () => {
    const { state, writer } = pipe(6);
    for (const line of ['one\n', 'two\n', 'lost\n']) writer.write(line);
    expect(state.text).toBe('one\ntw');
    state.room = 100;
    writer.write('four\n');
    expect(state.text).toBe('one\ntwo\nfour\n');
  });

  test('that has gone loses lines, and ends nothing', () => {
    const writer = new PatientWriter(
      () => {
        throw Object.assign(new Error('gone'), { code: 'EPIPE' });
      },
      () => undefined,
    );
    expect(() => writer.write('one\n')).not.toThrow();
  });
});
