/**
 * The status of Services, written where it is not what it should be, and only if the Service is still what the decision was made for.
 *
 * Of thousands of Services only the names are remembered of those that have to be written: what is to be written is asked for when it is.
 */
import type { KubeObject } from '../../src/api/object.js';
import { isRecord } from '../../src/api/value.js';
import { addressWriters, lastAddressWriter } from '../../src/kube/addresswriters.js';
import { isNewer } from '../../src/kube/resourceversion.js';
import {
  gained,
  hasMarks,
  isAsWanted,
  type ShownService,
  servicePatch,
  shownService,
  wantedService,
} from '../../src/kube/servicestatus.js';
import { type Contest, isContested, isOver, mayWriteAtMs, writtenOver } from '../../src/kube/statuscontest.js';
import { rfc3339 } from '../kube/recorder.js';
import type { Answer, Transport } from '../kube/transport.js';
import type { KnownService } from './known.js';
import type { Known } from './objectwriter.js';

export interface ServiceWriterOptions {
  readonly transport: Transport;
  readonly services: Known<KnownService>;
  /** As `managedFields` has it. */
  readonly manager: string;
  /** What a Service, by `namespace/name`, should show; undefined: nothing of ours. */
  wanted(service: string): KubeObject | undefined;
  /** Somebody writes again and again over what is written here; `others` are who may be, by `managedFields`. */
  onContest(service: string, others: readonly string[]): void;
  /** Somebody else gave it an address while it was watched here. */
  onGiven(service: string, by: string): void;
  now(): number;
}

/** What became of a Service: nothing had to be written, it has to wait, or what the API server said. */
export type Written = 'nothing' | { readonly waitMs: number } | Answer;

const ASK_EVERY_MS = 10_000;

