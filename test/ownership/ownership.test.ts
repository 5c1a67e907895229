/**
 * What one node, n1, does about one address, step by step.
 */
import { describe, expect, test } from 'vitest';
import { ballotOf } from '../../src/layer2/ballot.js';
import { type AddressKey, addressKey, ipv4 } from '../../src/net/address.js';
import { Ownership } from '../../src/ownership/ownership.js';
import type { Standing } from '../../src/ownership/preference.js';
import { Desk } from './desk.js';

function owner(ranking = 'n1 n2 n3', nodes = 'n2 n3'): Desk {
  const desk = new Desk('n1', '');
  desk.start();
  desk.live(nodes);
  desk.rank(ranking);
  expect(desk.owns).toBe(true);
  // A start is long ago: nobody has stood in for it.
  desk.pass(20_000);
  return desk;
}

function standby(ranking = 'n2 n1 n3', nodes = 'n2 n3'): Desk {
  const desk = new Desk(ranking, nodes);
  desk.start();
  expect(desk.owns).toBe(false);
  desk.hearClaim('n2');
  desk.pass(20_000);
  return desk;
}

describe('a start', () => {
  test.each<[string, string, string, Parameters<Desk['start']>[0], string]>([
    ['claims what is its own, alone', 'n1', '', {}, 'claim'],
    ['asks whoever would own it without this node, who may have stood in', 'n1 n2', 'n2', {}, 'take>n2'],
    ['claims what only silent ones would own', 'n1 n2', 'n2-', {}, 'claim'],
    ['claims nothing that is not its own', 'n2 n1', 'n2', {}, ''],
    ['claims nothing that it is not ranked for', 'n2', 'n2-', {}, ''],
    ['asks the wire before it claims, where some peer was not heard', 'n1 n2', 'n2-', { isDoubtful: true }, ''],
    ['leaves it to others for a while, where they served before', 'n1 n2', 'n2', { isReturn: true }, ''],
    ['claims where nobody else could, though others served before', 'n1 n2', 'n2-', { isReturn: true }, 'claim'],
  ])('%s', (_, ranking, nodes, how, does) => {
    expect(new Desk(ranking, nodes).start(how)).toBe(does);
  });

  test('claims nothing before it has started', () => {
    const desk = new Desk('n1', '');
    expect(desk.pass(60_000)).toBe('');
    expect(desk.owns).toBe(false);
  });

  test('in doubt asks twice, 30 ms apart, and claims when nobody answers', () => {
    const desk = new Desk('n1 n2', 'n2-');
    desk.start({ isDoubtful: true });
    expect(desk.pass(59)).toBe('ask ask');
    expect(desk.pass(1)).toBe('claim');
  });

  test('in doubt claims nothing while somebody answers, and asks again each half second', () => {
    const desk = new Desk('n1 n2', 'n2-');
    desk.start({ isDoubtful: true });
    desk.pass(1);
    desk.hearClaim('n2');
    expect(desk.pass(100)).toBe('ask');
    expect(desk.owns).toBe(false);
    expect(desk.pass(600)).toBe('ask ask claim');
  });

  test('takes its address back after its time, by asking for it', () => {
    const desk = new Desk('n1 n2', 'n2');
    desk.start({ isReturn: true });
    expect(desk.pass(29_999)).toBe('');
    expect(desk.pass(1)).toBe('take>n2');
  });
});

describe('a handover to this node', () => {
  const asking = (): Desk => {
    const desk = standby();
    expect(desk.rank('n1 n2 n3')).toBe('take>n2');
    return desk;
  };

  test.each<[string, (desk: Desk) => string, string]>([
    ['claims when the owner agrees, and tells him', (desk) => desk.hear('give', 'n2'), 'claim claim>n2'],
    ['claims when the owner does not own it', (desk) => desk.hear('free', 'n2'), 'claim claim>n2 claim>n3'],
    ['asks the wire when the owner knows of another', (desk) => [desk.hear('held', 'n2'), desk.pass(59)].join(''), 'ask ask'],
    ['takes no agreement from another', (desk) => desk.hear('give', 'n3'), ''],
    ['goes on waiting for 499 ms', (desk) => desk.pass(499), ''],
    ['claims after 500 ms without an answer', (desk) => desk.pass(500), 'claim claim>n2'],
    ['claims at once when the owner is gone', (desk) => desk.live('n2- n3'), 'claim'],
    [
      'is over when the ranking is as it was',
      (desk) => [desk.rank('n2 n1 n3'), desk.hear('give', 'n2'), desk.pass(600)].join(''),
      '',
    ],
  ])('%s', (_, happens, does) => {
    expect(happens(asking())).toBe(does);
  });

  test('asks the wire where another is known to answer, and asks that one', () => {
    const desk = asking();
    desk.hear('held', 'n2');
    desk.pass(10);
    expect(desk.hearClaim('n3')).toBe('take>n3');
  });
});

