import { describe, expect, test } from 'vitest';
import { allocateAll } from '../../src/allocator/allocateall.js';
import { EMPTY_LOCK, lockDocument, lockOf, parseLock, sameAddresses } from '../../src/allocator/lock.js';
import { configOf, pool, sourced } from '../config/objects.js';
import { address, service } from './world.js';

const header = { apiVersion: 'arpeggio.dev/v1alpha1', kind: 'AddressLock' };
const read = (value: unknown) => parseLock(sourced(value, 'addresses.lock.yaml'));

describe('a lock file', () => {
  test('is read with the place of each Service', () => {
    const services = { 'default/b': { addresses: ['10.0.0.1', 'fc00::1'], pool: 'a' }, 'default/a': { addresses: ['10.0.0.2'] } };
    const lock = read({ ...header, services });
    if (!lock.ok) throw new Error('not a lock');
    expect([...lock.value.services]).toEqual([
      ['default/a', { addresses: [address('10.0.0.2')], source: { file: 'addresses.lock.yaml#services["default/a"]' } }],
      [
        'default/b',
        {
          addresses: [address('10.0.0.1'), address('fc00::1')],
          pool: 'a',
          source: { file: 'addresses.lock.yaml#services["default/b"]' },
        },
      ],
    ]);
    expect(lockDocument(lock.value)).toEqual({ ...header, services });
  });

  test('of nothing is empty', () => {
    expect(read({ ...header, services: {} })).toEqual({ ok: true, value: EMPTY_LOCK });
  });

  test.each<[string, unknown, string[]]>([
    ['is a list', [], ['']],
    ['is empty', null, ['']],
    ['is of another kind and version', { apiVersion: 'v1', kind: 'Lock', services: {} }, ['apiVersion', 'kind']],
    ['has no Services', header, ['services']],
    ['has a list of Services', { ...header, services: [] }, ['services']],
    ['has an unknown field', { ...header, services: {}, service: {} }, ['service']],
    ['has a Service without namespace', { ...header, services: { web: { addresses: ['10.0.0.1'] } } }, ['services.web']],
    ['has a Service without addresses', { ...header, services: { 'a/b': {} } }, ['services["a/b"].addresses']],
    ['has a Service with an address for a value', { ...header, services: { 'a/b': '10.0.0.1' } }, ['services["a/b"]']],
    ['has a Service with no address', { ...header, services: { 'a/b': { addresses: [] } } }, ['services["a/b"].addresses']],
    [
      'has something else than addresses',
      { ...header, services: { 'a/b': { addresses: ['10.0.0.1.2', 7] } } },
      ['services["a/b"].addresses[0]', 'services["a/b"].addresses[1]'],
    ],
    [
      'has three addresses',
      { ...header, services: { 'a/b': { addresses: ['1.1.1.1', '::1', '::2'] } } },
      ['services["a/b"].addresses'],
    ],
    [
      'has two of one family',
      { ...header, services: { 'a/b': { addresses: ['1.1.1.1', '1.1.1.2'] } } },
      ['services["a/b"].addresses'],
    ],
    [
      'has a number for a pool',
      { ...header, services: { 'a/b': { addresses: ['1.1.1.1'], pool: 7 } } },
      ['services["a/b"].pool'],
    ],
    [
      'has an unknown field in a Service',
      { ...header, services: { 'a/b': { addresses: ['1.1.1.1'], ip: 7 } } },
      ['services["a/b"].ip'],
    ],
  ])('that %s is refused', (_, value, paths) => {
    const lock = read(value);
    expect(lock.ok ? [] : lock.issues.map(({ path }) => path)).toEqual(paths);
    for (const { code, source } of lock.ok ? [] : lock.issues) {
      expect([code, source?.file.startsWith('addresses.lock.yaml')]).toEqual(['LOCK_MALFORMED', true]);
    }
  });

  test('made from outcomes keeps them, and is the same when made again', () => {
    const config = configOf({ pools: [pool('a', ['10.0.0.1-10.0.0.2', 'fc00::/126'])] });
    const services = [service('b/x'), service('a/x', { ipFamilyPolicy: 'RequireDualStack' }), service('c/x'), service('d/x')];
    const lock = lockOf(allocateAll(config, services));
    expect([...lock.services.keys()]).toEqual(['a/x', 'b/x']);
    const again = allocateAll(config, services.reverse(), lock);
    expect(lockDocument(lockOf(again))).toEqual(lockDocument(lock));
    const document = lockDocument(lock);
    const parsedAgain = read(document);
    expect(parsedAgain.ok && lockDocument(parsedAgain.value)).toEqual(document);
  });

  test('has the same addresses in whatever order', () => {
    const [a, b] = [address('10.0.0.1'), address('fc00::1')];
    expect([sameAddresses([a, b], [b, a]), sameAddresses([a], [a, b]), sameAddresses([a], [b])]).toEqual([true, false, false]);
  });
});
