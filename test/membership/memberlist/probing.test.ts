import { describe, expect, test } from 'vitest';
import type { IndirectPing, Ping } from '../../../src/membership/memberlist/message.js';
import { LAN, VERSIONS } from '../../../src/membership/memberlist/settings.js';
import { alive, at, Lone, sent } from './lone.js';

const ack = (seqNo: number) => ({ kind: 'ack', seqNo, payload: new Uint8Array() }) as const;
const nack = (seqNo: number) => ({ kind: 'nack', seqNo }) as const;

/** `a` has met these, and has just sent a ping to one of them. */
function probing(...names: readonly string[]): { lone: Lone; ping: Ping } {
  const lone = new Lone();
  lone.hear(...names.map((name) => alive(name)));
  return { lone, ping: lone.runUntilSent('ping').message };
}

describe('with nobody to probe', () => {
  test('nothing is woken each second', () => {
    const lone = new Lone();
    let wakes = 0;
    for (; lone.member.wakeAt <= 60_000; wakes++) {
      lone.now = lone.member.wakeAt;
      lone.input({ kind: 'tick' });
    }
    expect(wakes).toBeLessThan(5);
  });

  test('the first who is found is probed within an interval, and at no moment that others choose too', () => {
    const first = (seed: number): number => {
      const lone = new Lone({ seed });
      lone.now = 10_000;
      lone.hear(alive('b'));
      lone.runUntilSent('ping');
      return lone.now - 10_000;
    };
    const after = [1, 2, 3, 4, 5].map(first);
    for (const ms of after) expect(ms).toBeLessThanOrEqual(1000);
    expect(new Set(after).size).toBe(5);
  });
});