describe('a handover from this node', () => {
  test.each<[string, (desk: Desk) => string, string, boolean]>([
    ['goes on answering when another should own it', (desk) => desk.rank('n2 n1 n3'), '', true],
    ['gives it when it agrees', (desk) => [desk.rank('n2 n1 n3'), desk.hear('take', 'n2')].join(''), 'give>n2', true],
    ['gives it when it comes to agree', (desk) => [desk.hear('take', 'n2'), desk.rank('n2 n1 n3')].join(''), 'give>n2', true],
    ['does not give what is its own', (desk) => desk.hear('take', 'n2'), '', true],
    ['gives it when its view is old', (desk) => [desk.rank('n1 n2 n3', true), desk.hear('take', 'n2')].join(''), 'give>n2', true],
    [
      'releases it when the other claims on the wire',
      (desk) => [desk.rank('n2 n1'), desk.hearClaim('n2'), desk.pass(2)].join(''),
      'hushrelease',
      false,
    ],
    [
      'releases it when the other says that he claims',
      (desk) => [desk.rank('n2 n1'), desk.hear('claim', 'n2'), desk.pass(2)].join(''),
      'hushrelease',
      false,
    ],
    ['keeps it when the other dies before he claims', (desk) => [desk.rank('n2 n1'), desk.live('n2- n3')].join(''), '', true],
    ['withdraws at once what nobody may announce', (desk) => desk.withdraw(), 'release', false],
    ['withdraws at once what it may not announce', (desk) => desk.rank('n2 n3'), 'release', false],
  ])('%s', (_, happens, does, owns) => {
    const desk = owner();
    expect(happens(desk)).toBe(does);
    expect(desk.owns).toBe(owns);
  });

  test('one that is asked for what it does not own says so, and what it knows of another', () => {
    const desk = standby('n2 n1 n3');
    expect(desk.hear('take', 'n2')).toBe('free>n2');
    expect(desk.hear('take', 'n3')).toBe('held>n3');
  });
});

test.each<[string, string, boolean]>([
  ['of addresses that it may soon have to ask for', 'n2 n3 n1 n4', true],
  ['not of others', 'n2 n3 n4 n1', false],
])('it hears claims %s', (_, ranking, hears) => {
  const desk = standby(ranking, 'n2 n3 n4');
  expect(desk.ownership.isListening(addressKey(ipv4(0xc0000201)))).toBe(hears);
});

describe('leaving', () => {
  test('offers to the next, answers until he claims, and is gone then', () => {
    const desk = owner();
    expect(desk.leave()).toBe('give>n2');
    expect(desk.ownership.isGone(desk.now)).toBe(false);
    expect(desk.hear('claim', 'n2')).toBe('hush');
    expect(desk.pass(2)).toBe('release');
    expect(desk.ownership.isGone(desk.now)).toBe(true);
  });

  test('offers to the one after the next, when the next dies', () => {
    const desk = owner();
    desk.leave();
    expect(desk.live('n2- n3')).toBe('give>n3');
  });

  test('without anybody to take over is gone at once', () => {
    const desk = owner('n1 n2', 'n2-');
    desk.leave();
    expect(desk.ownership.isGone(desk.now)).toBe(true);
  });

  test('is gone after 3 s in any case', () => {
    const desk = owner();
    desk.leave();
    expect(desk.ownership.isGone(desk.now + 2999)).toBe(false);
    expect(desk.ownership.isGone(desk.now + 3000)).toBe(true);
  });

  test('one to whom a leaving node offers takes it, though its view names another', () => {
    const desk = standby('n2 n3 n1', 'n2. n3');
    expect(desk.hear('give', 'n2')).toBe('claim claim>n2');
  });

  test('one that hears of the offer before it hears that the other leaves takes it then, and not long after', () => {
    const desk = standby('n2 n3 n1');
    expect(desk.hear('give', 'n2')).toBe('');
    desk.pass(10);
    expect(desk.live('n2. n3')).toBe('claim claim>n2');
    const other = standby('n2 n3 n1');
    other.hear('give', 'n2');
    other.pass(1000);
    expect(other.live('n2. n3')).toBe('');
  });

  test('one to whom a node offers that stays, takes nothing it did not ask for', () => {
    expect(standby('n2 n3 n1').hear('give', 'n2')).toBe('');
  });
});

