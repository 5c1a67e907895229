/**
 * The owner's cable is out, its agent is killed and started anew, and the cable put in again somewhere around that: how long until
 * one node and no other answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../../lab/capture.js';
import { type Failovers, nowMs } from './failovers.js';
import { load } from './load.js';

/** When what happens, in milliseconds from when the cable is pulled. */
export interface Relink {
  readonly startMs: number;
  readonly linkMs: number;
}

/** Milliseconds from when the link is up. */
export interface Relinked {
  /** How many nodes answered in the last {@link OWNED_MS} that were watched. */
  readonly owners: number;
  /** The last request that two nodes answered; 0 when none did. */
  readonly twoUntilMs: number;
  /** The first answer after the last request that nobody answered, be it that its owner's process had to wait; 0 when somebody always did. */
  readonly noneUntilMs: number;
}

const RATE_PER_S = 250;
/** Where the sender addresses of requests begin, of which each has its own. */
const SENDERS = '10.9.16.0';
const FIRST_SENDER = orderOf(SENDERS);

/** Longer than a busy machine keeps an owner from answering. */
export const OWNED_MS = 500;
/** For so long it is asked on: what nobody answered in the end may only be late. */
const TAIL_MS = 500;

/** Watches the first address until `watchMs` after the link is up. */
export async function relink(cluster: Failovers, { startMs, linkMs }: Relink, watchMs: number): Promise<Relinked> {
  const { lab, agents, addresses } = cluster;
  const [address = ''] = addresses;
  const { node } = await cluster.owner();
  const host = lab.network.host(node);
  await using heard = await capture(lab.client);
  const seconds = (linkMs + watchMs + TAIL_MS) / 1000;
  const inFlight = Math.ceil(seconds * RATE_PER_S) + 1;
  await host.setCable('down');
  const asking = load(lab.client, { targets: address, seconds, inFlight, ratePerS: RATE_PER_S, senders: SENDERS });
  let upMs = 0;
  const restart = async (): Promise<void> => {
    await agents.get(node)?.end('SIGKILL');
    await sleep(startMs);
    cluster.start(node);
  };
  const mend = async (): Promise<void> => {
    await sleep(linkMs);
    await host.setCable('up');
    upMs = nowMs();
  };
  await Promise.all([restart(), mend()]);
  const { sent } = await asking;
  const answers = heard.events
    .filter((one) => one.operation === 2 && !one.outgoing && one.senderAddress === address && one.targetAddress !== address)
    .map(({ atNs, senderMac, targetAddress }) => ({
      ms: Number(atNs / 1000n) / 1000 - upMs,
      senderMac,
      request: orderOf(targetAddress) - FIRST_SENDER,
    }))
    .filter(({ request }) => request >= 0 && request < sent);
  const watched = answers.find(({ ms }) => ms > watchMs)?.request ?? sent;
  const last = answers.filter(({ ms }) => ms > watchMs - OWNED_MS && ms < watchMs);
  const owners = new Set(last.map(({ senderMac }) => senderMac)).size;
  return { owners, twoUntilMs: twoUntil(answers), noneUntilMs: noneUntil(answers, watched, watchMs) };
}

interface Answer {
  readonly ms: number;
  readonly senderMac: string;
  /** Counted from 0, as they were sent. */
  readonly request: number;
}

function twoUntil(answers: readonly Answer[]): number {
  const macs = new Map<number, string>();
  let untilMs = 0;
  for (const { ms, senderMac, request } of answers) {
    const isSecond = macs.has(request) && macs.get(request) !== senderMac;
    if (isSecond) untilMs = Math.max(untilMs, ms);
    macs.set(request, senderMac);
  }
  return untilMs;
}

/** Of the first `count` requests. By them, not by time: this machine may have kept the client waiting. */
function noneUntil(answers: readonly Answer[], count: number, endMs: number): number {
  const answeredMs = new Map(answers.map(({ request, ms }) => [request, ms]));
  let untilMs = endMs;
  for (let request = count - 1; request >= 0; request--) {
    const ms = answeredMs.get(request);
    if (ms === undefined) return Math.max(0, untilMs);
    untilMs = ms;
  }
  return 0;
}

/** An IPv4 address as a number. */
function orderOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