export class ServiceWriter {
  readonly #options: ServiceWriterOptions;
  readonly #pending = new Set<string>();
  /** What Services show by the server's answer, until the same comes by the watch. */
  readonly #written = new Map<string, ShownService>();
  /** What is being written. */
  readonly #underWay = new Map<string, string>();
  /** The one that was written over last comes last. */
  readonly #contests = new Map<string, Contest>();
  /** When it was last asked who gave an address: who gives one gives more. */
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ServiceWriterOptions) {
    this.#options = options;
  }

  /** Whether it has to be written, as far as is known. */
  isPending(service: string): boolean {
    return this.#pending.has(service);
  }

  /** Services over whose status somebody else writes again and again. */
  get contested(): readonly string[] {
    const now = performance.now();
    return [...this.#contests].flatMap(([service, one]) => (isContested(one) && !isOver(one, now) ? [service] : [])).sort();
  }

  /** Whether it is not as `object` has it; undefined: nothing of ours should be left in it. */
  want(service: string, object: KubeObject | undefined): boolean {
    const shown = this.#shown(service);
    if (shown === undefined) return false;
    // What is being written may be what is not wanted any more.
    if (isRight(shown, object) && !this.#underWay.has(service)) this.#pending.delete(service);
    else this.#pending.add(service);
    return this.#pending.has(service);
  }

  /** What nobody serves any more should show nothing of ours. */
  *abandoned(): Iterable<string> {
    for (const [key, { view, shown }] of this.#options.services.objects) {
      if (view.type !== 'LoadBalancer' && hasMarks(this.#shown(key) ?? shown) && this.#options.wanted(key) === undefined)
        yield key;
    }
  }

  /** It changed; gives whether only by us. */
  changed(service: string, before: ShownService | undefined, shown: ShownService | undefined): boolean {
    if (shown === undefined) {
      for (const each of [this.#written, this.#pending, this.#contests]) each.delete(service);
      return false;
    }
    const written = this.#written.get(service);
    if (written !== undefined && isNewer(written.resourceVersion, shown.resourceVersion)) return true;
    this.#written.delete(service);
    if (written?.resourceVersion === shown.resourceVersion || this.#underWay.get(service) === shown.text) return true;
    if (before !== undefined && before.text !== shown.text) {
      this.#noticeContest(service, before, shown);
      if (gained(before, shown)) this.#noticeGift(service);
    }
    return false;
  }

  async write(service: string): Promise<Written> {
    const { transport, manager, services, now } = this.#options;
    if (!this.#pending.has(service)) return 'nothing';
    const wanted = this.#options.wanted(service);
    const shown = this.#shown(service);
    const isLeft = wanted === undefined && services.objects.get(service)?.view.type === 'LoadBalancer';
    if (shown === undefined || isLeft || isRight(shown, wanted)) {
      this.#pending.delete(service);
      return 'nothing';
    }
    const contest = this.#contests.get(service);
    const waitMs = contest === undefined ? 0 : mayWriteAtMs(contest) - performance.now();
    if (waitMs > 0) return { waitMs };
    const [namespace, name] = service.split('/');
    this.#underWay.set(service, wanted === undefined ? '' : wantedService(wanted).text);
    const answer = await transport.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/services/${name}/status?fieldManager=${manager}`,
      contentType: 'application/strategic-merge-patch+json',
      body: servicePatch(wanted, shown, rfc3339(now())),
    });
    this.#underWay.delete(service);
    if ('answered' in answer && isRecord(answer.answered)) this.#onWritten(service, shownService(answer.answered));
    return answer;
  }

  #onWritten(service: string, after: ShownService): void {
    const known = this.#options.services.objects.get(service)?.shown.resourceVersion;
    if (known !== undefined && isNewer(after.resourceVersion, known)) this.#written.set(service, after);
    // Something else may be wanted since, or somebody may have written after us.
    const shown = this.#shown(service);
    if (shown !== undefined && isRight(shown, this.#options.wanted(service))) this.#pending.delete(service);
  }

  /** By the watch, or by the server's answer to a write that the watch has not told yet. */
  #shown(service: string): ShownService | undefined {
    const written = this.#written.get(service);
    const known = this.#options.services.objects.get(service)?.shown;
    if (written === undefined || (known !== undefined && isNewer(written.resourceVersion, known.resourceVersion))) {
      return written ?? known;
    }
    // All Services may have been listed anew since.
    this.#written.delete(service);
    return known;
  }

  /** It showed what it should, and does not any more. */
  #noticeContest(service: string, before: ShownService, shown: ShownService): void {
    const wanted = this.#options.wanted(service);
    if (wanted === undefined || !isAsWanted(before, wantedService(wanted)) || isAsWanted(shown, wantedService(wanted))) return;
    const now = performance.now();
    const known = this.#contests.get(service);
    const contest = writtenOver(known, now);
    this.#contests.delete(service);
    this.#contests.set(service, contest);
    for (const [oldest, one] of this.#contests) {
      if (!isOver(one, now)) break;
      this.#contests.delete(oldest);
    }
    if (isContested(contest) && (known === undefined || !isContested(known))) void this.#tellContest(service);
  }

  async #tellContest(service: string): Promise<void> {
    const others = addressWriters(await this.#ask(service)).filter((one) => one !== this.#options.manager);
    this.#options.onContest(service, others);
  }

  /** Another of our replicas may have given it, or one that this was before. */
  #noticeGift(service: string): void {
    const now = performance.now();
    if (now - this.#askedAtMs < ASK_EVERY_MS) return;
    this.#askedAtMs = now;
    void this.#ask(service).then((object) => {
      const by = lastAddressWriter(object);
      if (by !== undefined && by !== this.#options.manager) this.#options.onGiven(service, by);
    });
  }

  /** With its `managedFields`, which nobody keeps. */
  async #ask(service: string): Promise<unknown> {
    const [namespace, name] = service.split('/');
    const path = `/api/v1/namespaces/${namespace}/services?fieldSelector=metadata.name%3D${name}`;
    const answer = await this.#options.transport.call({ method: 'GET', path });
    const items = 'answered' in answer && isRecord(answer.answered) ? answer.answered['items'] : undefined;
    return Array.isArray(items) ? items[0] : undefined;
  }
}

const isRight = (shown: ShownService, wanted: KubeObject | undefined): boolean =>
  wanted === undefined ? !hasMarks(shown) : isAsWanted(shown, wantedService(wanted));