describe('competing claims', () => {
  test.each<[string, (desk: Desk) => string, string, boolean]>([
    ['claims again what is its own', (desk) => desk.hearClaim('n2'), 'reclaim claim>n2', true],
    [
      'claims again against one that is not heard',
      (desk) => [desk.live('n2- n3'), desk.hearClaim('n2')].join(''),
      'reclaim claim>n2',
      true,
    ],
    [
      'answers one claim once',
      (desk) => [desk.hearClaim('n2'), desk.hear('claim', 'n2')].join(' ').trim(),
      'reclaim claim>n2',
      true,
    ],
    [
      'contradicts a better one that it took for dead, and lets it have the address when it claims again',
      (desk) => [desk.rank('n2 n1'), desk.live('n2- n3'), desk.hearClaim('n2'), desk.pass(50), desk.hearClaim('n2')].join(' '),
      '  reclaim ask  release',
      false,
    ],
    [
      'lets one have it whose view is newer',
      (desk) => [desk.rank('n1 n2 n3', true), desk.hearClaim('n2')].join(''),
      'release',
      false,
    ],
    [
      'claims again against one whose view is as old',
      (desk) => [desk.rank('n1 n2 n3', true), desk.live('n2~ n3'), desk.hearClaim('n2')].join(''),
      'reclaim claim>n2',
      true,
    ],
    ['keeps it against a stranger', (desk) => desk.hearClaim(undefined, true), '', true],
  ])('%s', (_, happens, does, owns) => {
    const desk = owner();
    expect(happens(desk)).toBe(does);
    expect(desk.owns).toBe(owns);
  });

  test('the third within 3 s is decided by the plain order, and the loser leaves it alone for 10 s', () => {
    const outcomes = ['n2', 'n3', 'n4', 'n5'].map((other) => {
      const desk = owner(`n1 ${other}`, other);
      desk.hearClaim(other);
      desk.pass(500);
      desk.hearClaim(other);
      desk.pass(500);
      const does = desk.hearClaim(other);
      const isLost = does === `split ${other} release`;
      expect(isLost || does === `split n1 reclaim claim>${other}`).toBe(true);
      if (isLost) {
        expect(desk.pass(9999)).toBe('');
        expect(desk.pass(1)).toBe(`take>${other}`);
      }
      return isLost;
    });
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
  });

  test('claims that are far apart are no contest', () => {
    const desk = owner();
    for (let i = 0; i < 5; i++) {
      expect(desk.hearClaim('n2')).toBe('reclaim claim>n2');
      desk.pass(4000);
    }
  });

  test('one who loses his view of why gives what the other claims already', () => {
    const desk = owner();
    desk.hearClaim('n2');
    expect(desk.rank('n2 n1 n3')).toBe('give>n2');
  });

  test('an owner that is given what it answers for already says so', () => {
    expect(owner().hear('give', 'n2')).toBe('claim>n2');
  });

  test('whoever is heard again is told what this node answers for', () => {
    const desk = owner();
    desk.live('n2- n3');
    expect(desk.live('n2 n3')).toBe('claim>n2');
  });

  test('an old view that yielded asks again when it is new', () => {
    const desk = owner();
    desk.rank('n1 n2 n3', true);
    desk.hearClaim('n2');
    expect(desk.rank('n1 n2 n3')).toBe('take>n2');
  });
});

describe('what is not received', () => {
  test('is said again', () => {
    const desk = owner();
    desk.isHeard = false;
    desk.hearClaim('n2');
    expect(desk.pass(50)).toBe('claim>n2 claim>n2');
  });

  test('is said no more when it does not hold any more', () => {
    const desk = owner();
    desk.isHeard = false;
    desk.hearClaim('n2');
    desk.rank('n3 n2 n1');
    expect(desk.hear('claim', 'n3')).toBe('hush');
    expect(desk.pass(2)).toBe('release');
    expect(desk.pass(10_000)).toBe('');
  });

  test('is said no more to one that is not heard any more', () => {
    const desk = standby();
    desk.isHeard = false;
    desk.rank('n1 n2 n3');
    desk.live('n2- n3');
    expect(desk.pass(10_000)).toBe('');
  });
});

test('where it is learnt that who was asked does not own it, whoever should have owned it and is gone is told to have', () => {
  const desk = new Desk('n2 n1 n3', 'n2 n3');
  desk.start();
  desk.pass(20_000);
  // Before n2 took it over, which was not heard here.
  desk.hearClaim('n3');
  expect(desk.live('n2- n3')).toBe('take>n3');
  const word = { kind: 'free', node: 'n3', bootId: '00000000000000aa', number: 1, keys: [addressKey(ipv4(0xc0000201))] } as const;
  const moves = desk.ownership.hearWord(word, desk.now).flatMap((effect) => (effect.kind === 'moved' ? effect.moves : []));
  expect(moves).toMatchObject([{ to: 'n1', from: 'n2' }]);
});

