/**
 * Members of a memberlist cluster on a network of its own time: datagrams and streams take a while, and may be lost, doubled or
 * cut off. The same seed gives the same history.
 */
import type { MemberlistEffect, MemberlistInput } from '../../src/membership/memberlist/boundary.js';
import { Memberlist } from '../../src/membership/memberlist/memberlist.js';
import type { Endpoint, PacketMessage, StreamMessage } from '../../src/membership/memberlist/message.js';
import type { MemberlistSettings } from '../../src/membership/memberlist/settings.js';
import { generator } from './random.js';

export interface Weather {
  /** A way takes from half of this to one and a half. */
  readonly delayMs: number;
  /** Shares of the datagrams, from 0 to 1. Streams lose nothing. */
  readonly loss: number;
  readonly duplication: number;
}

export interface Told {
  readonly at: number;
  readonly node: string;
  readonly effect: MemberlistEffect;
}

export interface GossipNetwork {
  readonly now: number;
  /** Whatever members told that is not sent. */
  readonly told: Told[];
  weather: Weather;
  /** By how much each timer of a process comes too late. */
  timersLateMs: number;
  /** Whether nothing gets from one node to another, named; both ways are asked for. */
  isCut: (from: string, to: string) => boolean;
  /** Whether datagrams alone do not. */
  dropsDatagrams: (from: string, to: string) => boolean;
  start(name: string, settings?: Partial<MemberlistSettings>): void;
  /** Ends a process without a word. */
  kill(name: string): void;
  /** Keeps a process from running until `untilMs`. What arrives meanwhile waits. */
  stall(name: string, untilMs: number): void;
  input(name: string, input: MemberlistInput): void;
  run(untilMs: number): void;
  node(name: string): Memberlist;
  /** Names of the members in the view of one, sorted. */
  members(name: string): string[];
}

/** Where the node of this name listens: `n7` at 10.0.0.7. */
export const endpointOf = (name: string): Endpoint => ({
  address: Uint8Array.of(10, 0, 0, Number(name.replace(/\D/g, ''))),
  port: 7946,
});

/** About as long as the codec makes it. */
export function sizeOf(message: PacketMessage): number {
  let size = 40;
  if ('node' in message) size += message.node.length;
  if (message.kind === 'alive') size += 40 + message.meta.length;
  if (message.kind === 'suspect' || message.kind === 'dead') size += message.from.length;
  return size;
}

interface Process {
  readonly name: string;
  readonly member: Memberlist;
  stalledUntil: number;
  readonly inbox: { readonly at: number; readonly input: MemberlistInput }[];
}