describe('a probe round', () => {
  test('asks a member under its name, and says where to answer', () => {
    expect(probing('b').ping).toEqual({ kind: 'ping', seqNo: 1, node: 'b', source: { ...at(1), node: 'a' } });
  });

  test('ends with the answer; the next turn comes an interval after the last', () => {
    const { lone, ping } = probing('b');
    const began = lone.now;
    lone.now += 3;
    lone.hear(ack(ping.seqNo));
    expect(lone.runUntilSent('ping').message.seqNo).toBe(2);
    expect(lone.now - began).toBeCloseTo(1000);
    expect(lone.member.health).toBe(0);
  });

  test('without an answer asks helpers and tries a stream, then lasts as long as it may', () => {
    const { lone, ping } = probing('b', 'c', 'd', 'e', 'f');
    const began = lone.now;
    const asked = lone.run(began + 500);
    const requests = sent(asked, 'indirect-ping');
    expect(requests).toHaveLength(3);
    for (const { message } of requests) expect(message).toMatchObject({ seqNo: ping.seqNo, node: ping.node, nack: true });
    expect(requests.map(({ to }) => to)).not.toContainEqual(requests[0]?.message.target);
    const [stream] = asked.filter((effect) => effect.kind === 'open-stream' && effect.message.kind === 'ping');
    expect(stream).toMatchObject({ message: { seqNo: ping.seqNo, node: ping.node }, until: began + 1000 });
    lone.run(began + 999);
    expect(lone.node(ping.node)).toMatchObject({ state: 'alive' });
    lone.run(began + 1000);
    expect(lone.node(ping.node)).toMatchObject({ state: 'suspect', suspicion: { accuser: 'a' } });
  });

  test.each([
    ['nobody to help', ['b'], 0, 1],
    ['three helpers, all silent', ['b', 'c', 'd', 'e'], 0, 3],
    ['three helpers that tell of their failure', ['b', 'c', 'd', 'e'], 3, 0],
    ['three helpers of which two do', ['b', 'c', 'd', 'e'], 2, 1],
  ])('that fails with %s', (_, names, nacks, score) => {
    const { lone, ping } = probing(...names);
    const began = lone.now;
    lone.run(began + 900);
    for (let i = 0; i < nacks; i++) lone.hear(nack(ping.seqNo));
    lone.run(began + 1000);
    expect(lone.member.health).toBe(score);
    expect(lone.node(ping.node)?.state).toBe('suspect');
  });

  test('is stretched when we do badly, its ping is not', () => {
    const { lone } = probing('b', 'c', 'd', 'e');
    const suspects = (): number => lone.member.nodes.filter(({ state }) => state === 'suspect').length;
    lone.run(lone.now + 1000);
    expect([lone.member.health, suspects()]).toEqual([3, 1]);
    const began = lone.now;
    expect(sent(lone.run(began + 501), 'indirect-ping')[0]?.message.seqNo).toBe(2);
    lone.run(began + 3999);
    expect(suspects()).toBe(1);
    lone.run(began + 4001);
    expect(suspects()).toBe(2);
  });

  test('that took longer than an interval is followed by the next at once, and only by one of those missed', () => {
    const { lone, ping } = probing('b', 'c', 'd', 'e');
    // The first fails and makes us ill: the second may last four intervals, and ends after two and a half.
    lone.run(lone.now + 1000 + 2500);
    expect([ping.seqNo, lone.member.health]).toEqual([1, 3]);
    expect(sent(lone.hear(ack(2)), 'ping').map(({ message }) => message.seqNo)).toEqual([3]);
    expect(sent(lone.hear(ack(3)), 'ping')).toEqual([]);
    expect(sent(lone.run(lone.now + 499), 'ping')).toEqual([]);
    expect(lone.runUntilSent('ping').message.seqNo).toBe(4);
  });

  test('succeeds at its end with an answer over TCP alone', () => {
    const { lone, ping } = probing('b');
    const began = lone.now;
    const [opened] = lone.run(began + 600).filter((effect) => effect.kind === 'open-stream');
    if (opened?.kind !== 'open-stream') throw new Error('no stream was opened');
    lone.input({ kind: 'stream-answer', stream: opened.stream, message: ack(ping.seqNo) });
    expect(lone.run(began + 1000)).toContainEqual(expect.objectContaining({ kind: 'udp-broken' }));
    expect([lone.member.health, lone.node('b')?.state]).toEqual([0, 'alive']);
  });

  test('opens no stream to a node too old for it, nor if that is turned off', () => {
    for (const [tuning, max] of [
      [LAN, 2],
      [{ ...LAN, disableTcpPings: true }, 5],
    ] as const) {
      const lone = new Lone({ tuning });
      lone.hear(alive('b', 1, { versions: { ...VERSIONS, max } }));
      lone.runUntilSent('ping');
      expect(lone.run(lone.now + 900).filter((effect) => effect.kind === 'open-stream')).toEqual([]);
    }
  });

  test('whose ping the network refuses asks helpers at once', () => {
    const { lone, ping } = probing('b', 'c');
    const effects = lone.input({ kind: 'send-failed', seqNo: ping.seqNo, because: 'network' });
    expect(sent(effects, 'indirect-ping')).toHaveLength(1);
  });

  test('whose ping we could not even try is no verdict', () => {
    const { lone, ping } = probing('b');
    lone.input({ kind: 'send-failed', seqNo: ping.seqNo, because: 'local' });
    lone.run(lone.now + 990);
    expect([lone.member.health, lone.node('b')?.state]).toEqual([0, 'alive']);
  });

  test('of a suspect tells it so, and nothing else', () => {
    const lone = new Lone();
    lone.hear(alive('b', 4), { kind: 'suspect', node: 'b', incarnation: 4, from: 'x' });
    const effects = [...Array.from({ length: 10 }, () => lone.run(lone.now + 100)).flat()];
    const [ping] = effects.filter((effect) => effect.kind === 'send' && effect.messages[0]?.kind === 'ping');
    expect(ping).toMatchObject({ messages: [{ kind: 'ping' }, { kind: 'suspect', node: 'b', incarnation: 4, from: 'a' }] });
  });

  test('is not held against others when we ourselves came too late', () => {
    const { lone, ping } = probing('b', 'c', 'd');
    const stalledUntil = lone.now + 10_000;
    // Timers run before sockets are read: the first thing after the stall is a tick.
    lone.now = stalledUntil;
    lone.input({ kind: 'tick' });
    lone.run(stalledUntil + 5);
    lone.hear(ack(ping.seqNo));
    lone.run(stalledUntil + 100);
    expect(lone.member.health).toBe(0);
    expect(lone.member.nodes.map(({ state }) => state)).toEqual(['alive', 'alive', 'alive', 'alive']);
  });
});

