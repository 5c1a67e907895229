/**
 * The status of objects of a cluster, written where it is not what it should be: only status, only where something differs, and
 * only if the object is still what the decision was made for.
 *
 * One queue for all: what the API server says to one write holds for the next.
 */
import type { KubeObject } from '../../src/api/object.js';
import type { PlainObject } from '../../src/api/value.js';
import type { IssueCode } from '../../src/issue/catalogue.js';
import { type Issue, issue } from '../../src/issue/issue.js';
import { type Backoff, failed, RESTED } from '../../src/kube/backoff.js';
import type { Trouble } from '../../src/kube/reflector.js';
import { isRefusal, Refusals, withRefusals } from '../../src/kube/refusals.js';
import type { ShownService } from '../../src/kube/servicestatus.js';
import { isOfOneObject, troubleIssue } from '../../src/kube/trouble.js';
import { WorkQueue } from '../../src/kube/workqueue.js';
import { Recorder } from '../kube/recorder.js';
import type { Answer, Transport } from '../kube/transport.js';
import type { KnownService } from './known.js';
import type { ShownKind } from './kubernetes.js';
import { type Known, ObjectWriter, type ShownObjects } from './objectwriter.js';
import { ServiceWriter, type Written } from './servicewriter.js';
import type { Component, ServiceEvent, StatusSink } from './source.js';

/** What objects show now. */
export interface ShownState extends ShownObjects {
  readonly services: Known<KnownService>;
}

export interface KubernetesStatusOptions {
  readonly transport: Transport;
  readonly state: ShownState;
  /** Of our own kinds. */
  readonly namespace: string;
  /** Named in events. */
  readonly host: string;
  readonly component: Component;
  /** The Pod, with which objects that only it writes shall go. */
  readonly owner: Promise<PlainObject | undefined>;
  /** What this component's ConfigurationState is called. */
  readonly ownState: KubeObject;
  /** What a Service, by `namespace/name`, should show; undefined: nothing of ours. The same as {@link StatusSink.writeStatus} is given. */
  wanted(service: string): KubeObject | undefined;
  /** Whether this process may write now. */
  mayWrite(): boolean;
  report(issue: Issue): void;
  /** @default Date.now */
  now?(): number;
}

/** Who writes which fields, as `managedFields` has it. MetalLB's names for the objects that it writes by apply. */
const FIELD_MANAGERS: Readonly<Record<Component, string>> = { controller: 'arpeggio-controller', speaker: 'arpeggio-speaker' };
const STATE_MANAGERS: Readonly<Record<Component, string>> = { controller: 'poolReconciler', speaker: 'configReconciler' };

/** Writes under way at a time. */
const AT_ONCE = 8;
/** What the API server will not have today it will not have in a second. */
const REFUSED_MS = 10_000;
const LONGEST_RETRY_MS = 30_000;
/** Until it is looked again whether this process may write. One that lost its lease is stopped; one whose lease was only renewed late goes on. */
const UNSURE_MS = 200;
/** For what waited because its Service had changed: what is news of that is decided by then, mostly. */
const SOON_MS = 50;
/** Of one object the server may be unable to take anything; of so many in a row it is the server's own trouble. */
const TROUBLED = 3;

export class KubernetesStatus implements StatusSink {
  readonly #options: KubernetesStatusOptions;
  readonly #recorder: Recorder;
  readonly #queue = new WorkQueue({ longestRetryMs: LONGEST_RETRY_MS });
  readonly #services: ServiceWriter;
  readonly #objects: ObjectWriter;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Nothing is written before: the server could not be reached, or asked for a pause. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #backoff: Backoff = RESTED;
  /** Keys that met an error of the server since it took anything. */
  readonly #troubled = new Set<string>();
  /** What was said about it last, by what it is about. */
  readonly #told = new Map<string, string>();
  readonly #refusals = new Refusals();
  /** Of this component, as it was decided last, without what is refused; undefined: it should not be shown. */
  #ownState: KubeObject | undefined;
  /** Before that nobody knows what is not to be shown any more. */
  #decided = false;
  #stopped = true;

