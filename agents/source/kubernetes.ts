/**
 * A cluster as a source of state: every kind that decisions read, followed at the API server and projected while it is decoded.
 *
 * The first snapshot comes when all kinds are known. From then on the last view stays in force whatever happens to the API server: how
 * long ago it was heard, and why, is told beside it.
 */
import { setMaxListeners } from 'node:events';
import { EMPTY_LOCK } from '../../src/allocator/lock.js';
import { readEndpointSlice } from '../../src/api/endpointslice.js';
import { labelValue } from '../../src/api/fitting.js';
import { API_VERSION } from '../../src/api/kind.js';
import { readNamespace } from '../../src/api/namespace.js';
import { readNode } from '../../src/api/node.js';
import type { Sourced } from '../../src/api/object.js';
import { type Objects, type ReadObjects, readObjects } from '../../src/api/objects.js';
import { readService } from '../../src/api/service.js';
import { readServiceCIDR } from '../../src/api/servicecidr.js';
import type { PlainObject } from '../../src/api/value.js';
import {
  type EndpointSliceView,
  type NamespaceView,
  type NodeView,
  type ServiceCIDRView,
  serviceKey,
} from '../../src/api/views.js';
import { formatIssue, type Issue, issue, type ObjectRef, type Parsed } from '../../src/issue/issue.js';
import { ignoresExcludeLabel } from '../../src/kube/excludelabel.js';
import { type ShownObject, shownObject } from '../../src/kube/objectstatus.js';
import type { Lack, Trouble } from '../../src/kube/reflector.js';
import { type ShownService, shownService } from '../../src/kube/servicestatus.js';
import { troubleIssue } from '../../src/kube/trouble.js';
import { type Answerer, readAnswerer } from '../../src/plan/owners.js';
import { Follower, type FollowerOptions } from '../kube/follower.js';
import type { Transport } from '../kube/transport.js';
import { type KnownObject, type KnownService, sameView, sharing, withOurAnnotations, writtenObject } from './known.js';
import type { Snapshot, StateSource } from './source.js';

export interface KubernetesOptions {
  readonly transport: Transport;
  /** Of our own kinds. */
  readonly namespace: string;
  /**
   * The node of a speaker, which decides by where endpoints are, and knows its own ServiceL2Statuses. A controller gives addresses without
   * those, which may be the most objects of all: it follows both only afterwards, to tell who answers.
   */
  readonly speaker?: string;
  /** The ConfigurationState of this component. A controller follows those of all. */
  readonly state: string;
  /** Told of each Service that changed (undefined: it is gone); gives whether it only shows what was written by us. */
  onService?(key: string, before: ShownService | undefined, shown: ShownService | undefined): boolean;
  /** An object shows something else than before: whoever writes there looks whether it is what it should be. */
  onShown?(kind: ShownKind, key: string): void;
  /** Who says that he answers for a Service, where its endpoints are, or what it shows of that, changed; undefined: of any Service. */
  onAnswering?(service: string | undefined): void;
  /** Objects of `kind` cannot be followed; undefined: they can again. */
  onTrouble?(kind: string, why: Issue | undefined): void;
  report(issue: Issue): void;
  /** @default performance.now */
  now?(): number;
}

const SHOWN_KINDS = ['IPAddressPool', 'L2Advertisement', 'ConfigurationState', 'ServiceL2Status'] as const;
export type ShownKind = (typeof SHOWN_KINDS)[number];
const isShown = (kind: string): kind is ShownKind => SHOWN_KINDS.some((one) => one === kind);

/** Kinds that nobody decides by. */
const ONLY_WRITTEN: ReadonlySet<string> = new Set(['ConfigurationState', 'ServiceL2Status']);

/** Snapshots cost what there is, not what changed: between two lies as much time as the last one took, and this. */
const REST_MS = 5;

