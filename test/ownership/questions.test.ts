/**
 * Whom an answer on the wire speaks for, without a wire.
 */
import { beforeEach, expect, test } from 'vitest';
import type { Question } from '../../src/layer2/inquiry.js';
import type { Member, MemberState } from '../../src/membership/membership.js';
import { type Mac, parseMac } from '../../src/net/mac.js';
import { Questions } from '../../src/ownership/questions.js';
import { member } from '../support/member.js';

const WEB: Question = { key: 0xc0000201, on: 'all' };
const MAC = parseMac('02:00:00:00:00:01') as Mac;
const bearer = (name: string, state: MemberState): Member => member(name, { state, macs: [MAC] });

let questions: Questions;
let [asked, crashed]: [number, [string, number][]] = [0, []];
beforeEach(() => {
  const nothing = (): void => undefined;
  [asked, crashed] = [0, []];
  questions = new Questions({
    ask: () => asked++,
    onVerdict: nothing,
    onAnswer: nothing,
    onCrash: (peer, sinceMs) => crashed.push([peer, Math.round(sinceMs)]),
    report: nothing,
  });
});

/** Goes on to `until`, waking whenever it should. */
function tickUntil(until: number): void {
  while (questions.wakeAt <= until) questions.tick(questions.wakeAt);
}

test.each<[string, readonly Member[], boolean]>([
  ['a silent peer that answers is held', [bearer('n1', 'silent')], true],
  ['what a host answers under a new name does not hold the old one', [bearer('n1', 'silent'), bearer('n2', 'alive')], false],
  [
    'one that left before under another name does not keep it from being held',
    [bearer('n0', 'left'), bearer('n1', 'silent')],
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
  questions.setMembers([bearer('n1', 'silent')]);
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
  questions.setMembers([bearer('n1', 'alive')]);
  if (isFaltering) questions.begin('n1', [], 10);
  questions.claim(WEB.key, MAC, 20);
  expect(questions.holds('n1')).toBe(isHeld);
});

test('the wire is asked while another connection is tried: where it was silent, a refusal is believed at once', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginUnsurely('n1', [WEB], 0);
  tickUntil(8);
  expect(crashed).toEqual([]);
  questions.beginBriefly('n1', [WEB], { sinceMs: 9, beginAt: 9 }, 9);
  expect(crashed).toEqual([['n1', 9]]);
});

test('where a refusal comes first, the end is believed when the wire was silent for as long as for any other', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginUnsurely('n1', [WEB], 0);
  questions.beginBriefly('n1', [WEB], { sinceMs: 1, beginAt: 1 }, 1);
  tickUntil(2);
  expect(crashed).toEqual([]);
  tickUntil(8);
  expect(crashed).toEqual([['n1', 3]]);
});

test('a connection that ended, and was not refused again, says nothing: a peer that falters later is asked like any other', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginUnsurely('n1', [WEB], 0);
  tickUntil(200);
  asked = 0;
  questions.begin('n1', [WEB], 200);
  tickUntil(290);
  expect(asked).toBe(5);
  expect(questions.holds('n1')).toBe(true);
});

test('a peer that falters while it is not sure yet is asked as patiently as any that falters', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginUnsurely('n1', [WEB], 0);
  tickUntil(8);
  questions.begin('n1', [WEB], 8);
  expect(questions.holds('n1')).toBe(true);
  questions.setMembers([bearer('n1', 'silent')]);
  tickUntil(90);
  expect(questions.holds('n1')).toBe(true);
  tickUntil(120);
  expect(questions.holds('n1')).toBe(false);
});

test('what a peer answers before it is refused does not count for what follows: it may have died since', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginUnsurely('n1', [WEB], 0);
  questions.claim(WEB.key, MAC, 1);
  questions.beginBriefly('n1', [WEB], { sinceMs: 2, beginAt: 2 }, 2);
  tickUntil(20);
  expect(crashed).toEqual([['n1', 5]]);
});

test('one that is silent by others, and answers, stays held when no connection was refused', () => {
  questions.beginUnsurely('n1', [WEB], 0);
  questions.setMembers([bearer('n1', 'silent')]);
  questions.claim(WEB.key, MAC, 1);
  tickUntil(150);
  expect(questions.holds('n1')).toBe(true);
});

test('whoever has time asks later', () => {
  questions.setMembers([bearer('n1', 'alive')]);
  questions.beginBriefly('n1', [WEB], { sinceMs: 1, beginAt: 21 }, 1);
  tickUntil(20);
  expect(asked).toBe(0);
  expect(questions.holds('n1')).toBe(true);
  tickUntil(30);
  expect(asked).toBe(3);
  expect(crashed).toEqual([['n1', 24]]);
});
