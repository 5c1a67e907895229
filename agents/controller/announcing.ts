/**
 * Writes of each Service who answers for it, or why nobody does: the condition `arpeggio/Announced`. It comes after the address, which
 * nobody may wait for because of it, and tells what lasts: at most once in five seconds a Service.
 */
import type { EndpointSliceView } from '../../src/api/views.js';
import type { Config } from '../../src/config/config.js';
import type { Issue } from '../../src/issue/issue.js';
import { type Backoff, failed, failureOf, RESTED } from '../../src/kube/backoff.js';
import { CalmQueue } from '../../src/kube/calmqueue.js';
import { ignoresExcludeLabel } from '../../src/kube/excludelabel.js';
import type { ShownObject } from '../../src/kube/objectstatus.js';
import { announcedPatch, type Condition, conditionText, type ShownService } from '../../src/kube/servicestatus.js';
import { troubleIssue } from '../../src/kube/trouble.js';
import { candidatesIn, survey, type World } from '../../src/layer2/announcements.js';
import { announcedCondition } from '../../src/plan/announced.js';
import { type Answerer, answeringIn } from '../../src/plan/owners.js';
import { rfc3339 } from '../kube/recorder.js';
import type { Answer, Transport } from '../kube/transport.js';
import type { KnownService } from '../source/known.js';
import { concernedBy } from './concerned.js';
import { type InForce, NOTHING } from './reconcile.js';

export interface AnnouncingOptions {
  readonly transport: Transport;
  readonly state: AnswerState;
  /** Whether this process may write now. */
  mayWrite(): boolean;
  /** Whether there are addresses to be written, which go first. */
  isBusy(): boolean;
  /** Why it cannot write; undefined: it can. */
  onTrouble(why: Issue | undefined): void;
  report(issue: Issue): void;
}

/** What the API server knows of who answers. */
export interface AnswerState {
  /** Until then nothing is told. */
  readonly knowsAnswering: boolean;
  readonly services: Known<KnownService>;
  readonly endpointSlices: Known<EndpointSliceView>;
  readonly answering: Known<Answerer> | undefined;
  /** What the components of the cluster say of themselves. */
  readonly states: Known<ShownObject>;
}

interface Known<T> {
  readonly objects: ReadonlyMap<string, T>;
}

/** Who may answer and who does, indexed for all Services at once. */
interface Picture {
  readonly world: World;
  /** By Service. */
  readonly answering: ReadonlyMap<string, readonly string[]>;
}

/** As `managedFields` has it. Another than that of the address, which is another write. */
const MANAGER = 'arpeggio-announcing';
const SETTLE_MS = 1000;
const REST_MS = 5000;
/** A picture costs what there is, not what changed. */
const BETWEEN_PICTURES_MS = 250;
/** Writes under way at a time: half of what addresses have. */
const AT_ONCE = 4;
/** Until it is looked again whether the addresses are written, or whether a lease that was renewed late is. */
const BUSY_MS = 200;

export class Announcing {
  readonly #options: AnnouncingOptions;
  readonly #queue = new CalmQueue({ settleMs: SETTLE_MS, restMs: REST_MS });
  /** What is to be written, by Service. */
  readonly #wanted = new Map<string, Condition>();
  #inForce: InForce = NOTHING;
  /** Undefined: something has changed since it was made. */
  #picture: Picture | undefined;
  #mayLookAtMs = Number.NEGATIVE_INFINITY;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #backoff: Backoff = RESTED;
  #lastProblem = '';
  #stopped = true;

  constructor(options: AnnouncingOptions) {
    this.#options = options;
  }

