/**
 * One member alone, `a` at 10.0.0.1, whose others are played by the test.
 */
import type { MemberlistEffect, MemberlistInput } from '../../../src/membership/memberlist/boundary.js';
import { Memberlist } from '../../../src/membership/memberlist/memberlist.js';
import type { Alive, Endpoint, PacketMessage } from '../../../src/membership/memberlist/message.js';
import type { MemberRecord } from '../../../src/membership/memberlist/record.js';
import { type MemberlistSettings, VERSIONS } from '../../../src/membership/memberlist/settings.js';
import { sizeOf } from '../../support/gossipnetwork.js';

export const at = (last: number): Endpoint => ({ address: Uint8Array.of(10, 0, 0, last), port: 7946 });

export const SETTINGS: MemberlistSettings = { self: 'a', endpoint: at(1), sizeOf, seed: 1 };

/** `b` at 10.0.0.2, and so on. */
export const alive = (node: string, incarnation = 1, change: Partial<Alive> = {}): Alive => ({
  ...{ kind: 'alive', node, incarnation, ...at(node.charCodeAt(0) - 96), meta: new Uint8Array(), versions: VERSIONS },
  ...change,
});

export class Lone {
  readonly member: Memberlist;
  now = 0;

  constructor(settings: Partial<MemberlistSettings> = {}) {
    this.member = new Memberlist({ ...SETTINGS, ...settings }, 0);
    this.input({ kind: 'tick' });
  }

  input(input: MemberlistInput): readonly MemberlistEffect[] {
    return this.member.step(input, this.now);
  }

  hear(...messages: readonly PacketMessage[]): readonly MemberlistEffect[] {
    return this.input({ kind: 'packet', from: at(99), messages });
  }

  /** Ticks whenever it wants to until then. */
  run(until: number): MemberlistEffect[] {
    const effects: MemberlistEffect[] = [];
    while (this.member.wakeAt <= until) {
      this.now = Math.max(this.now, this.member.wakeAt);
      effects.push(...this.input({ kind: 'tick' }));
    }
    this.now = until;
    return effects;
  }

  /** Runs until it sends a message of this kind. */
  runUntilSent<K extends PacketMessage['kind']>(kind: K): Sent<Extract<PacketMessage, { kind: K }>> {
    for (const end = this.now + 60_000; this.now < end; ) {
      this.now = this.member.wakeAt;
      const [first] = sent(this.input({ kind: 'tick' }), kind);
      if (first !== undefined) return first;
    }
    throw new Error(`no ${kind} within a minute`);
  }

  node(name: string): MemberRecord | undefined {
    return this.member.nodes.find((node) => node.name === name);
  }
}

export interface Sent<M extends PacketMessage> {
  readonly to: Endpoint;
  readonly message: M;
}

/** The messages of this kind that went out, wherever in a datagram. */
export const sent = <K extends PacketMessage['kind']>(
  effects: readonly MemberlistEffect[],
  kind: K,
): Sent<Extract<PacketMessage, { kind: K }>>[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' ? effect.messages.filter(isOf(kind)).map((message) => ({ to: effect.to, message })) : [],
  );

const isOf =
  <K extends PacketMessage['kind']>(kind: K) =>
  (message: PacketMessage): message is Extract<PacketMessage, { kind: K }> =>
    message.kind === kind;
