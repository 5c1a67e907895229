/**
 * The view thread: follows the source, keeps the wire thread's table up to date, and tells people what both did, as log lines,
 * status, events and metrics. Nothing here is on the way of a frame or of a failover.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import { announceable, announceFailedMessage } from '../../../src/layer2/announceable.js';
import type { Announcement } from '../../../src/layer2/announcement.js';
import type { Refusal } from '../../../src/layer2/announcements.js';
import { ballotOf } from '../../../src/layer2/ballot.js';
import { unusableFor, unusableForNdp } from '../../../src/layer2/interface.js';
import { newRankingMemory } from '../../../src/layer2/rankingmemory.js';
import type { Selection } from '../../../src/layer2/selection.js';
import type { Membership } from '../../../src/membership/membership.js';
import { formatUnspread, unspread } from '../../../src/membership/unspread.js';
import type { Allocator } from '../../controller/allocator.js';
import { Controller, lazily } from '../../controller/controller.js';
import { type InForce, NOTHING } from '../../controller/reconcile.js';
import { fingerprint } from '../../runtime/fingerprint.js';
import { issueRecord, type Log, type LogRecord } from '../../runtime/log.js';
import type { AddressConflict, Metrics } from '../../runtime/metrics.js';
import { Pace } from '../../runtime/pace.js';
import type { Snapshot, Source } from '../../source/source.js';
import type { OwnerChange, ToView, ToWire } from '../messages.js';
import { announcementsOf, type ElectorateRules, filterPrefixes, OF_A_FOLDER } from './announce.js';
import type { LoopbackDelivery } from './deliver.js';
import { standingRecord } from './standing.js';
import { describeConflict, speakerStatus } from './status.js';

export interface ViewOptions {
  readonly node: string;
  /** `--spread`. */
  readonly spread: boolean;
  readonly source: Source;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Undefined: traffic is delivered by somebody else. */
  readonly delivery: LoopbackDelivery | undefined;
  readonly post: (message: ToWire) => void;
  /** Who gives the addresses. @default this agent, from a folder */
  readonly allocator?: Allocator;
  /** @default those of a folder */
  readonly electorate?: ElectorateRules;
}

