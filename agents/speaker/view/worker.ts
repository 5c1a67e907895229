/**
 * The view thread's beginning and end: opens the state, of a folder or a cluster, and the metrics port, hands them to the View, and
 * follows the interfaces.
 */
import { setMaxListeners } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { type Issue, issue, type Parsed } from '../../../src/issue/issue.js';
import type { NetworkInterface } from '../../../src/layer2/interface.js';
import { parseExclusion, type Selection, selectInterfaces, selectionRule } from '../../../src/layer2/selection.js';
import { serveEndpoints } from '../../runtime/endpoints.js';
import type { Review } from '../../runtime/https.js';
import { createLog, issueRecord, type LogRecord } from '../../runtime/log.js';
import { createMetrics, type Metrics, type WireSample } from '../../runtime/metrics.js';
import { endingWith } from '../../runtime/standing.js';
import { keepTrimmed } from '../../runtime/trim.js';
import type { ToView, ToWire } from '../messages.js';
import type { AgentOptions } from '../options.js';
import { sampleOf } from '../sample.js';
import { followInterfaces } from './interfaces.js';
import type { Opened, Reading } from './opened.js';
import { View } from './view.js';

const options = workerData as AgentOptions;
const port = parentPort;
if (port === null) throw new Error('this file is the worker of an agent');
const post = (message: ToWire): void => port.postMessage(message);
const ended = new AbortController();
const log = endingWith(() => view?.standing(), createLog(options.logLevel), ended.signal);
let tellsPod: (tell: (one: Issue) => void) => void = () => undefined;
/** By which the Pod is told that this is in, once there is a way to; nothing is told of outside a cluster. */
const pod = new Promise<(one: Issue) => void>((resolve) => {
  tellsPod = resolve;
});
const report = (one: Issue): void => {
  log(issueRecord(one));
  if (options.state.from === 'cluster') void pod.then((tell) => tell(one));
};
// Each kind that is followed ends with it.
setMaxListeners(0, ended.signal);

let reading: Reading = { heardAtMs: undefined, unfollowed: [], notReady: ['the state was not read yet'] };
let view: View | undefined;
/** This node's, as they were last seen. */
let selection: Selection | undefined;
let opened: Opened | undefined;
let review: Review = async () => 'unavailable';

const started = start();
const failed = await started;
if (failed !== undefined) {
  post({ type: 'fatal', issues: failed });
  ended.abort();
  post({ type: 'stopped' });
}

/** The issues that make going on impossible; undefined once everything runs. */
async function start(): Promise<readonly Issue[] | undefined> {
  const components = options.state.from === 'folder' ? (['controller', 'speaker'] as const) : (['speaker'] as const);
  const metrics = createMetrics({ node: options.node, components, now: Date.now });
  const sample = sampler();
  // What the wire thread says before there is a view waits for it.
  const early: ToView[] = [];
  port?.on('message', (message: ToView) => {
    if (message.type === 'sample') sample.receive(message.id, sampleOf(message.sample));
    else if (message.type === 'stop') void stop();
    else if (message.type === 'issues') for (const one of message.issues) report(one);
    else if (view === undefined) early.push(message);
    else view.receive(message);
  });
  // First: an agent that waits for its state is alive, and can say what it waits for.
  const unserved = await serve(metrics, sample.ask);
  if (unserved.length > 0) return unserved;
  // While the state is read, which takes longer.
  watchInterfaces();
  const result = await open();
  if (!result.ok) return result.issues;
  opened = result.value;
  if (ended.signal.aborted) return [];
  const { source, delivery, allocator, electorate } = opened;
  const rules = { ...(allocator === undefined ? {} : { allocator }), ...(electorate === undefined ? {} : { electorate }) };
  view = new View({ node: options.node, spread: options.spread, source, log, metrics, delivery, post, ...rules });
  for (const message of early) view.receive(message);
  // Last: an agent that cannot start must leave what another one put on this host.
  const undeliverable = await delivery?.start();
  if (undeliverable !== undefined) {
    await delivery?.release();
    return [undeliverable];
  }
  log(startup());
  if (selection !== undefined) view.setInterfaces(selection);
  view.run(ended.signal);
  keepTrimmed(() => post({ type: 'trimmed' }), ended.signal);
  return undefined;
}