test('a verdict that is due when we come back from a stall waits until we have read what came meanwhile', () => {
  const { lone, ping } = probing('b');
  const deadline = lone.now + 1000;
  lone.run(deadline - 0.001);
  lone.now = deadline + 5000;
  lone.input({ kind: 'tick' });
  expect(lone.node('b')?.state).toBe('alive');
  lone.hear(ack(ping.seqNo));
  expect([lone.member.health, lone.node('b')?.state]).toEqual([0, 'alive']);
  // What did not come by then does not come any more.
  const next = lone.runUntilSent('ping');
  lone.run(lone.now + 1100);
  expect([next.message.node, lone.node('b')?.state]).toEqual(['b', 'suspect']);
});

describe('a ping on behalf of another', () => {
  const request: IndirectPing = { kind: 'indirect-ping', seqNo: 77, node: 'b', target: at(2), nack: true };

  test('goes out under a number of our own; the answer is passed on under the asker’s', () => {
    const lone = new Lone();
    const [ping] = sent(lone.hear(request), 'ping');
    expect(ping).toMatchObject({ to: at(2), message: { node: 'b', source: { node: 'a' } } });
    const seqNo = ping?.message.seqNo ?? 0;
    expect(sent(lone.hear(ack(seqNo)), 'ack')).toEqual([{ to: at(99), message: ack(77) }]);
    expect(sent(lone.hear(ack(seqNo)), 'ack')).toEqual([]);
    expect(sent(lone.run(1000), 'nack')).toEqual([]);
  });

  test('that fails is told, in time for the asker’s verdict; a late answer is passed on all the same', () => {
    const lone = new Lone();
    const [ping] = sent(lone.hear(request), 'ping');
    expect(sent(lone.run(399), 'nack')).toEqual([]);
    expect(sent(lone.run(400), 'nack')).toEqual([{ to: at(99), message: nack(77) }]);
    expect(sent(lone.hear(ack(ping?.message.seqNo ?? 0)), 'ack')).toHaveLength(1);
  });

  test('that fails is not told to who does not want to know', () => {
    const lone = new Lone();
    lone.hear({ ...request, nack: false });
    expect(sent(lone.run(2000), 'nack')).toEqual([]);
  });

  test('is answered to where the asker says; port 0 is our own', () => {
    const lone = new Lone();
    const [ping] = sent(lone.hear({ ...request, target: { ...at(2), port: 0 }, source: { ...at(5), node: 'e' } }), 'ping');
    expect(ping?.to).toEqual(at(2));
    expect(sent(lone.hear(ack(ping?.message.seqNo ?? 0)), 'ack')[0]?.to).toEqual(at(5));
  });

  test('is dropped if too many wait', () => {
    const lone = new Lone();
    const effects = lone.hear(...Array.from({ length: 1000 }, (_, seqNo) => ({ ...request, seqNo })));
    expect(sent(effects, 'ping')).toHaveLength(256);
    expect(sent(lone.run(1000), 'nack')).toHaveLength(256);
    expect(sent(lone.hear(request), 'ping')).toHaveLength(1);
  });
});

describe('a ping', () => {
  test.each([
    ['for us', { node: 'a' }, at(99)],
    ['for whoever is here', { node: '' }, at(99)],
    ['that says where to answer', { node: 'a', source: { ...at(7), node: 'g' } }, at(7)],
    ['that says it badly', { node: 'a', source: { address: new Uint8Array(), port: 0, node: 'g' } }, at(99)],
  ])('%s is answered', (_, ping, to) => {
    expect(sent(new Lone().hear({ kind: 'ping', seqNo: 9, ...ping }), 'ack')).toEqual([{ to, message: ack(9) }]);
  });
  test('for another is not', () => {
    expect(sent(new Lone().hear({ kind: 'ping', seqNo: 9, node: 'b' }), 'ack')).toEqual([]);
  });
});
