/** Messages and bytes for the tests of memberlist's wire: nodes as its vectors name them, and arbitraries of everything that can be said. */
import fc from 'fast-check';
import type {
  Alive,
  NodeState,
  PacketMessage,
  Ping,
  PushPull,
  StreamMessage,
  Suspect,
  Versions,
} from '../../../src/membership/memberlist/message.js';
import { NODE_STATES } from '../../../src/membership/memberlist/message.js';
import type { Key, Sealing } from '../../../src/membership/memberlist/seal.js';

export const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

export const NOTHING: Uint8Array = new Uint8Array();
export const A_ADDRESS: Uint8Array = Uint8Array.of(10, 0, 0, 1);
export const B_ADDRESS: Uint8Array = Uint8Array.of(10, 0, 0, 2);
const VERSIONS: Versions = { min: 1, max: 5, current: 2, delegateMin: 0, delegateMax: 0, delegateCurrent: 0 };

export const KEY: Key = ascii('0123456789abcdef');
export const OTHER_KEY: Key = ascii('fedcba9876543210');
export const NONCE: Uint8Array = fromHex('000102030405060708090a0b');
export const SEALING: Sealing = { key: KEY, nonce: NONCE };

export const PING: Ping = { kind: 'ping', seqNo: 1, node: 'node-b' };
export const SUSPECT: Suspect = { kind: 'suspect', node: 'node-b', incarnation: 3, from: 'node-a' };
export const ALIVE: Alive = {
  kind: 'alive',
  node: 'node-a',
  incarnation: 1,
  address: A_ADDRESS,
  port: 7946,
  meta: NOTHING,
  versions: VERSIONS,
};

const A_STATE: NodeState = {
  name: 'node-a',
  address: A_ADDRESS,
  port: 7946,
  meta: NOTHING,
  incarnation: 1,
  state: 'alive',
  versions: VERSIONS,
};

export const PUSH_PULL: PushPull = {
  kind: 'push-pull',
  join: true,
  nodes: [A_STATE, { ...A_STATE, name: 'node-b', address: B_ADDRESS, meta: ascii('zone=a'), incarnation: 200, state: 'suspect' }],
  userState: NOTHING,
};

const u32 = fc.oneof(fc.nat(300), fc.nat(0xffffffff));
const port = fc.nat(0xffff);
const byte = fc.nat(255);
const latin1 = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const name = latin1.filter((text) => text !== '');
const address = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const endpoint = fc.record({ address, port });
/** A source without a port is none. */
const source = fc.record({ address, port: fc.integer({ min: 1, max: 0xffff }), node: latin1 });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const versions = fc.record<Versions>({
  min: byte,
  max: byte,
  current: byte,
  delegateMin: byte,
  delegateMax: byte,
  delegateCurrent: byte,
});
const is = <K extends string>(kind: K): fc.Arbitrary<K> => fc.constant(kind);

const ping = fc.record({ kind: is('ping'), seqNo: u32, node: latin1, source }, { requiredKeys: ['kind', 'seqNo', 'node'] });
const indirectPing = fc.record(
  { kind: is('indirect-ping'), seqNo: u32, node: latin1, target: endpoint, nack: fc.boolean(), source },
  { requiredKeys: ['kind', 'seqNo', 'node', 'target', 'nack'] },
);
const ack = fc.record({ kind: is('ack'), seqNo: u32, payload: bytes(300) });
const user = fc.record({ kind: is('user'), body: bytes(300) });

export const packetMessages: fc.Arbitrary<PacketMessage> = fc.oneof(
  ping,
  indirectPing,
  ack,
  fc.record({ kind: is('nack'), seqNo: u32 }),
  fc.record({ kind: is('suspect'), node: latin1, incarnation: u32, from: latin1 }),
  fc.record({ kind: is('dead'), node: latin1, incarnation: u32, from: latin1 }),
  fc.record({ kind: is('alive'), node: name, incarnation: u32, address, port, meta: bytes(512), versions }),
  user,
);

const nodeState = fc.record<NodeState>({
  name,
  address,
  port,
  meta: bytes(512),
  incarnation: u32,
  state: fc.constantFrom(...NODE_STATES),
  versions,
});

export const streamMessages: fc.Arbitrary<StreamMessage> = fc.oneof(
  ping,
  ack,
  user,
  fc.record({ kind: is('error'), error: latin1 }),
  fc.record({ kind: is('push-pull'), join: fc.boolean(), nodes: fc.array(nodeState, { maxLength: 8 }), userState: bytes(300) }),
);

/** `sound` with a few of its bytes replaced, and cut or continued: what a peer with a bug sends, or one who tries. */
export const mutated = (sound: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(sound, fc.array(fc.tuple(fc.nat(), byte), { maxLength: 4 }), fc.option(fc.nat()), bytes(4))
    .map(([whole, changes, cut, more]) => {
      const changed = Uint8Array.from([...whole, ...more]);
      for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
      return cut === null ? changed : changed.subarray(0, cut % (changed.length + 1));
    });
