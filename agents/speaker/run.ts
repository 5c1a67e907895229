/**
 * One agent process: the wire thread here, on the main thread, because the capture binding polls the process's default loop;
 * the view thread as its worker. Either one's end is the end of the process: successors take over in a moment, and half an
 * agent would answer for ever from a table that nobody renews.
 */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { formatIssue, type Issue, issue } from '../../src/issue/issue.js';
import { parseMac } from '../../src/net/mac.js';
import { allowTrimming } from '../runtime/trim.js';
import type { ToView, ToWire } from './messages.js';
import type { AgentOptions } from './options.js';
import { keepLowDescriptors } from './wire/descriptors.js';
import { checkBuild, releaseFreed, releaseMemory } from './wire/link.js';
import type { PeerName } from './wire/peers.js';
import { type GossipSettings, Wire } from './wire/wire.js';

/** Room for short-lived objects, of which the view thread has few between two changes: V8's default would keep ten times that. */
const VIEW_YOUNG_MB = 3;
/**
 * How much a function runs before V8 optimises it, in its own unit; ten times the default. Nothing that runs once at start is
 * optimised then, which keeps 3 MB of the compiler out of memory on every host; the frame path gets there all the same.
 */
const OPTIMISE_LATER = '--interrupt-budget=1000000';
/** Node 20's. Later ones count otherwise, and complain on stderr about a flag they do not know. */
const V8_WITH_BUDGET = /^11\./;

/** The wire thread's young generation stays as small as it began: V8 would let a table of 5,000 addresses make it 16 MB, for good. */
const SMALL_YOUNG = '--semi-space-growth-factor=1';
/** Calls of built-in functions in the view thread need not be short: that takes 1.6 MB of copies of them, and saves it little. */
const NO_COPY_OF_BUILTINS = '--no-short-builtin-calls';

/** By then the state has been read, and what there is has been announced: little of the code that this took is needed again. */
const RELEASE_AFTER_MS = 6000;

/** How long the view thread may take to put this host back as it was. */
const STOP_MS = 2000;

/** What only the wire thread needs; the key above all is nobody else's business. */
export interface GossipOptions extends GossipSettings {
  readonly peers: readonly PeerName[];
}

/** Runs until `signal` aborts or something makes going on impossible; gives the exit code. */
export async function runAgent(options: AgentOptions, gossip: GossipOptions, signal: AbortSignal): Promise<number> {
  const unsafe = checkBuild();
  if (unsafe !== undefined) return fail([unsafe]);

  keepLowDescriptors();
  // The wire's first words wait until the view thread is there to hear them.
  const early: ToView[] = [];
  let post = (message: ToView): void => void early.push(message);
  const wire = new Wire({
    node: options.node,
    port: options.port,
    peers: gossip.peers,
    gossip,
    spread: options.spread,
    announceRate: options.announceRate,
    refreshMs: options.refreshMs,
    proxies: options.proxies.flatMap((text) => parseMac(text) ?? []),
    failbackMs: options.failbackMs,
    onConflict: options.onConflict,
    post: (message) => post(message),
  });
  // Before anything of this host is touched: an agent that cannot run beside another must not disturb it.
  const taken = await wire.bind();
  if (taken !== undefined) return fail([taken]);

  if (V8_WITH_BUDGET.test(process.versions.v8)) setFlagsFromString(OPTIMISE_LATER);
  setFlagsFromString(NO_COPY_OF_BUILTINS);
  allowTrimming();
  const view = new Worker(new URL('./view.js', import.meta.url), {
    workerData: options,
    resourceLimits: { maxYoungGenerationSizeMb: VIEW_YOUNG_MB },
  });
  // Making a heap puts this back to 2, so it comes after.
  view.once('online', () => setFlagsFromString(SMALL_YOUNG));
  post = (message) => view.postMessage(message);
  for (const message of early) post(message);
  const ended = new AbortController();
  let isStarted = false;
  const begin = (peers: readonly PeerName[]): void => {
    isStarted = true;
    void wire.start(ended.signal, peers);
  };
  const viewStopped = new Promise<void>((resolve) => {
    view.once('exit', () => resolve());
    view.on('message', (message: ToWire) => {
      if (message.type === 'stopped') resolve();
    });
  });
  const end = new Promise<number>((resolve) => {
    view.on('message', (message: ToWire) => {
      if (message.type === 'fatal') resolve(fail(message.issues));
      else if (message.type === 'trimmed') releaseFreed();
      else if (message.type === 'peers' && !isStarted) begin(message.hosts.map((host) => ({ host, port: options.port })));
      else wire.receive(message);
    });
    view.on('error', (error) => {
      process.stderr.write(`the view thread failed: ${error.stack ?? error.message}\n`);
      resolve(1);
    });
    view.on('exit', (code) => resolve(code === 0 ? 1 : code));
    signal.addEventListener('abort', () => resolve(0), { once: true });
    // It may have come while the port was taken.
    if (signal.aborted) resolve(0);
    // The Pods of other speakers have to be asked for first.
    if (options.state.from === 'folder') begin(gossip.peers);
  });
  setTimeout(releaseMemory, RELEASE_AFTER_MS).unref();

  const code = await end;
  await wire.stop();
  post({ type: 'stop' });
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, STOP_MS, 'late'));
  const isLate = (await Promise.race([viewStopped, late])) === 'late';
  await view.terminate();
  ended.abort();
  if (!isLate || options.state.from === 'cluster' || options.state.deliver === 'nothing') return code;
  return fail([
    issue(
      'DELIVER_FAILED',
      '',
      'the view thread is too busy to take addresses off lo; the next agent on this status folder does',
    ),
  ]);
}

function fail(issues: readonly Issue[]): number {
  for (const one of issues) process.stderr.write(`${formatIssue(one)}\n`);
  return 1;
}
