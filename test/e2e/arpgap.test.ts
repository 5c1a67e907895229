import { expect, test } from 'vitest';
import { answersIn } from './arpgap.js';

const ADDRESS = '192.168.1.240';
const A = '02:00:00:00:00:01';
const B = '02:00:00:00:00:02';
const reply = (seconds: string, mac: string, address = ADDRESS): string =>
  `${seconds} ARP, Reply ${address} is-at ${mac}, length 46\n`;
const QUESTION = `10.500000 ARP, Request who-has ${ADDRESS} tell 192.168.1.100, length 44\n`;

test.each<[string, string, ReturnType<typeof answersIn>]>([
  ['nobody', QUESTION, { by: [], longestGapMs: 0, count: 0 }],
  ['once', reply('10.000000', A), { by: [A], longestGapMs: 0, count: 1 }],
  [
    'by one after the other',
    reply('10.000000', A) + reply('10.250000', A) + QUESTION + reply('11.250000', B),
    { by: [A, B], longestGapMs: 1000, count: 3 },
  ],
  [
    'and another address meanwhile',
    reply('10.000000', A) + reply('10.500000', B, '192.168.1.248') + reply('11.000000', A),
    { by: [A], longestGapMs: 1000, count: 2 },
  ],
])('it is answered for: %s', (_, heard, answers) => {
  expect(answersIn(heard, ADDRESS)).toEqual(answers);
});