export function gossipNetwork(seed: number, first: Weather = { delayMs: 1, loss: 0, duplication: 0 }): GossipNetwork {
  const random = generator(seed);
  const processes = new Map<string, Process>();
  /** Streams that wait for an answer, by the number their request got here. */
  const requests = new Map<number, { readonly asker: Process; readonly stream: number; readonly answerer: string }>();
  let asked = 0;
  let now = 0;
  const world = {
    told: [] as Told[],
    weather: first,
    timersLateMs: 0,
    isCut: () => false,
    dropsDatagrams: () => false,
    get now(): number {
      return now;
    },
    ...{ start, kill, stall, input, run, node, members },
  } as GossipNetwork;
  return world;

  function start(name: string, settings: Partial<MemberlistSettings> = {}): void {
    const seed = Math.floor(random() * 2 ** 32);
    const member = new Memberlist({ self: name, endpoint: endpointOf(name), sizeOf, seed, ...settings }, now);
    processes.set(name, { name, member, stalledUntil: 0, inbox: [] });
  }
  function kill(name: string): void {
    processes.delete(name);
  }
  function stall(name: string, untilMs: number): void {
    processOf(name).stalledUntil = untilMs;
  }
  function input(name: string, one: MemberlistInput): void {
    const process = processOf(name);
    for (const effect of process.member.step(one, now)) perform(process, effect);
  }

  function run(untilMs: number): void {
    for (;;) {
      let next: Process | undefined;
      for (const process of processes.values()) if (next === undefined || dueAt(process) < dueAt(next)) next = process;
      if (next === undefined || dueAt(next) > untilMs) break;
      now = Math.max(now, dueAt(next));
      turn(next);
    }
    now = untilMs;
  }

  /** Timers come before what arrived, as in Node's event loop: the worse order for a process that was stalled. */
  function turn(process: Process): void {
    const isDue = process.member.wakeAt + world.timersLateMs <= now;
    const one: MemberlistInput | undefined = isDue ? { kind: 'tick' } : process.inbox.shift()?.input;
    if (one !== undefined) input(process.name, one);
  }

  function dueAt({ member, inbox: [first], stalledUntil }: Process): number {
    return Math.max(stalledUntil, Math.min(member.wakeAt + world.timersLateMs, first?.at ?? Number.POSITIVE_INFINITY));
  }

  function perform(process: Process, effect: MemberlistEffect): void {
    switch (effect.kind) {
      case 'send':
        sendDatagram(process, effect.to, effect.messages);
        break;
      case 'open-stream':
        openStream(process, effect.stream, nameAt(effect.to), effect.message);
        break;
      case 'answer-stream':
        answerStream(process, effect.request, (stream) => ({ kind: 'stream-answer', stream, message: effect.message }));
        break;
      case 'close-stream':
        answerStream(process, effect.request, (stream) => ({ kind: 'stream-failed', stream }));
        break;
      default:
        world.told.push({ at: now, node: process.name, effect });
    }
  }

  /** Refused where nothing listens. Where nothing gets through it waits until its opener has waited long enough. */
  function openStream(process: Process, stream: number, to: string, message: StreamMessage): void {
    if (isApart(process.name, to)) return;
    if (!processes.has(to)) {
      deliver(process, to, { kind: 'stream-failed', stream });
      return;
    }
    asked += 1;
    requests.set(asked, { asker: process, stream, answerer: to });
    deliverTo(to, process.name, { kind: 'stream-request', request: asked, from: endpointOf(process.name), message });
  }

  function sendDatagram({ name }: Process, endpoint: Endpoint, messages: readonly PacketMessage[]): void {
    const { loss, duplication } = world.weather;
    const to = nameAt(endpoint);
    if (random() < loss || world.dropsDatagrams(name, to)) return;
    const packet: MemberlistInput = { kind: 'packet', from: endpointOf(name), messages };
    deliverTo(to, name, packet);
    if (random() < duplication) deliverTo(to, name, packet);
  }

  function answerStream({ name }: Process, request: number, answer: (stream: number) => MemberlistInput): void {
    const waiting = requests.get(request);
    requests.delete(request);
    if (waiting === undefined || waiting.answerer !== name || isApart(name, waiting.asker.name)) return;
    deliver(waiting.asker, name, answer(waiting.stream));
  }

  function deliverTo(to: string, from: string, one: MemberlistInput): void {
    const process = processes.get(to);
    if (process !== undefined) deliver(process, from, one);
  }
  function deliver(to: Process, from: string, one: MemberlistInput): void {
    if (isApart(from, to.name)) return;
    const at = now + world.weather.delayMs * (0.5 + random());
    const later = to.inbox.findIndex((other) => other.at > at);
    to.inbox.splice(later < 0 ? to.inbox.length : later, 0, { at, input: one });
  }
  function isApart(a: string, b: string): boolean {
    return world.isCut(a, b) || world.isCut(b, a);
  }
  function nameAt({ address }: Endpoint): string {
    return `n${address.at(-1)}`;
  }

  function node(name: string): Memberlist {
    return processOf(name).member;
  }
  function members(name: string): string[] {
    const there = node(name).nodes.filter(({ state }) => state === 'alive' || state === 'suspect');
    return there.map((one) => one.name).sort();
  }
  function processOf(name: string): Process {
    const process = processes.get(name);
    if (process === undefined) throw new Error(`no node ${name} runs`);
    return process;
  }
}