  /** Writes until `signal` aborts. */
  run(signal: AbortSignal): void {
    this.#stopped = false;
    signal.addEventListener('abort', () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
    });
    this.#pump();
  }

  /** What is in force now. */
  decided(inForce: InForce): void {
    const before = this.#inForce;
    this.#inForce = inForce;
    this.#note(concernedBy(before, inForce));
  }

  /** Who says that he answers for `service`, where its endpoints are, or what it shows; undefined: of any Service. */
  changed(service: string | undefined): void {
    this.#note(service === undefined ? this.#inForce.outcomes.keys() : [service]);
  }

  #note(services: Iterable<string>): void {
    this.#picture = undefined;
    const now = performance.now();
    for (const service of services) this.#queue.note(service, now);
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    const { state, isBusy, mayWrite } = this.#options;
    if (this.#stopped || !state.knowsAnswering) return;
    const now = performance.now();
    if (now >= Math.max(this.#queue.dueAtMs, this.#mayLookAtMs)) this.#look(now);
    const isHeldUp = this.#wanted.size > 0 && (isBusy() || !mayWrite());
    if (!isHeldUp && now >= this.#pausedUntilMs) this.#begin();
    const dueAtMs = Math.min(
      Math.max(this.#queue.dueAtMs, this.#mayLookAtMs),
      this.#wanted.size > 0 && this.#running < AT_ONCE
        ? Math.max(this.#pausedUntilMs, isHeldUp ? now + BUSY_MS : now)
        : Number.POSITIVE_INFINITY,
    );
    if (dueAtMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), Math.max(1, dueAtMs - now));
  }

  /** What has to be written of those whose time has come. */
  #look(now: number): void {
    const { services } = this.#options.state;
    for (const service of this.#queue.take(now)) {
      const condition = this.#conditionOf(service, now);
      const isRight = condition === undefined || conditionText(condition) === services.objects.get(service)?.shown.announced;
      if (isRight) this.#wanted.delete(service);
      else this.#wanted.set(service, condition);
    }
  }

  #begin(): void {
    for (const [service, condition] of this.#wanted) {
      if (this.#running >= AT_ONCE) return;
      this.#wanted.delete(service);
      const shown = this.#options.state.services.objects.get(service)?.shown;
      if (shown === undefined) continue;
      this.#running++;
      this.#queue.wrote(service, performance.now());
      void this.#write(service, condition, shown).then((answer) => {
        this.#running--;
        this.#onAnswer(service, answer);
        this.#pump();
      });
    }
  }

  /** Undefined for a Service that is not ours to serve, or is gone. */
  #conditionOf(service: string, now: number): Condition | undefined {
    const { config, outcomes } = this.#inForce;
    const [outcome, known] = [outcomes.get(service), this.#options.state.services.objects.get(service)];
    if (config === undefined || outcome === undefined || known === undefined) return undefined;
    this.#picture ??= this.#pictureOf(config, now);
    const { world, answering } = this.#picture;
    const addresses = 'allocated' in outcome ? outcome.allocated.addresses : [];
    const candidates = candidatesIn(world, { service: known.view, addresses });
    return announcedCondition(outcome, { nodes: answering.get(service) ?? [], candidates });
  }

  #pictureOf(config: Config, now: number): Picture {
    this.#mayLookAtMs = now + BETWEEN_PICTURES_MS;
    const { endpointSlices, answering, states } = this.#options.state;
    const { nodes } = this.#inForce.objects;
    const slices = [...endpointSlices.objects.values()];
    return {
      world: survey({
        ...{ config, services: [], nodes, endpointSlices: slices, self: '', withoutSlices: 'cannot-serve' },
        // Speakers of one cluster are told alike.
        ignoreExcludeLabel: [...states.objects.values()].some(ignoresExcludeLabel),
      }),
      answering: answeringIn(answering?.objects.values() ?? []),
    };
  }

  #write(service: string, condition: Condition, shown: ShownService): Promise<Answer> {
    const [namespace, name] = service.split('/');
    return this.#options.transport.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/services/${name}/status?fieldManager=${MANAGER}`,
      contentType: 'application/strategic-merge-patch+json',
      body: announcedPatch(condition, shown, rfc3339(Date.now())),
    });
  }

  #onAnswer(service: string, answer: Answer): void {
    if ('answered' in answer) {
      this.#backoff = RESTED;
      this.#lastProblem = '';
      this.#options.onTrouble(undefined);
      return;
    }
    const refused = 'refused' in answer ? answer.refused : undefined;
    if (refused?.code === 404) return;
    const now = performance.now();
    this.#queue.note(service, now);
    // Another has its name now, or others wrote so often that the API server gave up: no problem.
    if (refused?.code === 409) return;
    this.#tell(troubleIssue(answer, 'who answers cannot be written to Services', 'it is tried again'));
    if (now < this.#pausedUntilMs) return;
    const { waitMs, backoff } = failed(this.#backoff, refused === undefined ? 'away' : failureOf(refused.code), Math.random());
    this.#backoff = backoff;
    this.#pausedUntilMs = now + Math.max(waitMs, refused?.retryAfterMs ?? 0);
  }

  #tell(why: Issue): void {
    this.#options.onTrouble(why);
    if (why.message === this.#lastProblem) return;
    this.#lastProblem = why.message;
    this.#options.report(why);
  }
}
