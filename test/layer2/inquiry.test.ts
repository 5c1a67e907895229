import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ballotOf } from '../../src/layer2/ballot.js';
import { Inquiries, type Question, questionsTo } from '../../src/layer2/inquiry.js';
import { addressOfKey, formatAddress } from '../../src/net/address.js';

const WEB: Question = { key: 0xc0000201, on: 'all' };
const DNS: Question = { key: 0xc0000202, on: new Set(['eth1']) };
const ONCE = { tries: 1, everyMs: 5 };

/** Steps whenever that is due until `until`: the times at which something was asked or decided. */
function run(inquiries: Inquiries, until: number): { readonly asked: number[]; readonly decided: [number, string][] } {
  const asked: number[] = [];
  const decided: [number, string][] = [];
  for (let now = inquiries.wakeAt; now <= until; now = inquiries.wakeAt) {
    const step = inquiries.step(now);
    if (step.due.length > 0) asked.push(now);
    decided.push(...step.decided.map((peer): [number, string] => [now, peer]));
  }
  return { asked, decided };
}

describe('a peer that falters', () => {
  test('is asked five times in a tenth of a second, and is silent when nobody answers', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB, DNS], 210);
    expect(inquiries.verdictOn('n1')).toBe('asking');
    expect(inquiries.step(210).due).toEqual([WEB, DNS]);
    expect(run(inquiries, 10_000)).toEqual({ asked: [230, 250, 270, 290], decided: [[310, 'n1']] });
    expect(inquiries.verdictOn('n1')).toBe('silent');
    expect(inquiries.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('that owns nothing is silent at once', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [], 0);
    expect(inquiries.verdictOn('n1')).toBe('silent');
    expect(inquiries.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  test('that answers is held for alive as long as it does', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB], 0);
    inquiries.step(0);
    expect(inquiries.answer('n1', WEB, 1)).toBe(true);
    expect(inquiries.answer('n1', WEB, 2)).toBe(false);
    expect(inquiries.verdictOn('n1')).toBe('answered');
    for (let now = inquiries.wakeAt; now < 5000; now = inquiries.wakeAt) {
      if (inquiries.step(now).due.length > 0) inquiries.answer('n1', WEB, now + 1);
    }
    expect(inquiries.verdictOn('n1')).toBe('answered');
    const last = inquiries.wakeAt;
    const { decided } = run(inquiries, last + 1000);
    expect(decided).toEqual([[last + 100, 'n1']]);
  });

  test('is asked for what it owns now', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB], 0);
    inquiries.askInstead('n1', [DNS]);
    expect(inquiries.step(0).due).toEqual([DNS]);
    inquiries.askInstead('n2', [DNS]);
    expect(inquiries.verdictOn('n2')).toBeUndefined();
  });

  test('is asked no more when it is heard', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB], 0);
    inquiries.end('n1');
    expect(inquiries.verdictOn('n1')).toBeUndefined();
    expect(inquiries.step(1000)).toEqual({ due: [], decided: [] });
  });

  test('is not silent before a node that comes late has read what was answered meanwhile', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB], 0, ONCE);
    inquiries.step(0);
    expect(inquiries.step(25).decided).toEqual([]);
    inquiries.answer('n1', WEB, 26);
    expect(inquiries.step(27).decided).toEqual([]);
    expect(inquiries.verdictOn('n1')).toBe('answered');
  });

  test('is silent after a second look by a node that is always late', () => {
    const inquiries = new Inquiries();
    inquiries.begin('n1', [WEB], 0, ONCE);
    inquiries.step(0);
    inquiries.step(25);
    expect(inquiries.step(60).decided).toEqual(['n1']);
  });

  test('that was not asked, and answers for what another owned, is held for alive too', () => {
    const inquiries = new Inquiries();
    expect(inquiries.answer('n2', WEB, 0)).toBe(true);
    expect(inquiries.verdictOn('n2')).toBe('answered');
    expect(run(inquiries, 10_000).decided).toEqual([[600, 'n2']]);
  });
});

test('whoever stops to answer is silent within 1.2 s, whatever he answered and when', () => {
  const answers = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 8 });
  fc.assert(
    fc.property(answers, (times) => {
      const inquiries = new Inquiries();
      inquiries.begin('n1', [WEB], 0);
      let last = 0;
      for (const at of times.toSorted((a, b) => a - b)) {
        run(inquiries, at);
        inquiries.answer('n1', WEB, at);
        expect(inquiries.verdictOn('n1')).toBe('answered');
        last = at;
      }
      const { decided } = run(inquiries, last + 5000);
      for (const [at] of decided) expect(at - last).toBeLessThanOrEqual(1200);
      expect(inquiries.verdictOn('n1')).toBe('silent');
    }),
  );
});

test('a peer is asked for what it owns and this node can ask for, of each place where it announces anything', () => {
  const announce = (address: string, interfaces: 'all' | readonly string[]) => ({
    address,
    services: [],
    pool: 'p',
    interfaces,
    ranking: ['n1'],
  });
  const ballot = ballotOf([
    ...['192.0.2.1', '192.0.2.2', '2001:db8::1'].map((address) => announce(address, 'all')),
    announce('192.0.2.9', ['eth1']),
  ]);
  const owners = new Map(ballot.keys.map((key) => [key, 'n1']));
  const textOf = (keys: readonly Question[]): string[] => keys.map(({ key }) => formatAddress(addressOfKey(key)));
  expect(textOf(questionsTo('n1', ballot, owners, () => true))).toEqual(['192.0.2.1', '192.0.2.9', '192.0.2.2', '2001:db8::1']);
  expect(textOf(questionsTo('n1', ballot, owners, (key) => typeof key === 'string'))).toEqual(['2001:db8::1']);
  expect(questionsTo('n2', ballot, owners, () => true)).toEqual([]);
});
