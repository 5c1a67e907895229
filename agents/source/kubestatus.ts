/**
 * The status of objects of a cluster, written where it is not what it should be: only status, only where something differs, and
 * only if the object is still what the decision was made for.
 *
 * Of thousands of Services only those are remembered that have to be written.
 */
import { API_VERSION } from '../../src/api/kind.js';
import type { KubeObject } from '../../src/api/object.js';
import { isRecord, type PlainObject } from '../../src/api/value.js';
import type { Issue } from '../../src/issue/issue.js';
import { type Backoff, failed, RESTED } from '../../src/kube/backoff.js';
import { dated, type ShownObject, says, shownObject } from '../../src/kube/objectstatus.js';
import type { Trouble } from '../../src/kube/reflector.js';
import { isNewer } from '../../src/kube/resourceversion.js';
import {
  hasMarks,
  isAsWanted,
  type ShownService,
  servicePatch,
  shownService,
  wantedService,
} from '../../src/kube/servicestatus.js';
import { isOfOneObject, troubleIssue } from '../../src/kube/trouble.js';
import { readListPage } from '../../src/kube/watchevent.js';
import { WorkQueue } from '../../src/kube/workqueue.js';
import { formatJson } from '../kube/json.js';
import { Recorder, rfc3339 } from '../kube/recorder.js';
import type { Answer, Transport } from '../kube/transport.js';
import type { KnownObject, KnownService } from './known.js';
import type { ShownKind } from './kubernetes.js';
import type { Component, ServiceEvent, StatusSink } from './source.js';

/** What objects show now. */
export interface ShownState {
  readonly services: Known<KnownService>;
  readonly pools: Known<KnownObject>;
  readonly advertisements: Known<KnownObject>;
  readonly states: Known<ShownObject>;
  /** Of a speaker's own node. */
  readonly announced: Known<ShownObject> | undefined;
}

interface Known<T> {
  readonly objects: ReadonlyMap<string, T>;
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
  /** Whether this process may write now. */
  mayWrite(): boolean;
  report(issue: Issue): void;
  /** @default Date.now */
  now?(): number;
}

/** Who writes which fields, as `managedFields` has it. MetalLB's names for the objects that it writes by apply. */
const FIELD_MANAGERS: Readonly<Record<Component, string>> = { controller: 'arpeggio-controller', speaker: 'arpeggio-speaker' };
const STATE_MANAGERS: Readonly<Record<Component, string>> = { controller: 'poolReconciler', speaker: 'configReconciler' };

const PLURALS: Readonly<Record<string, string>> = {
  IPAddressPool: 'ipaddresspools',
  L2Advertisement: 'l2advertisements',
  ConfigurationState: 'configurationstates',
  ServiceL2Status: 'servicel2statuses',
};

/** Writes under way at a time. */
const AT_ONCE = 8;
/** What the API server will not have today it will not have in a second. */
const REFUSED_MS = 10_000;
const LONGEST_RETRY_MS = 30_000;
/** Of one object the server may be unable to take anything; of so many in a row it is the server's own trouble. */
const TROUBLED = 3;

export class KubernetesStatus implements StatusSink {
  readonly #options: KubernetesStatusOptions;
  readonly #now: () => number;
  readonly #recorder: Recorder;
  readonly #queue = new WorkQueue({ longestRetryMs: LONGEST_RETRY_MS });
  /** Services that are to be written, by `namespace/name`; undefined: what is ours is to be taken out. */
  readonly #services = new Map<string, KubeObject | undefined>();
  /** What Services show by the server's answer, until the same comes by the watch. */
  readonly #written = new Map<string, ShownService>();
  /** What is being written. */
  readonly #underWay = new Map<string, string>();
  /** Objects of our own kinds, by kind and name. */
  #objects: ReadonlyMap<string, KubeObject> = new Map();
  /** What was wanted when each was written last, and the version that came of it: a server with an older CRD drops some of it. */
  readonly #given = new Map<string, { readonly wanted: string; readonly resourceVersion: string }>();
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Nothing is written before: the server could not be reached, or asked for a pause. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #backoff: Backoff = RESTED;
  /** Keys that met an error of the server since it took anything. */
  readonly #troubled = new Set<string>();
  /** What was said about it last, by what it is about. */
  readonly #told = new Map<string, string>();
  #stopped = true;

