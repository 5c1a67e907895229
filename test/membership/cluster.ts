/**
 * Heartbeat nodes on a network without time of its own: beats arrive after `delayMs`, unless a link is cut.
 */
import {
  type Heartbeat,
  type HeartbeatEffect,
  type HeartbeatInput,
  type HeartbeatSettings,
  type HeartbeatStep,
  membershipOf,
  startHeartbeat,
  stepHeartbeat,
} from '../../src/membership/heartbeat.js';
import { liveNodes } from '../../src/membership/membership.js';

interface Told {
  readonly at: number;
  readonly node: string;
  readonly effect: HeartbeatEffect;
}

export interface Cluster {
  now: number;
  readonly told: Told[];
  /** Starts a process at `address`; it is ready at once. */
  start(address: string, settings: HeartbeatSettings): void;
  /** Ends a process without a word. */
  kill(address: string): void;
  /** Keeps a process from running until `untilMs`. What arrives meanwhile waits. */
  stall(address: string, untilMs: number): void;
  input(address: string, input: HeartbeatInput): void;
  run(untilMs: number): void;
  live(address: string): string[];
  state(address: string): Heartbeat;
  /** Addresses whose beats are lost on the way. */
  readonly cut: Set<string>;
}

interface Process {
  state: Heartbeat;
  stalledUntil: number;
  readonly inbox: { readonly at: number; readonly input: HeartbeatInput }[];
}

export function cluster(delayMs = 1): Cluster {
  const processes = new Map<string, Process>();
  const world: Cluster = { now: 0, told: [], cut: new Set(), start, kill, stall, input, run, live, state };
  return world;

  function perform(address: string, { state: next, effects }: HeartbeatStep): void {
    const process = processOf(address);
    process.state = next;
    for (const effect of effects) {
      if (effect.kind !== 'send') {
        world.told.push({ at: world.now, node: next.settings.self, effect });
        continue;
      }
      if (world.cut.has(address)) continue;
      for (const to of effect.to) {
        processes.get(to)?.inbox.push({ at: world.now + delayMs, input: { kind: 'beat', from: address, beat: effect.beat } });
      }
    }
  }

  function start(address: string, settings: HeartbeatSettings): void {
    const first = startHeartbeat(settings, world.now);
    processes.set(address, { state: first.state, stalledUntil: 0, inbox: [] });
    perform(address, first);
    input(address, { kind: 'ready', ready: true });
  }
  function kill(address: string): void {
    processes.delete(address);
  }
  function stall(address: string, untilMs: number): void {
    processOf(address).stalledUntil = untilMs;
  }
  function input(address: string, one: HeartbeatInput): void {
    perform(address, stepHeartbeat(processOf(address).state, one, world.now));
  }

  function run(untilMs: number): void {
    for (;;) {
      const [next] = [...processes].map(([address, process]) => ({ address, at: dueAt(process) })).sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > untilMs) break;
      world.now = Math.max(world.now, next.at);
      turn(next.address, processOf(next.address));
    }
    world.now = untilMs;
  }
  function dueAt({ state: { wakeAt }, inbox: [first], stalledUntil }: Process): number {
    return Math.max(stalledUntil, Math.min(wakeAt, first?.at ?? Number.POSITIVE_INFINITY));
  }

  /** Timers come before what arrived, as in Node's event loop: the worse order for a process that was stalled. */
  function turn(address: string, process: Process): void {
    const next: HeartbeatInput | undefined = process.state.wakeAt <= world.now ? { kind: 'tick' } : process.inbox.shift()?.input;
    if (next !== undefined) input(address, next);
  }

  function live(address: string): string[] {
    return [...liveNodes(membershipOf(state(address)))].sort();
  }
  function state(address: string): Heartbeat {
    return processOf(address).state;
  }
  function processOf(address: string): Process {
    const process = processes.get(address);
    if (process === undefined) throw new Error(`nothing runs at ${address}`);
    return process;
  }
}
