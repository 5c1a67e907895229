/**
 * Whom an answer on the wire speaks for, without a wire.
 */
import { beforeEach, expect, test } from 'vitest';
import type { Question } from '../../src/layer2/inquiry.js';
import type { Member, MemberState } from '../../src/membership/membership.js';
import { type Mac, parseMac } from '../../src/net/mac.js';
import { Questions } from '../../src/ownership/questions.js';

const WEB: Question = { key: 0xc0000201, on: 'all' };
const MAC = parseMac('02:00:00:00:00:01') as Mac;
const member = (name: string, state: MemberState): Member => ({
  name,
  address: '10.0.0.1:7946',
  state,
  ready: true,
  returning: false,
  stale: false,
  speaks: 'arpeggio',
  macs: [MAC],
  evidence: { kind: 'heard' },
  since: 0,
});

let questions: Questions;
beforeEach(() => {
  const nothing = (): void => undefined;
  questions = new Questions({ ask: nothing, onVerdict: nothing, onAnswer: nothing, onCrash: nothing, report: nothing });
});

test.each<[string, readonly Member[], boolean]>([
  ['a silent peer that answers is held', [member('n1', 'silent')], true],
  ['what a host answers under a new name does not hold the old one', [member('n1', 'silent'), member('n2', 'alive')], false],
  [
    'one that left before under another name does not keep it from being held',
    [member('n0', 'left'), member('n1', 'silent')],
    true,
  ],
])('%s', (_, members, isHeld) => {
  questions.begin('n1', [WEB], 0);
  questions.setMembers(members);
  questions.claim(WEB.key, MAC, 0);
  expect(questions.holds('n1')).toBe(true);
  for (let i = 0; i < 6; i++) questions.tick(Math.min(questions.wakeAt, 200));
  expect(questions.holds('n1')).toBe(isHeld);
});

test('who is held is asked for what he owns now, not for what he was asked for first', () => {
  const dns: Question = { key: 0xc0000202, on: 'all' };
  questions.begin('n1', [WEB], 0);
  questions.setMembers([member('n1', 'silent')]);
  questions.claim(WEB.key, MAC, 0);
  questions.review(() => [dns]);
  expect([...questions.keys]).toEqual([dns.key]);
  questions.claim(dns.key, MAC, 0);
  for (let i = 0; i < 4; i++) questions.tick(questions.wakeAt);
  expect(questions.holds('n1')).toBe(true);
  questions.review(() => []);
  expect([...questions.keys]).toEqual([dns.key]);
});

test.each<[string, boolean, boolean]>([
  ['one that falters, and was believed to own nothing, is held when it answers', true, true],
  ['one that does not falter needs nobody to speak for it', false, false],
])('%s', (_, isFaltering, isHeld) => {
  questions.begin('n2', [WEB], 0);
  questions.setMembers([member('n1', 'alive')]);
  if (isFaltering) questions.begin('n1', [], 10);
  questions.claim(WEB.key, MAC, 20);
  expect(questions.holds('n1')).toBe(isHeld);
});