/** Each is loaded only where it is needed: an agent holds the text of its program for as long as it runs. */
async function open(): Promise<Parsed<Opened>> {
  const { state, node } = options;
  const onReading = (now: Reading): void => {
    reading = now;
  };
  if (state.from === 'folder') return (await import('./folder.js')).openFolder(state, node, report, onReading, ended.signal);
  const onPeers = (hosts: readonly string[]): void => post({ type: 'peers', hosts });
  const onReview = (byApiServer: Review): void => {
    review = byApiServer;
  };
  const cluster = { state, node, report, onPod: tellsPod, onPeers, onReading, onReview };
  return (await import('./cluster.js')).openCluster(cluster, ended.signal);
}

/**
 * A start under way is finished first: what it puts on this host is then taken back with the rest. Nobody waits for an API server,
 * which may be away for ever.
 */
async function stop(): Promise<void> {
  if (opened === undefined && options.state.from === 'cluster') ended.abort();
  if ((await started) !== undefined) return;
  await view?.stop();
  ended.abort();
  await opened?.closed;
  post({ type: 'stopped' });
}

function serve(metrics: Metrics, ask: () => Promise<WireSample>): Promise<readonly Issue[]> {
  const scrape = async (): Promise<string> => {
    metrics.setWire(await ask());
    metrics.setViewConfirmed(reading.heardAtMs);
    metrics.setUnfollowed(reading.unfollowed);
    return metrics.text();
  };
  return serveEndpoints(
    options.endpoints,
    {
      ...{ report, metrics: { contentType: metrics.contentType, text: scrape } },
      notReady: () => view?.notReady() ?? reading.notReady,
      review: (token, path, verb) => review(token, path, verb),
    },
    ended.signal,
  );
}

/** Asks the wire thread for its counters, for each scrape. */
function sampler(): { ask: () => Promise<WireSample>; receive: (id: number, sample: WireSample) => void } {
  const waiting = new Map<number, (sample: WireSample) => void>();
  let last = 0;
  return {
    ask: () =>
      new Promise((resolve) => {
        last++;
        waiting.set(last, resolve);
        post({ type: 'sample', id: last });
      }),
    receive: (id, sample) => {
      waiting.get(id)?.(sample);
      waiting.delete(id);
    },
  };
}

/** Tells the wire thread what interfaces there are, at once and after each change. */
function watchInterfaces(): void {
  const exclude = options.exclude?.flatMap((text) => {
    const read = parseExclusion(text);
    return read.ok ? [read.value] : [];
  });
  const rule = selectionRule(options.interfaces, exclude);
  let missing: ReadonlySet<string> = new Set();
  const onList = (all: readonly NetworkInterface[]): void => {
    selection = selectInterfaces(all, rule);
    view?.setInterfaces(selection);
    post({ type: 'interfaces', interfaces: selection.interfaces });
    const present = new Set(all.map(({ name }) => name));
    const gone = options.interfaces.filter((name) => !present.has(name));
    for (const name of gone) if (!missing.has(name)) report(interfaceMissing(name, present));
    missing = new Set(gone);
  };
  void followInterfaces({ rule, onList, report }, ended.signal);
}

/** A declaration, because a list of interfaces may come while the file still waits for the start. */
function interfaceMissing(name: string, present: ReadonlySet<string>): Issue {
  return issue('INTERFACE_MISSING', '--interface', `this node has no interface ${name}; it has ${[...present].join(', ')}`);
}

function startup(): LogRecord {
  const { node, state, interfaces } = options;
  const where = state.from === 'folder' ? `state ${state.stateDir}, status ${state.statusDir}` : 'state of the cluster';
  const msg = `Arpeggio agent starting on ${node}: ${where}, interfaces ${interfaces.length === 0 ? 'all' : interfaces.join(', ')}`;
  return { level: 'info', event: 'startup', msg, fields: { node, ...(state.from === 'folder' ? { join: state.join } : {}) } };
}