describe('declining', () => {
  test('an owner without an interface releases, tells the next two, and asks for it when it can', () => {
    const desk = owner();
    expect(desk.review(false)).toBe('release decline>n2 decline>n3');
    expect([...desk.ownership.unanswerable]).toHaveLength(1);
    desk.hear('claim', 'n2');
    expect(desk.review(true)).toBe('take>n2 resume>n2 resume>n3');
    expect(desk.ownership.unanswerable.size).toBe(0);
  });

  test('what the owner declines is claimed at once; what he resumes is given when he asks', () => {
    const desk = standby();
    expect(desk.hear('decline', 'n2')).toBe('claim claim>n2');
    expect(desk.hear('resume', 'n2')).toBe('');
    expect(desk.hear('take', 'n2')).toBe('give>n2');
  });
});

describe('a death', () => {
  test('of the owner: the next claims at once', () => {
    expect(standby().live('n2- n3')).toBe('claim');
  });

  test('of the owner: the one after the next asks the wire 100 ms later, and claims what nobody answers for', () => {
    const desk = standby('n2 n3 n1');
    expect(desk.live('n2- n3')).toBe('');
    expect(desk.pass(99)).toBe('');
    expect(desk.pass(60)).toBe('ask ask');
    expect(desk.pass(1)).toBe('claim claim>n3');
  });

  test('of the owner: the one after the next leaves it to the next, when that one is heard', () => {
    const desk = standby('n2 n3 n1');
    desk.live('n2- n3');
    desk.pass(110);
    desk.hearClaim('n3');
    expect(desk.pass(60_000)).toBe('');
    expect(desk.owns).toBe(false);
  });

  test('of the owner: one that still answers on the wire is asked for until he does not', () => {
    const desk = standby('n2 n3 n1');
    desk.live('n2- n3');
    desk.pass(110);
    desk.hearClaim('n2');
    expect(desk.pass(500)).toBe('ask');
    desk.hearClaim('n2');
    expect(desk.pass(500)).toBe('ask ask');
    expect(desk.pass(560)).toBe('ask ask claim');
  });
});

describe('a stall', () => {
  test('releases all, asks the wire, and claims again what nobody answers for', () => {
    const desk = owner();
    expect(desk.stand()).toBe('release');
    expect(desk.pass(15)).toBe('ask ask');
    expect(desk.pass(1)).toBe('claim claim>n2 claim>n3');
  });

  test('leaves it for its time to one that took over', () => {
    const desk = owner();
    desk.stand();
    desk.pass(5);
    expect(desk.hearClaim('n2')).toBe('');
    expect(desk.ownership.isReturning).toBe(true);
    expect(desk.pass(29_994)).toBe('');
    expect(desk.pass(11)).toBe('take>n2');
  });

  test('costs nothing when it is over, whatever comes in doubt later', () => {
    const desk = owner();
    desk.stand();
    desk.withdraw();
    desk.rank('n2 n1 n3');
    desk.hearClaim('n2');
    expect(desk.rank('n1 n2 n3')).toBe('take>n2');
    desk.hear('held', 'n2');
    desk.hearClaim('n3');
    expect(desk.ownership.isReturning).toBe(false);
  });

  test('costs nothing that was left to a stranger before: whoever answers for that took nothing over', () => {
    const [own, strangers] = [ipv4(0xc0000201), ipv4(0xc0000202)].map(addressKey) as [AddressKey, AddressKey];
    const ownership = new Ownership({
      self: 'n1',
      bootId: '00000000000000aa',
      onConflict: 'yield',
      failbackMs: 30_000,
      canAnswer: () => true,
    });
    const standing: Standing = { live: true, reachable: true, returning: false, stale: false, stock: false };
    ownership.setStandings(new Map(['n1', 'n2'].map((name) => [name, standing])), 0);
    const addresses = ['192.0.2.1', '192.0.2.2'];
    ownership.setTable(
      ballotOf(addresses.map((address) => ({ address, services: [], pool: 'p', interfaces: 'all', ranking: ['n1', 'n2'] }))),
      false,
      0,
    );
    ownership.started({ isDoubtful: false, isReturn: false }, 0);
    let now = 0;
    const pass = (until: number): void => {
      for (; ownership.wakeAt <= until; ownership.tick(now)) now = Math.max(now, ownership.wakeAt);
      now = until;
    };
    // Nobody answers what is asked for at the start.
    pass(20_000);
    ownership.strangerClaims(strangers, now);
    expect(ownership.claims.has(strangers)).toBe(false);
    ownership.stalled(now);
    for (; !ownership.claims.has(own); ownership.tick(now)) {
      now = ownership.wakeAt;
      ownership.hearClaim(strangers, { node: undefined, isLower: false }, now);
    }
    ownership.hearClaim(strangers, { node: 'n2', isLower: false }, now);
    expect(ownership.isReturning).toBe(false);
  });

  test('of a node that is alone is nobody’s business', () => {
    const desk = new Desk('n1', '');
    desk.start();
    desk.ownership.setStandings(
      new Map([['n1', { live: true, reachable: true, returning: false, stale: false, stock: false }]]),
      desk.now,
    );
    expect(desk.stand()).toBe('');
    expect(desk.owns).toBe(true);
  });
});

