/**
 * A failover as a client on the wire saw it: from captured frames to four times, and those as a line of a terminal.
 */
import type { ArpEvent } from './capture.js';

/** Times in milliseconds after the kill. */
export interface Gap {
  readonly oldMac: string;
  readonly newMac: string;
  /** Negative or small: the old owner's last answer. */
  readonly lastAnswerMs: number;
  readonly firstGratuitousMs: number;
  readonly firstAnswerMs: number;
}

/** Reads a gap out of what was captured at the client. Throws when the new owner's frames are not in it. */
export function gapAfter(events: readonly ArpEvent[], address: string, oldMac: string, killedAtNs: bigint): Gap {
  const ms = ({ atNs }: ArpEvent): number => Number(atNs - killedAtNs) / 1e6;
  const about = events.filter(({ senderAddress, outgoing }) => senderAddress === address && !outgoing);
  const isGratuitous = (event: ArpEvent): boolean => event.targetAddress === address;
  const last = about.findLast((event) => event.senderMac === oldMac && !isGratuitous(event));
  const gratuitous = about.find((event) => event.senderMac !== oldMac && isGratuitous(event) && event.atNs >= killedAtNs);
  const first = about.find((event) => event.senderMac !== oldMac && !isGratuitous(event) && event.atNs >= killedAtNs);
  if (last === undefined || gratuitous === undefined || first === undefined)
    throw new Error('the capture holds no whole failover');
  return { oldMac, newMac: first.senderMac, lastAnswerMs: ms(last), firstGratuitousMs: ms(gratuitous), firstAnswerMs: ms(first) };
}

const WIDTH = 60;

/** The gap, drawn to scale: what the old node answered, silence, the gratuitous frame, what the new one answers. */
export function drawTimeline(gap: Gap, oldName: string, newName: string): string[] {
  const from = Math.min(gap.lastAnswerMs, 0) - 40;
  const to = gap.firstAnswerMs + 60;
  const column = (ms: number): number => Math.round(((ms - from) / (to - from)) * (WIDTH - 1));
  const row = (name: string, drawn: (at: number) => string): string =>
    `${name.padEnd(8)}${Array.from({ length: WIDTH }, (_, at) => drawn(at)).join('')}`;
  const [last, killed, gratuitous, first] = [gap.lastAnswerMs, 0, gap.firstGratuitousMs, gap.firstAnswerMs].map(column) as [
    number,
    number,
    number,
    number,
  ];
  return [
    row(oldName, (at) => (at === killed ? '✗' : at <= last ? '━' : '·')),
    row(newName, (at) => (at === gratuitous ? '▲' : at >= first ? '━' : '·')),
    `${''.padEnd(8)}✗ killed at 0 ms   ▲ first gratuitous frame at ${Math.round(gap.firstGratuitousMs)} ms   ━ answers, again from ${Math.round(gap.firstAnswerMs)} ms`,
  ];
}