export class View {
  readonly #options: ViewOptions;
  readonly #controller: Controller;
  #inForce: InForce = NOTHING;
  #membership: Membership;
  /** What of the members the table was made from. */
  #electors = '';
  /** When many nodes come at once, each would have every address ranked again. */
  readonly #membersPace = new Pace(() => {
    this.#announce();
    this.#noticeSpread();
  });
  /** The view is a former run's. */
  #isOld = false;
  /** By address. */
  #announcements: ReadonlyMap<string, Announcement> = new Map();
  readonly #rankings = newRankingMemory();
  #refusals: ReadonlySet<string> = new Set();
  readonly #owned = new Set<string>();
  /** The fingerprint of the table that was posted last: an equal one is not posted again. */
  #published = '';
  /** By what {@link describeConflict} says of each. */
  readonly #conflicts = new Map<string, AddressConflict>();
  /** Addresses that are this node's, and that the wire thread has no interface for. */
  #unowned: readonly string[] = [];
  /** Those of them of which it is known why. */
  #unanswerable: ReadonlyMap<string, string> = new Map();
  /** Why addresses are not spread though some node was told to. */
  #unspread: string | undefined;
  /** Why interfaces cannot be captured. */
  #uncaptured: readonly Issue[] = [];
  /** This node's, as they were last seen. */
  #selection: Selection = { interfaces: [], leftOut: new Map() };
  /** Steps on `lo` and the table, one after another. */
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: ViewOptions) {
    this.#options = options;
    const { source, log, metrics, allocator } = options;
    this.#controller = new Controller({ sink: source, log, metrics, ...(allocator === undefined ? {} : { allocator }) });
    this.#membership = { self: options.node, settled: false, ready: false, members: [] };
  }

  /** Takes the source's present state and every later one, until `signal` aborts. */
  run(signal: AbortSignal): void {
    const { source } = this.#options;
    signal.addEventListener(
      'abort',
      source.subscribe((snapshot) => this.#onSnapshot(snapshot)),
    );
    this.#onSnapshot(source.snapshot());
  }

  /** What keeps this node from being ready, one sentence each. */
  notReady(): readonly string[] {
    const { config } = this.#inForce;
    return [
      ...(config === undefined ? ['no valid set of pools and advertisements was read yet'] : []),
      ...(this.#membership.settled ? [] : ['still waiting for the first heartbeats of peers']),
      ...(this.#membership.settled && !this.#membership.ready ? ['no interface can be answered on'] : []),
    ];
  }

  /** Undefined while a starting node still listens for peers. */
  standing(): LogRecord | undefined {
    return this.#membership.settled ? standingRecord(this.#membership, [...this.#owned].sort()) : undefined;
  }

  receive(message: ToView): void {
    const { log } = this.#options;
    switch (message.type) {
      case 'log':
        log(message.record);
        break;
      case 'membership':
        this.#onMembership(message.membership);
        break;
      case 'ownership':
        for (const change of message.changes) this.#onOwnerChange(change);
        this.#showOwned();
        break;
      case 'unanswerable':
        this.#unowned = message.addresses;
        this.#onUnanswerable(message.addresses);
        break;
      case 'conflicts':
        this.#onConflicts(message.begun, message.over);
        break;
      case 'captures':
        this.#uncaptured = message.failed;
        this.#showOwned();
        break;
      case 'issues':
      case 'sample':
      case 'stop':
        break;
    }
  }

  /** The wire thread is told elsewhere; here they explain what cannot be answered for. */
  setInterfaces(selection: Selection): void {
    this.#selection = selection;
    // The reasons may be others than they were.
    if (this.#unowned.length > 0) this.#onUnanswerable(this.#unowned);
  }

  /** Waits for the steps under way, and takes back what was put on `lo`. */
  async stop(): Promise<void> {
    this.#membersPace.cancel();
    await this.#publishing;
    this.#options.source.writeStatus('speaker', []);
    const failed = await this.#options.delivery?.release();
    if (failed !== undefined) this.#options.log(issueRecord(failed));
  }

  #onSnapshot(snapshot: Snapshot): void {
    this.#inForce = this.#controller.decide(snapshot);
    this.#isOld = snapshot.stale === true;
    // First what others wait for.
    this.#announce();
    this.#noticeSpread();
    this.#controller.tell();
  }

  #onMembership(membership: Membership): void {
    this.#membership = membership;
    const states = [...membership.members.map(({ state }) => state), 'alive'];
    const count = (state: string): number => states.filter((one) => one === state).length;
    this.#options.metrics.setMembers({ alive: count('alive'), silent: count('silent'), left: count('left') });
    const electors = electorsIn(membership);
    if (electors === this.#electors) return;
    this.#electors = electors;
    this.#membersPace.request();
  }

  #noticeSpread(): void {
    const { log, metrics, spread } = this.#options;
    const { config, objects } = this.#inForce;
    if (config === undefined) return;
    const found = unspread(spread, this.#membership, new Set(objects.nodes.map(({ name }) => name)));
    const [before, now] = [this.#unspread, found === undefined ? undefined : formatUnspread(spread, found)];
    if (now === before) return;
    this.#unspread = now;
    metrics.setUnspread(found?.members ?? []);
    if (now !== undefined) log(issueRecord(issue('SPREAD_OFF', '--spread', now)));
    else log({ level: 'info', event: 'spreadOn', msg: 'nothing keeps addresses from being spread over the nodes any more' });
    this.#showOwned();
  }

  /** Recomputes the table and publishes it if it changed. Rankings ignore liveness, so a failover leads to nothing here. */
  #announce(): void {
    if (this.#inForce.config === undefined) return;
    const { spread, electorate = OF_A_FOLDER } = this.#options;
    const rules = { spread, electorate, rankings: this.#rankings };
    const { announcements, refused } = announcementsOf(this.#inForce, this.#membership, rules);
    this.#logRefusals(refused);
    const prefixes = filterPrefixes(announcements, this.#options.node);
    const known = this.#membership.members.map(({ name }) => name);
    const stale = this.#inForce.stale || this.#isOld;
    const table = fingerprint(JSON.stringify([announcements, prefixes, known, stale]));
    if (table === this.#published) return;
    this.#published = table;
    this.#announcements = new Map(announcements.map((one) => [one.address, one]));
    this.#publishing = this.#publishing.then(() =>
      this.#publish(announcements, { type: 'announcements', ballot: ballotOf(announcements), prefixes, known, stale }),
    );
    this.#showOwned();
  }

  /** The addresses are on `lo` before anybody is told to send here, and leave it after nobody is. */
  async #publish(announcements: readonly Announcement[], table: ToWire): Promise<void> {
    const { delivery, log, post, node } = this.#options;
    const ours = announcements.filter(({ ranking }) => ranking.includes(node));
    const wanted = new Set(ours.map(({ address }) => address));
    const failed = await delivery?.add(wanted);
    if (failed !== undefined) log(issueRecord(failed));
    post(table);
    const kept = await delivery?.keepOnly(wanted);
    if (kept !== undefined) log(issueRecord(kept));
  }

  #onOwnerChange({ address, from, to, kind, evidence, silenceMs, tookMs }: OwnerChange): void {
    const { log, metrics, node, source } = this.#options;
    const announcement = this.#announcements.get(address);
    const fields = { ip: address, node, services: announcement?.services, from, to, evidence, protocol: 'layer2' };
    if (to === node) {
      this.#owned.add(address);
      const durationMs = silenceMs ?? tookMs;
      if (durationMs !== undefined) metrics.observeFailover(kind, durationMs / 1000);
      const msg = `${node} is elected leader and announces ${address}: ${evidence}`;
      log({
        level: 'info',
        event: 'serviceAnnounced',
        msg,
        fields: { ...fields, ranking: announcement?.ranking, silenceMs, tookMs },
      });
      for (const service of announcement?.services ?? []) {
        const message = `announcing from node "${node}" with protocol "layer2"`;
        source.recordEvent({ type: 'Normal', reason: 'nodeAssigned', message, service, component: 'metallb-speaker' });
      }
    } else {
      this.#owned.delete(address);
      const leader = to === undefined ? 'nobody is leader now' : `the leader is now ${to}`;
      log({ level: 'info', event: 'serviceWithdrawn', msg: `${node} withdraws ${address}: ${leader}: ${evidence}`, fields });
    }
  }

  #showOwned(): void {
    const { metrics, node, source, electorate } = this.#options;
    const owned = [...this.#owned].sort().flatMap((address) => this.#announcements.get(address) ?? []);
    metrics.setAnnounced(
      lazily(() => owned.flatMap(({ address, services }) => services.map((service) => ({ service, address })))),
    );
    metrics.setConflicts([...this.#conflicts.values()]);
    metrics.setUncaptured(this.#uncaptured.map(({ path }) => path));
    const { config, stale } = this.#inForce;
    const isValid = config !== undefined && !stale;
    const [conflicts, unanswerable] = [[...this.#conflicts.values()], this.#unanswerable];
    const uncaptured = this.#uncaptured.map(({ message }) => message);
    source.writeStatus(
      'speaker',
      lazily(() =>
        speakerStatus({
          ...{ node, announced: owned, isValid, conflicts, unanswerable, uncaptured, unspread: this.#unspread },
          ignoreExcludeLabel: (electorate ?? OF_A_FOLDER).ignoreExcludeLabel,
        }),
      ),
    );
  }

  /** MetalLB's event, and its words where no named interface is there; every address is told of once. */
  #onUnanswerable(addresses: readonly string[]): void {
    const { log, node, source } = this.#options;
    const before = this.#unanswerable;
    const unanswerable = new Map<string, string>();
    for (const address of addresses) {
      const { services = [], interfaces = 'all' } = this.#announcements.get(address) ?? {};
      const result = announceable(interfaces, this.#selection, address.includes(':') ? unusableForNdp : unusableFor);
      // The wire thread will say so when it has seen the same list.
      if ('on' in result) continue;
      unanswerable.set(address, result.why);
      if (before.get(address) === result.why) continue;
      const msg = `${node} should announce ${address}, and cannot: ${result.why}`;
      log({ level: 'warn', event: 'announceFailed', msg, fields: { ip: address, node, services, protocol: 'layer2' } });
      const message = announceFailedMessage(address, node, result.failed, result.why);
      for (const service of services) {
        source.recordEvent({ type: 'Warning', reason: 'announceFailed', message, service, component: 'metallb-speaker' });
      }
    }
    this.#unanswerable = unanswerable;
    this.#showOwned();
  }

  #onConflicts(begun: readonly AddressConflict[], over: readonly AddressConflict[]): void {
    const { log, source } = this.#options;
    for (const one of over) {
      this.#conflicts.delete(describeConflict(one));
      const msg = `${describeConflict(one)} no more, or it is not this node's any more`;
      log({ level: 'info', event: 'addressConflictOver', msg, fields: fieldsOf(one) });
    }
    for (const one of begun) {
      this.#conflicts.set(describeConflict(one), one);
      const { services = [] } = this.#announcements.get(one.address) ?? {};
      const msg = `${describeConflict(one)}, who is none of this cluster's nodes: traffic may go there; find the host, or name it with --proxy-arp if it answers for others`;
      log({ level: 'warn', event: 'addressConflict', msg, fields: { ...fieldsOf(one), services } });
      const message = `${describeConflict(one)}, who is none of this cluster's nodes`;
      for (const service of services) {
        source.recordEvent({ type: 'Warning', reason: 'addressConflict', message, service, component: 'metallb-speaker' });
      }
    }
    this.#showOwned();
  }

  #logRefusals(refused: readonly Refusal[]): void {
    const texts = new Set<string>();
    for (const { service, address, reasons } of refused) {
      const why = reasons.map(({ node, reason }) => `${node}: ${reason}`).join(', ');
      const msg = `nobody may announce ${address} for ${service} (${why === '' ? 'no nodes' : why})`;
      texts.add(msg);
      if (!this.#refusals.has(msg))
        this.#options.log({ level: 'warn', event: 'notAnnounced', msg, fields: { service, ip: address, reasons } });
    }
    this.#refusals = texts;
  }
}

/** What the table is made from, of the members: whether they live is nothing to it, save where it tells what rules hold. */
function electorsIn({ members }: Membership): string {
  return JSON.stringify(
    members.map(({ name, state, speaks, spreads }) => [name, ...(state === 'alive' ? [speaks, spreads] : [])]),
  );
}

const fieldsOf = ({ address, mac, interface: on }: AddressConflict): Readonly<Record<string, unknown>> => ({
  ip: address,
  mac,
  interface: on,
});