  constructor(options: KubernetesStatusOptions) {
    this.#options = options;
    const { transport, host, state, component, namespace, owner, wanted, now = Date.now } = options;
    this.#ownState = options.ownState;
    const manager = FIELD_MANAGERS[component];
    this.#recorder = new Recorder({
      ...{ transport, host },
      uidOf: (service) => state.services.objects.get(service)?.shown.uid,
      onAnswer: (answer) => this.#onEvent(answer),
    });
    this.#services = new ServiceWriter({
      ...{ transport, services: state.services, manager, wanted, now },
      onContest: (service, others) => this.#tellContest(service, others),
      onGiven: (service, by) => this.#tellGiven(service, by),
    });
    const stateManager = STATE_MANAGERS[component];
    this.#objects = new ObjectWriter({ transport, state, namespace, manager, stateManager, owner, now });
  }

  /** Writes until `signal` aborts. */
  run(signal: AbortSignal): void {
    this.#stopped = false;
    signal.addEventListener('abort', () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
    });
    void this.#recorder.run(signal);
    this.#pump();
  }

  recordEvent(event: ServiceEvent): void {
    this.#recorder.record(event);
  }

  writeStatus(component: Component, objects: Iterable<KubeObject>): void {
    if (component !== this.#options.component) return;
    const own = new Map<string, KubeObject>();
    this.#decided = true;
    for (const object of objects) {
      const { kind, metadata } = object;
      if (kind === 'Service') this.#want(`${metadata.namespace}/${metadata.name}`, object);
      else own.set(`${kind} ${metadata.name}`, object);
    }
    for (const service of this.#services.abandoned()) this.#want(service, undefined);
    this.#ownState = own.get(this.#ownKey);
    this.#objects.want(own);
    if (this.#ownState !== undefined) this.#objects.wantAlso(this.#ownKey, withRefusals(this.#ownState, this.#refusals.standing));
    for (const key of own.keys()) if (!this.#queue.isWaiting(key)) this.#queue.add(key);
    for (const key of this.#options.state.announced?.objects.keys() ?? []) this.onShown('ServiceL2Status', key);
    this.#pump();
  }

  /** A Service changed; gives whether only by us. */
  onService(service: string, before: ShownService | undefined, shown: ShownService | undefined): boolean {
    // Whoever waits because it had changed need not wait any more; if this is news, what is decided of it comes first.
    const key = serviceKey(service);
    if (this.#services.isPending(service) && this.#queue.isWaiting(key)) {
      this.#queue.add(key);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#pump(), SOON_MS);
    }
    return this.#services.changed(service, before, shown);
  }

  /** An object of ours changed, is gone, or is known for the first time. */
  onShown(kind: ShownKind, key: string): void {
    this.#queue.add(`${kind} ${key.split('/')[1]}`);
    this.#pump();
  }

  /** Why something that this component does at the API server does not work; undefined: it does. Of what is refused its state tells. */
  onTrouble(what: string, why: Issue | undefined): void {
    if (!this.#refusals.set(what, why) || this.#ownState === undefined) return;
    this.#objects.wantAlso(this.#ownKey, withRefusals(this.#ownState, this.#refusals.standing));
    this.#queue.add(this.#ownKey);
    this.#pump();
  }

  /** What waits to be written. */
  get depth(): number {
    return this.#queue.size;
  }

  /** Whether something could be written that was not begun. */
  get isBusy(): boolean {
    return this.#queue.dueAtMs === Number.NEGATIVE_INFINITY;
  }

  /** Services over whose status somebody else writes again and again. */
  get contested(): readonly string[] {
    return this.#services.contested;
  }

  get #ownKey(): string {
    const { kind, metadata } = this.#options.ownState;
    return `${kind} ${metadata.name}`;
  }

  #want(service: string, object: KubeObject | undefined): void {
    const key = serviceKey(service);
    if (this.#services.want(service, object) && !this.#queue.isWaiting(key)) this.#queue.add(key);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const now = performance.now();
    const isUnsure = now >= this.#queue.dueAtMs && !this.#options.mayWrite();
    while (!isUnsure && this.#running < AT_ONCE && now >= this.#pausedUntilMs) {
      const key = this.#queue.next(now);
      if (key === undefined) break;
      this.#running++;
      void this.#work(key).then(() => {
        this.#running--;
        this.#pump();
      });
    }
    const due = isUnsure ? UNSURE_MS : Math.max(this.#queue.dueAtMs, this.#pausedUntilMs) - now;
    if (this.#running < AT_ONCE && Number.isFinite(due)) this.#timer = setTimeout(() => this.#pump(), Math.max(1, due));
  }

  async #work(key: string): Promise<void> {
    const answer = await this.#write(key);
    if (answer === 'nothing' || 'answered' in answer) {
      if (answer !== 'nothing') {
        this.#backoff = RESTED;
        this.#troubled.clear();
        for (const what of [EVERYTHING, kindOf(key), key]) this.#told.delete(what);
      }
      this.#finish(key);
    } else if ('waitMs' in answer) this.#queue.retry(key, performance.now(), answer.waitMs);
    else if ('lost' in answer) this.#pause(key, answer, 0);
    else this.#onRefusal(key, answer);
  }

  #finish(key: string): void {
    this.#queue.done(key);
    this.onTrouble(key, undefined);
  }

  async #write(key: string): Promise<Written> {
    if (!this.#decided && key !== this.#ownKey) return 'nothing';
    const service = key.startsWith('Service ') ? key.slice('Service '.length) : undefined;
    return service === undefined ? ((await this.#objects.write(key)) ?? 'nothing') : this.#services.write(service);
  }

  #onRefusal(key: string, answer: Extract<Answer, { readonly refused: unknown }>): void {
    const { code, message, retryAfterMs } = answer.refused;
    if (code >= 500) this.#troubled.add(key);
    if (code === 429 || this.#troubled.size >= TROUBLED) this.#pause(key, answer, retryAfterMs ?? 0);
    // It is gone. Where its kind or its namespace is, it may come back.
    else if (code === 404 && (key.startsWith('Service ') || isOfOneObject(message))) this.#finish(key);
    else {
      // Somebody else changed it: no problem, and what it is now comes by the watch.
      if (code !== 409) {
        const told = this.#tell(answer, [401, 403, 404].includes(code) ? kindOf(key) : key);
        // Where its own state may not be written there is nowhere to say so.
        if (key !== this.#ownKey) this.onTrouble(key, told);
      }
      this.#queue.retry(key, performance.now(), code === 409 || code >= 500 ? retryAfterMs : REFUSED_MS);
    }
  }

  /** The key is tried again, and no other before it. */
  #pause(key: string, trouble: Trouble, atLeastMs: number): void {
    const now = performance.now();
    this.#queue.done(key);
    this.#queue.add(key);
    this.#tell(trouble, EVERYTHING);
    // Of several that failed at once one counts.
    if (now < this.#pausedUntilMs) return;
    const { waitMs, backoff } = failed(this.#backoff, 'away', Math.random());
    this.#backoff = backoff;
    this.#pausedUntilMs = now + Math.max(waitMs, atLeastMs);
  }

  /** Once for what cannot be written: everything, a kind, or one object; until that can be. */
  #tell(trouble: Trouble, what: string): Issue {
    const told = troubleIssue(trouble, `status of ${what} cannot be written`, 'it is tried again');
    this.#report(what, told);
    return told;
  }

  #report(what: string, told: Issue): void {
    if (told.message === this.#told.get(what)) return;
    this.#told.set(what, told.message);
    this.#options.report(told);
  }

  /** Events are not tried again, and those of a namespace that is being deleted are no loss. */
  #onEvent(answer: Answer): void {
    if ('answered' in answer) {
      this.#told.delete(EVENTS);
      this.onTrouble(EVENTS, undefined);
    } else if ('refused' in answer && answer.refused.code === 403) {
      const told = troubleIssue(answer, 'events cannot be written', 'they are lost');
      if (!isRefusal(told)) return;
      this.#report(EVENTS, told);
      this.onTrouble(EVENTS, told);
    }
  }

  /** Once for who it is: to go on giving is no news. */
  #tellGiven(service: string, by: string): void {
    const what = `addresses of ${by}`;
    if (this.#told.has(what)) return;
    const message = `${named(by)} gave an address to ${service} while this controller serves it: one of the two has to go, or each needs a loadBalancerClass of its own`;
    this.#told.set(what, message);
    this.#tellOfService('SECOND_CONTROLLER', service, message);
  }

  #tellContest(service: string, others: readonly string[]): void {
    const who = others.length === 0 ? 'somebody' : others.map(named).join(' and ');
    const message = `${who} writes over the status of ${service} whenever it is written here; it is left as it is for longer each time`;
    this.#tellOfService('STATUS_CONTESTED', service, message);
  }

  #tellOfService(code: IssueCode, service: string, message: string): void {
    const [namespace = '', name = ''] = service.split('/');
    this.#options.report({ ...issue(code, '', message), object: { kind: 'Service', namespace, name } });
    this.#recorder.record({ type: 'Warning', reason: code, message, service, component: 'metallb-controller' });
  }
}

/** A field manager is named like its program, unless it says otherwise: MetalLB's is `controller`. */
const named = (manager: string): string => (manager === 'controller' ? "controller (so MetalLB's is called)" : manager);

const EVERYTHING = 'everything';
const EVENTS = 'events';
/** `Service` of `Service default/web`. */
const kindOf = (key: string): string => `${key.slice(0, key.indexOf(' '))} objects`;

const serviceKey = (key: string): string => `Service ${key}`;
