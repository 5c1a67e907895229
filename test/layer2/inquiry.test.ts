import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Inquiries, type Question } from '../../src/layer2/inquiry.js';

const WEB: Question = { key: 0xc0000201, on: 'all' };
const DNS: Question = { key: 0xc0000202, on: new Set(['eth1']) };

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
    expect(inquiries.isIdle).toBe(true);
    expect(inquiries.step(1000)).toEqual({ due: [], decided: [] });
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
