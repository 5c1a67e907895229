/**
 * MetalLB's `config.json`, which replaces the constants of memberlist as a whole (metallb-behaviour §5.3): every key is required, and no
 * other is there. Durations are written as Go writes them.
 *
 * Stricter than MetalLB, for whom a number that is left out is 0, and a time that is 0 turns something off that a cluster lives by.
 */
import { type Issue, issue, malformed, type Parsed, parsed } from '../../issue/issue.js';
import { LAN, type Tuning } from './settings.js';

export interface ConfigFile {
  readonly tuning: Tuning;
  /** Keys that say something else than memberlist's default and mean nothing here. */
  readonly unheeded: readonly string[];
}

type Times =
  | 'tcpTimeoutMs'
  | 'pushPullIntervalMs'
  | 'probeTimeoutMs'
  | 'probeIntervalMs'
  | 'gossipIntervalMs'
  | 'gossipToTheDeadMs';
type Switches = 'disableTcpPings';
type Field = Exclude<keyof Tuning, 'deadNodeReclaimMs'>;

/** A field of {@link Tuning}, or memberlist's default of a key that means nothing here. */
type Key =
  | { readonly time: Times }
  | { readonly number: Exclude<Field, Times | Switches>; readonly least: number; readonly most: number }
  | { readonly switch: Switches }
  | { readonly unheeded: string | number | boolean };

/** More would never be meant. */
const MOST = 1000;

/** In the order in which MetalLB documents them. */
const KEYS: Readonly<Record<string, Key>> = {
  TCPTimeout: { time: 'tcpTimeoutMs' },
  IndirectChecks: { number: 'indirectChecks', least: 0, most: MOST },
  RetransmitMult: { number: 'retransmitMult', least: 1, most: MOST },
  SuspicionMult: { number: 'suspicionMult', least: 1, most: MOST },
  SuspicionMaxTimeoutMult: { number: 'suspicionMaxTimeoutMult', least: 1, most: MOST },
  PushPullInterval: { time: 'pushPullIntervalMs' },
  ProbeTimeout: { time: 'probeTimeoutMs' },
  ProbeInterval: { time: 'probeIntervalMs' },
  DisableTcpPings: { switch: 'disableTcpPings' },
  AwarenessMaxMultiplier: { number: 'awarenessMaxMultiplier', least: 1, most: MOST },
  GossipNodes: { number: 'gossipNodes', least: 1, most: MOST },
  GossipInterval: { time: 'gossipIntervalMs' },
  GossipToTheDeadTime: { time: 'gossipToTheDeadMs' },
  // What has no key is never believed here, and nothing is sent without it.
  GossipVerifyIncoming: { unheeded: true },
  GossipVerifyOutgoing: { unheeded: true },
  // Everybody reads what is not compressed.
  EnableCompression: { unheeded: true },
  HandoffQueueDepth: { unheeded: 1024 },
  // A message of a node must fit, and what is sent must be a datagram.
  UDPBufferSize: { number: 'udpBufferSize', least: 1000, most: 65_507 },
  QueueCheckInterval: { unheeded: '30s' },
};

/** MEMBERLIST_CONFIG_INVALID, once: what is wrong first, and where in `file`. */
export function parseConfigFile(text: string, file: string): Parsed<ConfigFile> {
  const wrong = (at: number, key: string, message: string): Parsed<never> =>
    malformed(issue('MEMBERLIST_CONFIG_INVALID', key, message, { file, ...placeOf(text, at) }));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    return wrong(Number(/position (\d+)/.exec(message)?.[1] ?? text.length), '', `it is not JSON: ${message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(0, '', 'it is not an object of keys');
  const given = new Map<string, unknown>(Object.entries(value));
  const stranger = [...given.keys()].find((key) => !Object.hasOwn(KEYS, key));
  if (stranger !== undefined) return wrong(text.indexOf(JSON.stringify(stranger)), stranger, 'there is no such key');
  const missing = Object.keys(KEYS).filter((key) => !given.has(key));
  if (missing.length > 0) return wrong(0, '', `it has no ${missing.join(', ')}; every key is required`);
  const tuning: Tuning & Record<Times | Switches, unknown> = { ...LAN };
  const unheeded: string[] = [];
  for (const [key, kind] of Object.entries(KEYS)) {
    const read = readValue(kind, given.get(key));
    if ('wrong' in read) return wrong(text.indexOf(JSON.stringify(key)), key, read.wrong);
    if (read.field === undefined) {
      if (read.isUnheeded) unheeded.push(key);
    } else Object.assign(tuning, { [read.field]: read.value });
  }
  return parsed({ tuning, unheeded });
}

/** One warning of all that mean nothing here; undefined: there are none. */
export const unheededIssue = ({ unheeded }: ConfigFile, file: string): Issue | undefined =>
  unheeded.length === 0 ? undefined : issue('FLAG_IGNORED', '', `${unheeded.join(', ')} of ${file} mean nothing here`);

type ReadValue =
  | { readonly wrong: string }
  | { readonly field: Field; readonly value: number | boolean }
  | { readonly field?: undefined; readonly isUnheeded: boolean };

function readValue(key: Key, value: unknown): ReadValue {
  if ('time' in key) {
    const ms = typeof value === 'string' ? durationMs(value) : undefined;
    if (ms === undefined) return { wrong: `${JSON.stringify(value)} is not a duration such as "500ms" or "1m30s"` };
    return ms < 1 ? { wrong: `${JSON.stringify(value)} is less than a millisecond` } : { field: key.time, value: ms };
  }
  if ('switch' in key) {
    return typeof value === 'boolean' ? { field: key.switch, value } : { wrong: `${JSON.stringify(value)} is not true or false` };
  }
  if ('unheeded' in key) {
    const isSame =
      typeof key.unheeded === 'string' ? durationMs(String(value)) === durationMs(key.unheeded) : value === key.unheeded;
    return typeof value === typeof key.unheeded
      ? { isUnheeded: !isSame }
      : { wrong: `${JSON.stringify(value)} is not a ${typeof key.unheeded}` };
  }
  const { number: field, least, most } = key;
  const isIn = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  return isIn ? { field, value } : { wrong: `${JSON.stringify(value)} is not a whole number from ${least} to ${most}` };
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** A duration of Go, `1h2m3.5s`; undefined for any other text, and for one below 0. */
export function durationMs(text: string): number | undefined {
  const written = text.replace(/^\+/, '');
  if (written === '0') return 0;
  let ms = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < written.length || at === 0; at = PART.lastIndex) {
    const [, amount = '', unit = ''] = PART.exec(written) ?? [];
    if (amount === '') return undefined;
    ms += Number(amount) * (UNITS[unit] ?? 0);
  }
  return Math.round(ms * 1e6) / 1e6;
}

/** Lines and columns begin at 1. */
function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.max(0, at));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}