  constructor(options: KubernetesStatusOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { transport, host, state } = options;
    this.#recorder = new Recorder({ transport, host, uidOf: (service) => state.services.objects.get(service)?.shown.uid });
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
    const named = new Set<string>();
    for (const object of objects) {
      const { kind, metadata } = object;
      if (kind === 'Service') {
        const key = `${metadata.namespace}/${metadata.name}`;
        named.add(key);
        this.#want(key, object);
      } else own.set(`${kind} ${metadata.name}`, object);
    }
    for (const [key, { view, shown }] of this.#options.state.services.objects) {
      if (!named.has(key) && view.type !== 'LoadBalancer' && hasMarks(this.#shown(key) ?? shown)) this.#want(key, undefined);
    }
    this.#objects = own;
    for (const key of own.keys()) if (!this.#queue.isWaiting(key)) this.#queue.add(key);
    for (const key of this.#options.state.announced?.objects.keys() ?? []) this.onShown('ServiceL2Status', key);
    this.#pump();
  }

  /** A Service changed; gives whether only by us. */
  onService(key: string, shown: ShownService | undefined): boolean {
    const written = this.#written.get(key);
    // Whoever waits because it had changed need not wait any more.
    if (this.#services.has(key)) this.#queue.add(serviceKey(key));
    if (shown === undefined) {
      this.#written.delete(key);
      this.#services.delete(key);
      return false;
    }
    if (written !== undefined && isNewer(written.resourceVersion, shown.resourceVersion)) return true;
    this.#written.delete(key);
    return written?.resourceVersion === shown.resourceVersion || this.#underWay.get(key) === shown.text;
  }

  /** An object of ours changed, is gone, or is known for the first time. */
  onShown(kind: ShownKind, key: string): void {
    this.#queue.add(`${kind} ${key.split('/')[1]}`);
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

  #want(key: string, object: KubeObject | undefined): void {
    const shown = this.#shown(key);
    if (shown === undefined) return;
    if (isRight(shown, object)) this.#services.delete(key);
    else {
      this.#services.set(key, object);
      if (!this.#queue.isWaiting(serviceKey(key))) this.#queue.add(serviceKey(key));
    }
  }

  /** By the watch, or by the server's answer to a write that the watch has not told yet. */
  #shown(key: string): ShownService | undefined {
    const written = this.#written.get(key);
    const known = this.#options.state.services.objects.get(key)?.shown;
    if (written === undefined || (known !== undefined && isNewer(written.resourceVersion, known.resourceVersion))) {
      return written ?? known;
    }
    // All Services may have been listed anew since.
    this.#written.delete(key);
    return known;
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const now = performance.now();
    while (this.#running < AT_ONCE && now >= this.#pausedUntilMs) {
      const key = this.#queue.next(now);
      if (key === undefined) break;
      this.#running++;
      void this.#work(key).then(() => {
        this.#running--;
        this.#pump();
      });
    }
    const due = Math.max(this.#queue.dueAtMs, this.#pausedUntilMs) - now;
    if (this.#running < AT_ONCE && due < LONGEST_RETRY_MS * 2) this.#timer = setTimeout(() => this.#pump(), Math.max(1, due));
  }

  async #work(key: string): Promise<void> {
    const name = key.slice(key.indexOf(' ') + 1);
    const answer = key.startsWith('Service ') ? await this.#writeService(name) : await this.#writeObject(key);
    if (answer === undefined || 'answered' in answer) {
      if (answer !== undefined) {
        this.#backoff = RESTED;
        this.#troubled.clear();
        for (const what of [EVERYTHING, kindOf(key), key]) this.#told.delete(what);
      }
      this.#queue.done(key);
    } else if ('lost' in answer) this.#pause(key, answer, 0);
    else this.#onRefusal(key, answer);
  }

  #onRefusal(key: string, answer: Extract<Answer, { readonly refused: unknown }>): void {
    const { code, message, retryAfterMs } = answer.refused;
    if (code >= 500) this.#troubled.add(key);
    if (code === 429 || this.#troubled.size >= TROUBLED) this.#pause(key, answer, retryAfterMs ?? 0);
    // It is gone. Where its kind or its namespace is, it may come back.
    else if (code === 404 && (key.startsWith('Service ') || isOfOneObject(message))) this.#queue.done(key);
    else {
      // Somebody else changed it: no problem, and what it is now comes by the watch.
      if (code !== 409) this.#tell(answer, [401, 403, 404].includes(code) ? kindOf(key) : key);
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
  #tell(trouble: Trouble, what: string): void {
    const told = troubleIssue(trouble, `status of ${what} cannot be written`, 'it is tried again');
    if (told.message === this.#told.get(what)) return;
    this.#told.set(what, told.message);
    this.#options.report(told);
  }

  /** Undefined: there is nothing to write. */
  async #writeService(key: string): Promise<Answer | undefined> {
    const wanted = this.#services.get(key);
    const shown = this.#shown(key);
    if (!this.#services.has(key) || shown === undefined || isRight(shown, wanted) || !this.#options.mayWrite()) {
      this.#services.delete(key);
      return undefined;
    }
    const [namespace, name] = key.split('/');
    this.#underWay.set(key, wanted === undefined ? '' : wantedService(wanted).text);
    const answer = await this.#options.transport.call({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/services/${name}/status?fieldManager=${this.#manager}`,
      contentType: 'application/strategic-merge-patch+json',
      body: servicePatch(wanted, shown, rfc3339(this.#now())),
    });
    this.#underWay.delete(key);
    if ('answered' in answer && isRecord(answer.answered)) {
      const after = shownService(answer.answered);
      const known = this.#options.state.services.objects.get(key)?.shown.resourceVersion;
      if (known !== undefined && isNewer(after.resourceVersion, known)) this.#written.set(key, after);
      if (this.#services.get(key) === wanted) this.#services.delete(key);
    }
    return answer;
  }

  async #writeObject(key: string): Promise<Answer | undefined> {
    const object = this.#objects.get(key);
    if (!this.#options.mayWrite()) return undefined;
    if (object === undefined) return this.#remove(key);
    if (!isRecord(object['status'])) return undefined;
    const { kind, metadata } = object;
    const shown = this.#shownObject(kind, metadata.name);
    const wanted = formatJson(object['status']);
    const given = this.#given.get(key);
    if (shown !== undefined && says(shown.status, object['status'])) return undefined;
    if (shown !== undefined && given?.wanted === wanted && !isNewer(shown.resourceVersion, given.resourceVersion))
      return undefined;
    const status = dated(object['status'], shown?.status ?? {}, rfc3339(this.#now()));
    const isMade = kind === 'ConfigurationState' || kind === 'ServiceL2Status';
    if (shown === undefined && !isMade) return undefined;
    const made = shown === undefined ? await this.#make(object) : 'there';
    if (made !== 'made' && made !== 'there') return made;
    // Only the watch has not told yet what was made and written.
    if (shown === undefined && made === 'there' && given?.wanted === wanted) return undefined;
    const answer = await (kind === 'ConfigurationState' ? this.#apply(object, status) : this.#patch(object, status));
    if ('answered' in answer && isRecord(answer.answered)) {
      this.#given.set(key, { wanted, resourceVersion: shownObject(answer.answered).resourceVersion });
    }
    return answer;
  }

  #shownObject(kind: string, name: string): ShownObject | undefined {
    const { state, namespace } = this.#options;
    const key = `${namespace}/${name}`;
    switch (kind) {
      case 'IPAddressPool':
        return state.pools.objects.get(key)?.shown;
      case 'L2Advertisement':
        return state.advertisements.objects.get(key)?.shown;
      case 'ServiceL2Status':
        return state.announced?.objects.get(key);
      default:
        return state.states.objects.get(key);
    }
  }

  /** A Service is announced no more. Other objects stay. */
  async #remove(key: string): Promise<Answer | undefined> {
    const [kind = '', name = ''] = key.split(' ');
    if (kind !== 'ServiceL2Status' || this.#shownObject(kind, name) === undefined) return undefined;
    return this.#options.transport.call({ method: 'DELETE', path: this.#path(kind, name) });
  }

  #patch({ kind, metadata }: KubeObject, status: PlainObject): Promise<Answer> {
    return this.#options.transport.call({
      method: 'PATCH',
      path: `${this.#path(kind, metadata.name)}/status?fieldManager=${this.#manager}`,
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  }

  /** By server-side apply, as MetalLB does. */
  #apply({ apiVersion, kind, metadata: { name } }: KubeObject, status: PlainObject): Promise<Answer> {
    const { transport, namespace, component } = this.#options;
    return transport.call({
      method: 'PATCH',
      path: `${this.#path(kind, name)}/status?fieldManager=${STATE_MANAGERS[component]}&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name, namespace }, status },
    });
  }

  /** Without its status, which an API server takes only afterwards. `there`: somebody has made it before. */
  async #make({ apiVersion, kind, metadata }: KubeObject): Promise<'made' | 'there' | Answer> {
    const { transport, namespace } = this.#options;
    if (kind === 'ServiceL2Status') {
      const failed = await this.#removeOthers(metadata);
      if (failed !== undefined) return failed;
    }
    const owner = await this.#options.owner;
    const references = owner === undefined ? {} : { ownerReferences: [owner] };
    const body = { apiVersion, kind, metadata: { ...metadata, namespace, ...references } };
    const made = await transport.call({ method: 'POST', path: `${this.#path(kind)}?fieldManager=${this.#manager}`, body });
    if ('answered' in made) return 'made';
    return 'refused' in made && made.refused.code === 409 ? 'there' : made;
  }

  /** Who answered before may be dead, and cannot take back what it said. Undefined: nobody else says that he answers. */
  async #removeOthers({ name: own, labels = {} }: KubeObject['metadata']): Promise<Answer | undefined> {
    const { transport } = this.#options;
    const service = Object.entries(labels).filter(([label]) => label !== 'metallb.io/node');
    const selector = encodeURIComponent(service.map(([label, value]) => `${label}=${value}`).join());
    const found = await transport.call({ method: 'GET', path: `${this.#path('ServiceL2Status')}?labelSelector=${selector}` });
    if (!('answered' in found)) return found;
    for (const { key } of readListPage(found.answered)?.items ?? []) {
      const [, name = ''] = key.split('/');
      if (name === own) continue;
      const gone = await transport.call({ method: 'DELETE', path: this.#path('ServiceL2Status', name) });
      if ('lost' in gone || ('refused' in gone && gone.refused.code !== 404)) return gone;
    }
    return undefined;
  }

  get #manager(): string {
    return FIELD_MANAGERS[this.#options.component];
  }

  #path(kind: string, name?: string): string {
    const collection = `/apis/${API_VERSION}/namespaces/${this.#options.namespace}/${PLURALS[kind]}`;
    return name === undefined ? collection : `${collection}/${name}`;
  }
}

const EVERYTHING = 'everything';
/** `Service` of `Service default/web`. */
const kindOf = (key: string): string => `${key.slice(0, key.indexOf(' '))} objects`;

const serviceKey = (key: string): string => `Service ${key}`;

const isRight = (shown: ShownService, wanted: KubeObject | undefined): boolean =>
  wanted === undefined ? !hasMarks(shown) : isAsWanted(shown, wantedService(wanted));
