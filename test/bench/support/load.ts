/**
 * The load generator (native/arpload.c, which explains the two ways it asks) as a function: asks on a host, and gives what
 * came back. A wrong answer ends the bench.
 */
import { compileNative } from '../../lab/native.js';
import type { Host } from '../../lab/network.js';

export interface LoadOptions {
  /** IPv4 addresses and ranges, separated by commas; asked for in turn. */
  readonly targets: string;
  /** Whose MAC every answer has to have. @default whoever answers */
  readonly node?: Host;
  readonly seconds: number;
  /** Requests that are remembered. When paced, those of 0.2 s at least, or a late answer is taken for a wrong one. */
  readonly inFlight: number;
  /** Where sender addresses begin, of which each request in flight has its own. @default 10.9.2.0 */
  readonly senders?: string;
  /** Requests a second, whether answers come or not. @default the next request leaves when an answer comes */
  readonly ratePerS?: number;
  /** @default broadcast */
  readonly unicast?: boolean;
  /** Ends with the first answer. */
  readonly untilFirst?: boolean;
  /** Neither hears nor counts answers. */
  readonly blind?: boolean;
}

export interface Load {
  readonly sent: number;
  /** Given up because the kernel did not take them. */
  readonly refused: number;
  readonly replies: number;
  readonly lost: number;
  /** Second answers, and answers that came too late. */
  readonly extra: number;
  /** Answers to what somebody else on this host asked. */
  readonly foreign: number;
  readonly bad: number;
  readonly sentPerS: number;
  readonly ratePerS: number;
  readonly p50us: number;
  readonly p99us: number;
  /** Sum and longest of the times without any answer of more than 5 ms, while requests were paced. */
  readonly pausesMs: number;
  readonly longestPauseMs: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly firstSentAtMs: number;
  readonly firstAnswerAtMs: number;
}

export async function load(client: Host, options: LoadOptions): Promise<Load> {
  const { targets, node, seconds, inFlight, senders = '10.9.2.0', ratePerS } = options;
  const args = ['--interface', 'eth0', '--own', senders, '--target', targets, '--mac', node?.mac ?? 'any'];
  args.push('--inflight', String(inFlight), '--seconds', String(seconds));
  if (ratePerS !== undefined) args.push('--rate', String(ratePerS));
  if (options.unicast === true) args.push('--unicast');
  if (options.untilFirst === true) args.push('--first');
  if (options.blind === true) args.push('--blind');
  const { code, stdout, stderr } = await client.run(await compileNative('arpload'), args);
  if (code !== 0) throw new Error(stderr.trim());
  const result = JSON.parse(stdout) as Load;
  if (result.bad > 0) throw new Error(`${result.bad} wrong answers for ${targets}`);
  return result;
}