describe('beside a stock speaker, whose MACs nobody knows', () => {
  test('what should be its own is left to it when somebody unknown claims it', () => {
    const desk = owner('n1 n2 n3', 'n2 n3');
    desk.live('n2$ n3');
    expect(desk.rank('n2 n1 n3')).toBe('hush');
    expect([desk.hearClaim(undefined), desk.pass(2)].join('')).toBe('release');
    expect(desk.pass(60_000)).toBe('');
  });

  test('what should be its own is left to it after 3 s in any case', () => {
    const desk = owner('n1 n2 n3', 'n2 n3');
    desk.live('n2$ n3');
    desk.rank('n2 n1 n3');
    expect(desk.pass(2999)).toBe('');
    expect(desk.pass(60_000)).toBe('release');
  });

  test('one that leaves is gone when somebody unknown claims what it offered', () => {
    const desk = owner('n1 n2', 'n2$');
    desk.leave();
    desk.hearClaim(undefined);
    desk.pass(2);
    expect(desk.ownership.isGone(desk.now)).toBe(true);
  });

  test('what is its own is kept', () => {
    const desk = owner('n1 n2', 'n2$');
    expect(desk.hearClaim(undefined)).toBe('');
    expect(desk.owns).toBe(true);
  });
});

describe('one that came back', () => {
  test('is one no more when all others came back as well, and only waits for those that did not', () => {
    const desk = new Desk('n1 n2 n3', 'n2 n3', Number.POSITIVE_INFINITY);
    desk.start({ isReturn: true });
    desk.live('n2* n3');
    expect(desk.ownership.isReturning).toBe(true);
    desk.live('n2* n3-');
    expect(desk.ownership.isReturning).toBe(false);
  });
});

describe('what is remembered of others', () => {
  test('what a node declined that was forgotten since is its own again', () => {
    const desk = standby();
    desk.hear('decline', 'n2');
    desk.live('n3');
    desk.live('n2 n3');
    expect(desk.hear('take', 'n2')).toBe('give>n2');
  });

  test('one that is heard again is told what was declined, and what is no more', () => {
    const desk = owner();
    desk.review(false);
    desk.live('n2- n3');
    desk.hear('claim', 'n3');
    expect(desk.review(true)).toBe('take>n3 resume>n3');
    expect(desk.live('n2 n3')).toBe('resume>n2');
    desk.review(false);
    desk.live('n2- n3');
    expect(desk.live('n2 n3')).toBe('decline>n2');
  });

  test('what was declined and is in no table any more is told nobody again', () => {
    const desk = owner();
    desk.review(false);
    expect(desk.withdraw()).toBe('resume>n2 resume>n3');
    expect(desk.withdraw()).toBe('');
    desk.live('n2- n3');
    expect(desk.live('n2 n3')).toBe('');
  });

  test('what was declined and is in no table any more is told again to one that was not heard when it was told', () => {
    const desk = owner();
    desk.review(false);
    desk.isHeard = false;
    expect(desk.withdraw()).toBe('resume>n2 resume>n3');
    desk.live('n2- n3');
    desk.isHeard = true;
    expect(desk.live('n2 n3')).toBe('resume>n2');
    desk.withdraw();
    desk.live('n2- n3');
    expect(desk.live('n2 n3')).toBe('');
  });

  test('what is in no table any more cannot lack an interface', () => {
    const desk = new Desk('n1', '');
    desk.start();
    desk.review(false);
    expect(desk.ownership.unanswerable.size).toBe(1);
    desk.withdraw();
    expect(desk.ownership.unanswerable.size).toBe(0);
  });
});
