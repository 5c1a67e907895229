import { expect, test } from 'vitest';
import { type AuditEvent, AuditLedger } from './audit.js';

const CONTROLLER = 'system:serviceaccount:metallb-system:controller';

const write = (username: string, resourceVersion: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  ...{
    verb: 'patch',
    user: { username },
    requestURI: '/',
    objectRef: { resource: 'services', namespace: 'default', name: 'web' },
  },
  responseStatus: { code: 200 },
  responseObject: { metadata: { name: 'web', resourceVersion } },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.010000Z',
  ...more,
});

const watch = (endedAt: string, username = CONTROLLER): AuditEvent => ({
  ...write(username, ''),
  ...{ verb: 'watch', requestURI: '/api/v1/services?watch=1&timeoutSeconds=300', stageTimestamp: `2026-01-01T${endedAt}Z` },
});

function audit(...events: readonly AuditEvent[]) {
  const ledger = new AuditLedger();
  for (const event of events) ledger.add(event);
  return ledger.read();
}

test('a write changed nothing when the version that came of it was there before, by whomever', () => {
  const { writes, idle } = audit(
    write('administrator', '1', { verb: 'create' }),
    write(CONTROLLER, '2'),
    write(CONTROLLER, '2'),
    write('administrator', '3'),
    write(CONTROLLER, '3'),
  );
  expect([writes, idle]).toEqual([3, Array(2).fill('metallb-system:controller patch services default/web')]);
});

test('a write that was refused is none, and each object has versions of its own', () => {
  const other = { responseObject: { metadata: { name: 'api', resourceVersion: '1' } } };
  const refused = { responseStatus: { code: 409 }, responseObject: {} };
  expect(audit(write(CONTROLLER, '1'), write(CONTROLLER, '1', other), write(CONTROLLER, '1', refused)).idle).toEqual([]);
});

test('a watch is broken that ended before the time it had asked for', () => {
  const { brokenWatches } = audit(watch('00:05:00.100000'), watch('00:04:00.000000'), watch('00:01:00.000000', 'administrator'));
  expect(brokenWatches).toEqual([
    { user: 'metallb-system:controller', resource: 'services', endedAtMs: Date.parse('2026-01-01T00:04:00Z') },
  ]);
});