export class Kubernetes implements StateSource {
  readonly #options: KubernetesOptions;
  readonly #now: () => number;
  readonly services: Follower<KnownService>;
  readonly pools: Follower<KnownObject>;
  readonly advertisements: Follower<KnownObject>;
  readonly states: Follower<ShownObject>;
  /** Of a speaker's own node. */
  readonly announced: Follower<ShownObject> | undefined;
  /** Of all nodes, for a controller. */
  readonly answering: Follower<Answerer> | undefined;
  readonly #nodes: Follower<NodeView>;
  readonly #namespaces: Follower<NamespaceView>;
  readonly #serviceCIDRs: Follower<ServiceCIDRView> | undefined;
  readonly endpointSlices: Follower<EndpointSliceView>;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  /** By kind and key: of objects that cannot be read. */
  readonly #unreadable = new Map<string, readonly Issue[]>();
  /** Made of pools and advertisements; undefined when any of them has changed since. */
  #ours: ReadObjects | undefined;
  #snapshot: Snapshot | undefined;
  #scheduled: NodeJS.Timeout | undefined;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  /** By kind. */
  readonly #troubles = new Map<string, Trouble>();
  readonly #lacks = new Set<string>();
  #heardAtMs: number | undefined;
  #stopped = false;

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const { namespace, state, speaker } = options;
    const ours = (plural: string): string => `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`;
    this.services = this.#follow('Service', {
      path: '/api/v1/services',
      project: (object, key, before) => this.#service(object, key, before),
      onChange: (key, before, after) => {
        if (this.#isNews(key, before, after)) this.#poke();
      },
    });
    this.pools = this.#follow('IPAddressPool', this.#written('IPAddressPool', ours('ipaddresspools')));
    this.advertisements = this.#follow('L2Advertisement', this.#written('L2Advertisement', ours('l2advertisements')));
    this.states = this.#follow('ConfigurationState', {
      path: ours('configurationstates'),
      // A controller goes by what speakers say of themselves.
      ...(speaker === undefined ? {} : { query: `fieldSelector=metadata.name%3D${state}` }),
      project: shownObject,
      onChange: (key, before, after) => {
        this.#options.onShown?.('ConfigurationState', key);
        const [did, does] = [before, after].map((one) => one !== undefined && ignoresExcludeLabel(one));
        if (did !== does) this.#options.onAnswering?.(undefined);
      },
    });
    this.#nodes = this.#follow('Node', this.#views('Node', '/api/v1/nodes', readNode));
    this.#namespaces = this.#follow('Namespace', this.#views('Namespace', '/api/v1/namespaces', readNamespace));
    const slices = this.#views('EndpointSlice', '/apis/discovery.k8s.io/v1/endpointslices', readEndpointSlice);
    if (speaker === undefined) {
      this.#serviceCIDRs = this.#follow('ServiceCIDR', {
        ...this.#views('ServiceCIDR', '/apis/networking.k8s.io/v1/servicecidrs', readServiceCIDR),
        // Kubernetes has it since 1.33.
        optional: true,
      });
      this.endpointSlices = this.#followLater('EndpointSlice', { ...slices, concerns: serviceKeyOf });
      this.answering = this.#followLater('ServiceL2Status', {
        path: ours('servicel2statuses'),
        project: readAnswerer,
        concerns: ({ service }) => service,
      });
      return;
    }
    this.endpointSlices = this.#follow('EndpointSlice', slices);
    this.announced = this.#follow('ServiceL2Status', {
      path: ours('servicel2statuses'),
      query: `labelSelector=${encodeURIComponent(`metallb.io/node=${labelValue(speaker)}`)}`,
      project: shownObject,
      onChange: (key) => this.#options.onShown?.('ServiceL2Status', key),
    });
  }

  /** Follows until `signal` aborts. Fulfilled once everything is known, or by the abort. */
  run(signal: AbortSignal): Promise<void> {
    // Each kind that is followed ends with it.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', () => {
      this.#stopped = true;
      clearTimeout(this.#scheduled);
    });
    for (const follower of this.#followers) follower.run(signal);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve());
      const stop = this.subscribe(() => {
        stop();
        for (const follower of this.#later) follower.run(signal);
        resolve();
      });
    });
  }

  get isSynced(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Whether a controller knows all that is to be told of who answers. */
  get knowsAnswering(): boolean {
    return this.#later.length > 0 && [...this.#later, this.states].every((follower) => follower.isSynced);
  }

  snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error('a cluster has a snapshot once all kinds are known');
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** When everything was up to date last, on the wall's clock; undefined: never yet. */
  get heardAtMs(): number | undefined {
    if (this.#troubles.size === 0 && this.isSynced) this.#heardAtMs = Date.now();
    return this.#heardAtMs;
  }

  /** Kinds of which nothing is heard now. */
  get unfollowed(): readonly string[] {
    return [...this.#troubles.keys()];
  }

  /** What nothing can be decided without, and why it is not there: a sentence for each kind. */
  get notReady(): readonly string[] {
    return this.missing.map((kind) => {
      const trouble = this.#troubles.get(kind);
      const nothing = `no ${kind} objects were read yet`;
      return trouble === undefined ? nothing : formatIssue(troubleIssue(trouble, nothing, 'it is tried again'));
    });
  }

  /** Kinds of which nothing is known yet, and nothing is decided without. */
  get missing(): readonly string[] {
    return [...this.#kinds].filter(([kind, follower]) => !follower.isSynced && !ONLY_WRITTEN.has(kind)).map(([kind]) => kind);
  }

  readonly #kinds = new Map<string, Following>();
  /** Begun when everything else is known, which nothing has to wait for. */
  readonly #later: Following[] = [];
  get #followers(): Iterable<Following> {
    return this.#kinds.values();
  }

  #follow<T>(kind: string, options: Omit<FollowerOptions<T>, 'transport' | 'onSynced' | 'onTrouble' | 'onLack'>): Follower<T> {
    const follower: Follower<T> = new Follower<T>({
      ...options,
      transport: this.#options.transport,
      onSynced: () => {
        if (kind === 'IPAddressPool' || kind === 'L2Advertisement') this.#ours = undefined;
        if (kind === 'ConfigurationState') this.#options.onAnswering?.(undefined);
        if (isShown(kind)) for (const key of follower.objects.keys()) this.#options.onShown?.(kind, key);
        this.#poke();
      },
      onTrouble: (trouble) => this.#onTrouble(kind, trouble),
      onLack: (lack) => this.#onLack(kind, lack),
    });
    this.#kinds.set(kind, follower);
    return follower;
  }

  /** Of what nobody decides by. */
  #followLater<T>(
    kind: string,
    { concerns, ...options }: Omit<FollowOptions<T>, 'onChange'> & { readonly concerns: (one: T) => string },
  ): Follower<T> {
    const follower = new Follower<T>({
      ...options,
      transport: this.#options.transport,
      onChange: (_, before, after) => {
        const services = [before, after].flatMap((one) => (one === undefined ? [] : [concerns(one)]));
        for (const service of new Set(services)) this.#options.onAnswering?.(service);
      },
      onSynced: () => this.#options.onAnswering?.(undefined),
      onTrouble: (trouble) => this.#onTrouble(kind, trouble),
    });
    this.#later.push(follower);
    return follower;
  }

  #views<T>(kind: string, path: string, read: (object: unknown) => Parsed<T | undefined>): FollowOptions<T> {
    return {
      path,
      project: (object, key, before) => this.#readable(kind, key, read(object), before),
      onChange: (_, before, after) => {
        if (JSON.stringify(before) !== JSON.stringify(after)) this.#poke();
      },
    };
  }

  #written(kind: 'IPAddressPool' | 'L2Advertisement', path: string): FollowOptions<KnownObject> {
    return {
      path,
      project: (object) => writtenObject(kind, object),
      onChange: (key, before, after) => {
        if (before?.text !== after?.text) {
          this.#ours = undefined;
          this.#poke();
        } else this.#options.onShown?.(kind, key);
      },
    };
  }

  #service(object: PlainObject, key: string, before: KnownService | undefined): KnownService | undefined {
    const view = this.#readable('Service', key, readService(withOurAnnotations(object)), before?.view);
    if (view === undefined) return undefined;
    const shown = shownService(object);
    // What cannot be read has the view of before.
    if (before === undefined || view === before.view) return { view, shown };
    return { view: sharing(before.view, view), shown: sharing(before.shown, shown) };
  }

  /** What cannot be read is what it was before. */
  #readable<T>(kind: string, key: string, read: Parsed<T>, before: T | undefined): T | undefined {
    if (read.ok) this.#unreadable.delete(`${kind} ${key}`);
    else
      this.#unreadable.set(
        `${kind} ${key}`,
        read.issues.map((one) => ({ ...one, object: refOf(kind, key) })),
      );
    return read.ok ? read.value : before;
  }

  /** What only repeats what we decided is none. */
  #isNews(key: string, before: KnownService | undefined, after: KnownService | undefined): boolean {
    const isEcho = this.#options.onService?.(key, before?.shown, after?.shown) === true;
    if (after === undefined) this.#unreadable.delete(`Service ${key}`);
    if (before === undefined || after === undefined || !sameView(before.view, after.view)) return true;
    if (after.shown.announced !== before.shown.announced) {
      this.#options.onAnswering?.(key);
      // Written in the moment in which it was one no more.
      if (after.view.type !== 'LoadBalancer') return true;
    }
    return before.shown.text !== after.shown.text && !isEcho;
  }

  #poke(): void {
    if (this.#scheduled !== undefined || this.#stopped || this.missing.length > 0) return;
    this.#scheduled = setTimeout(() => this.#publish(), Math.max(0, this.#restUntilMs - this.#now()));
  }

  #publish(): void {
    this.#scheduled = undefined;
    if (this.#stopped) return;
    const begun = this.#now();
    this.#ours ??= readObjects([...this.pools.objects.values(), ...this.advertisements.objects.values()].map(sourced));
    const { objects, issues } = this.#ours;
    const isRefused = issues.some(({ severity }) => severity === 'error');
    const view: Objects = {
      ...objects,
      services: [...this.services.objects.values()].map((one) => one.view),
      nodes: [...this.#nodes.objects.values()],
      namespaces: [...this.#namespaces.objects.values()],
      serviceCIDRs: [...(this.#serviceCIDRs?.objects.values() ?? [])],
      endpointSlices: this.#options.speaker === undefined ? [] : [...this.endpointSlices.objects.values()],
    };
    const revision = (this.#snapshot?.revision ?? 0) + 1;
    this.#snapshot = {
      ...{ objects: view, lock: EMPTY_LOCK, revision },
      issues: [...issues, ...this.#unknownFields(), ...[...this.#unreadable.values()].flat()],
      ...(isRefused ? { refused: true } : {}),
    };
    for (const listener of this.#listeners) listener(this.#snapshot);
    const ended = this.#now();
    this.#restUntilMs = ended + (ended - begun) + REST_MS;
  }

  /** A newer CRD than ours has them. What is understood of the object still holds. */
  *#unknownFields(): Iterable<Issue> {
    for (const [kind, { objects }] of [
      ['IPAddressPool', this.pools],
      ['L2Advertisement', this.advertisements],
    ] as const) {
      for (const [key, { unknown }] of objects) {
        for (const one of unknown) yield { ...one, severity: 'warning', object: refOf(kind, key) };
      }
    }
  }

  /** Once each: what an older API server does not have. */
  #onLack(kind: string, lack: Lack): void {
    const message =
      lack === 'kind'
        ? `the API server has no ${kind} objects, or they may not be read; it is as if there were none`
        : 'the API server does not begin a watch with everything there is (WatchList, Kubernetes 1.32); it is asked in pages';
    if (this.#lacks.has(message)) return;
    this.#lacks.add(message);
    this.#options.report(issue('KUBE_FEATURE_MISSING', '', message));
  }

  #onTrouble(kind: string, trouble: Trouble | undefined): void {
    const before = this.#troubles.get(kind);
    if (trouble === undefined) this.#troubles.delete(kind);
    else {
      if (this.#troubles.size === 0 && this.isSynced) this.#heardAtMs = Date.now();
      this.#troubles.set(kind, trouble);
    }
    if (before !== undefined && trouble !== undefined && describe(before) === describe(trouble)) return;
    const then = 'what is known of them stays in force';
    const told = trouble === undefined ? undefined : troubleIssue(trouble, `${kind} objects cannot be followed`, then);
    this.#options.onTrouble?.(kind, told);
    if (told !== undefined) this.#options.report(told);
  }
}

interface Following {
  readonly isSynced: boolean;
  run(signal: AbortSignal): void;
}

type FollowOptions<T> = Omit<FollowerOptions<T>, 'transport' | 'onSynced' | 'onTrouble' | 'onLack'>;

const serviceKeyOf = ({ namespace, service }: EndpointSliceView): string => serviceKey({ namespace, name: service });

const describe = (trouble: Trouble): string => formatIssue(troubleIssue(trouble, 'not followed', ''));

const sourced = ({ written }: KnownObject): Sourced<unknown> => ({ object: written, locate: () => undefined });

function refOf(kind: string, key: string): ObjectRef {
  const [first = '', second] = key.split('/');
  return second === undefined ? { kind, name: first } : { kind, namespace: first, name: second };
}
