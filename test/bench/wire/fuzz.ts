/**
 * Millions of random, cut and changed frames through both responders: nothing throws, nothing is answered that a model would not
 * answer, and memory stays where it was. The model shares no code with what it judges.
 */
import type { On } from '../../../src/layer2/ballot.js';
import { claimIn, decideNeighbour } from '../../../src/layer2/neighbourresponder.js';
import { decide } from '../../../src/layer2/responder.js';
import { type AddressKey, addressKey, ipv6 } from '../../../src/net/address.js';
import { turnIntoReply } from '../../../src/packet/arp.js';
import { turnIntoAdvertisement } from '../../../src/packet/neighbour.js';
import { arpFrame, mac, v4 } from '../../packet/frames.js';
import { neighbourFrame, readNaively, repairChecksum, v6 } from '../../packet/neighbourframes.js';
import { generator } from '../../support/random.js';
import { type Figures, figure } from '../figures.js';

const FRAMES = 3_000_000;
const OURS = '020000000001';
const VIP4 = '192.0.2.10';
const VIP6 = '2001:db8::10';
const ETH0 = { name: 'eth0', mac: mac('02:00:00:00:00:01') };
const LINK_LOCAL = v6('fe80::1');
const CLAIMS: ReadonlyMap<AddressKey, On> = new Map<AddressKey, On>([
  [v4(VIP4), 'all'],
  [addressKey(ipv6(v6(VIP6))), new Set(['eth0'])],
]);

export async function run(): Promise<Figures> {
  const random = generator(1);
  const room = new DataView(new ArrayBuffer(256));
  const bytes = new Uint8Array(room.buffer);
  let answers = 0;
  const once = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const length = change(seedFrame(bytes, random), bytes, random);
      if (judge(room, bytes, length)) answers++;
    }
  };
  once(FRAMES / 10);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  once(FRAMES);
  const seconds = (performance.now() - start) / 1000;
  globalThis.gc?.();
  const grownKb = (process.memoryUsage().heapUsed - before) / 1024;
  if (answers === 0) throw new Error('no frame was answered: nothing was tried');
  return [
    figure(
      'wire.fuzz.frames',
      FRAMES,
      '',
      `without an exception or an answer the model would not give; ${answers} answered; ${(FRAMES / seconds / 1000).toFixed(0)} k/s with the model`,
    ),
    figure('wire.fuzz.grownKb', grownKb, 'KB', 'of memory in use after them; about 0'),
  ];
}

/** Whether the frame is answered; throws where the responders and the model differ. */
function judge(room: DataView, bytes: Uint8Array, length: number): boolean {
  const frame = Buffer.from(bytes.subarray(0, length));
  const isNeighbour = length > 13 && frame.readUInt16BE(12) === 0x86dd;
  const decision = isNeighbour ? decideNeighbour(room, ETH0, CLAIMS, length) : decide(room, ETH0, CLAIMS, length);
  const wanted = isNeighbour ? answersNeighbour(frame) : answersArp(frame);
  if ('answer' in decision !== wanted)
    throw new Error(`${'answer' in decision ? 'answered' : 'dropped'}: ${frame.toString('hex')}`);
  claimIn(room, length);
  if (!('answer' in decision)) return false;
  if (isNeighbour) turnIntoAdvertisement(room, { mac: ETH0.mac, linkLocal: LINK_LOCAL });
  else turnIntoReply(room, ETH0.mac, v4(VIP4));
  return true;
}

/** RFC 826 and metallb-behaviour §4.7, on hexadecimal digits. */
function answersArp(frame: Buffer): boolean {
  const hex = frame.toString('hex');
  const isWhole = frame.length >= 42 && frame.length <= 128 && hex.slice(24, 40) === '0806000108000604';
  const to = hex.slice(0, 12);
  const isForUs = to === 'ffffffffffff' || to === OURS;
  return isWhole && isForUs && hex.slice(12, 24) !== OURS && hex.slice(40, 44) === '0001' && hex.slice(76, 84) === 'c000020a';
}

function answersNeighbour(frame: Buffer): boolean {
  const message = readNaively(frame);
  const hex = frame.toString('hex');
  const isForUs = hex.startsWith('3333') || hex.startsWith(OURS);
  return (
    message?.kind === 'solicitation' &&
    isForUs &&
    hex.slice(12, 24) !== OURS &&
    message.target === '20010db8000000000000000000000010'
  );
}

const SEEDS: readonly Buffer[] = [
  arpFrame({ target: VIP4 }),
  arpFrame({ target: VIP4, sender: '0.0.0.0', to: '02:00:00:00:00:01' }),
  arpFrame({ target: VIP4, sender: VIP4, operation: 2 }),
  neighbourFrame({ target: VIP6 }),
  neighbourFrame({ target: VIP6, source: '::', options: [] }),
  neighbourFrame({ target: VIP6, type: 136, destination: 'ff02::1', options: ['0201020000000077'] }),
].map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));

/** A good frame, or noise. Gives its length. */
function seedFrame(bytes: Uint8Array, random: () => number): number {
  const seed = SEEDS[Math.floor(random() * (SEEDS.length + 1))];
  if (seed !== undefined) {
    bytes.set(seed);
    return seed.length;
  }
  const length = Math.floor(random() * 256);
  for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  return length;
}

/** Some bytes are other ones, some of the frame is cut off; half the time the checksum is right again. */
function change(length: number, bytes: Uint8Array, random: () => number): number {
  for (let left = Math.floor(random() * 4); left > 0; left--) bytes[Math.floor(random() * length)] = random() * 256;
  const rest = random() < 0.2 ? Math.floor(random() * (length + 1)) : length;
  if (rest >= 78 && random() < 0.5) repairChecksum(Buffer.from(bytes.buffer), rest);
  return rest;
}
