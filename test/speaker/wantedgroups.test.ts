import { describe, expect, test } from 'vitest';
import { WantedGroups } from '../../agents/speaker/wire/wantedgroups.js';
import { type Ballot, ballotOf } from '../../src/layer2/ballot.js';
import type { Claims } from '../../src/layer2/claims.js';
import { addressKey, addressOfKey, formatAddress, parseAddress } from '../../src/net/address.js';

const NOTHING: Claims = new Map();

/** Entries such as `2001:db8::1 n1 n2` or, on eth0 only, `2001:db8::1@eth0 n1 n2`. */
function tableOf(...entries: readonly string[]): Ballot {
  return ballotOf(
    entries.map((text) => {
      const [where = '', ...ranking] = text.split(' ');
      const [address = '', on] = where.split('@');
      return { address, services: [], pool: 'p', interfaces: on === undefined ? 'all' : [on], ranking };
    }),
  );
}

const claimsOf = (table: Ballot): Claims => new Map(table.keys.map((key) => [key, 'all']));

function keyOf(text: string): Ballot['keys'][number] {
  const address = parseAddress(text);
  if (!address.ok) throw new Error(text);
  return addressKey(address.value);
}

/** What n1 does, as `+eth0 2001:db8::1` for a group that it joins and `-` for one that it leaves. */
function node(): { readonly groups: WantedGroups; readonly done: () => readonly string[] } {
  const steps: string[] = [];
  const noted =
    (sign: string) =>
    (name: string, key: Ballot['keys'][number]): void =>
      void steps.push(`${sign}${name} ${formatAddress(addressOfKey(key))}`);
  return { groups: new WantedGroups('n1', { join: noted('+'), leave: noted('-') }), done: () => steps.splice(0) };
}

describe('a node is in the groups', () => {
  test.each<[string, readonly string[], Claims, readonly string[]]>([
    ['of an address that it comes first for', ['2001:db8::1 n1 n2'], NOTHING, ['+eth0 2001:db8::1', '+eth1 2001:db8::1']],
    ['of one that it is next in line for', ['2001:db8::1@eth1 n2 n1'], NOTHING, ['+eth1 2001:db8::1']],
    ['not of one that many come before it for', ['2001:db8::1 n2 n3 n4 n5 n1'], NOTHING, []],
    [
      'of one that it answers for, wherever it is ranked',
      ['2001:db8::1@eth0 n2 n3 n4 n5 n1'],
      claimsOf(tableOf('2001:db8::1 n1')),
      ['+eth0 2001:db8::1'],
    ],
    ['not of one of IPv4, which has none', ['192.0.2.1 n1'], NOTHING, []],
    ['not of one that is announced elsewhere', ['2001:db8::1@eth7 n1'], NOTHING, []],
  ])('%s', (_, entries, claims, does) => {
    const { groups, done } = node();
    groups.want(tableOf(...entries), claims, ['eth0', 'eth1']);
    expect(done()).toEqual(does);
  });
});

test('only what changed is joined or left', () => {
  const { groups, done } = node();
  groups.want(tableOf('2001:db8::1 n1', '2001:db8::2 n1'), NOTHING, ['eth0']);
  expect(done()).toEqual(['+eth0 2001:db8::1', '+eth0 2001:db8::2']);
  groups.want(tableOf('2001:db8::2 n1', '2001:db8::3 n1'), NOTHING, ['eth0']);
  expect(done()).toEqual(['+eth0 2001:db8::3', '-eth0 2001:db8::1']);
  groups.want(tableOf('2001:db8::2 n1', '2001:db8::3 n1'), NOTHING, ['eth1']);
  expect(done()).toEqual(['+eth1 2001:db8::2', '+eth1 2001:db8::3', '-eth0 2001:db8::2', '-eth0 2001:db8::3']);
});

test('an address is missing that is not asked for on every interface; one of IPv4 never is', () => {
  const { groups } = node();
  groups.want(tableOf('2001:db8::1 n1', '2001:db8::2@eth0 n1'), NOTHING, ['eth0', 'eth1']);
  const missing = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1'].filter((text) => groups.isMissing(keyOf(text)));
  expect(missing).toEqual(['2001:db8::2', '2001:db8::3']);
});
