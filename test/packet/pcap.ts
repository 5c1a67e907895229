/**
 * What a pcap filter lets through, without libpcap: the part of pcap-filter(7) that our filters are written in, with its two
 * traps. `and` and `or` bind alike, from left to right; and a byte that the frame does not have ends the whole filter with no.
 */
type Test = (frame: Buffer) => boolean;

/** Thrown by a test that looks past the end. */
class PastTheEnd extends Error {}

const PRIMITIVES: readonly (readonly [RegExp, (parts: readonly string[]) => Test])[] = [
  [/^arp(?!\[)/, () => hasType(0x0806)],
  [/^vlan/, () => (frame) => [0x8100, 0x88a8, 0x9100].includes(read(frame, 12, 2))],
  [
    /^ether (src|dst) ([0-9a-f:]{17})/,
    ([, end, mac = '']) =>
      (frame) =>
        read(frame, end === 'src' ? 6 : 0, 6) === Number.parseInt(mac.replaceAll(':', ''), 16),
  ],
  [
    /^len < (\d+)/,
    ([, bytes]) =>
      (frame) =>
        frame.length < Number(bytes),
  ],
  [
    /^len > (\d+)/,
    ([, bytes]) =>
      (frame) =>
        frame.length > Number(bytes),
  ],
  [
    /^(arp|ip6)\[(\d+)(?::(\d))?\] (!?=) (\w+)/,
    ([, name, at, size, relation, value]) => compare(name, at, size, '0xffffffff', relation, value),
  ],
  [
    /^\((arp|ip6)\[(\d+)(?::(\d))?\] & (\w+)\) (=) (\w+)/,
    ([, name, at, size, mask, relation, value]) => compare(name, at, size, mask, relation, value),
  ],
];

const hasType =
  (type: number): Test =>
  (frame) =>
    read(frame, 12, 2) === type;

function read(frame: Buffer, at: number, size: number): number {
  if (at + size > frame.length) throw new PastTheEnd();
  return frame.readUIntBE(at, size);
}

/** A byte of a protocol is asked for only of frames of that protocol; what the others hold there is no. */
function compare(name = '', at = '', size = '1', mask = '', relation = '', value = ''): Test {
  const isOfProtocol = hasType(name === 'arp' ? 0x0806 : 0x86dd);
  return (frame) =>
    isOfProtocol(frame) &&
    ((read(frame, 14 + Number(at), Number(size)) & Number(mask)) >>> 0 === Number(value)) === (relation === '=');
}

/** Reads a filter. Throws where it is not in the part of the language that is known here. */
export function readFilter(text: string): Test {
  let rest = text;
  const takes = (token: RegExp): RegExpExecArray | null => {
    rest = rest.trimStart();
    const found = token.exec(rest);
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };
  const one = (): Test => {
    if (takes(/^not\b/)) {
      const test = one();
      return (frame) => !test(frame);
    }
    for (const [pattern, make] of PRIMITIVES) {
      const found = takes(pattern);
      if (found === null) continue;
      // Whatever came after it would be looked for four bytes further on.
      if (pattern.source === '^vlan' && rest !== '') throw new Error(`vlan does not stand last in ${text}`);
      return make(found);
    }
    if (!takes(/^\(/)) throw new Error(`not understood: ${rest}`);
    const test = all();
    if (!takes(/^\)/)) throw new Error(`not closed: ${rest}`);
    return test;
  };
  const all = (): Test => {
    let test = one();
    for (let word = takes(/^(?:and|or)\b/); word !== null; word = takes(/^(?:and|or)\b/)) {
      const [left, right] = [test, one()];
      test = word[0] === 'and' ? (frame) => left(frame) && right(frame) : (frame) => left(frame) || right(frame);
    }
    return test;
  };
  const test = all();
  if (rest.trim() !== '') throw new Error(`left over: ${rest}`);
  return (frame) => {
    try {
      return test(frame);
    } catch (error) {
      if (error instanceof PastTheEnd) return false;
      throw error;
    }
  };
}
