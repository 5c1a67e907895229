/**
 * All objects of one kind as an API server has them, followed for ever: what src/kube/reflector.ts decides, done over a transport.
 *
 * Each object is projected as it is decoded, and what it is projected to is all that is kept of it.
 */
import type { PlainObject } from '../../src/api/value.js';
import {
  type Effect,
  type Input,
  type Lack,
  newReflector,
  type Reflector,
  type Request,
  silenceMs,
  step,
  type Trouble,
  watchSeconds,
} from '../../src/kube/reflector.js';
import { type Keyed, readListPage, readWatchEvent } from '../../src/kube/watchevent.js';
import type { Listener, Stream, Transport } from './transport.js';

export interface FollowerOptions<T> {
  readonly transport: Transport;
  /** `/api/v1/services` */
  readonly path: string;
  /** Selectors, to follow only some of them: `fieldSelector=…` */
  readonly query?: string;
  /** A server without the kind has none of it. @default false */
  readonly optional?: boolean;
  /** Undefined: of no use. Must not throw. `before` is what the object was projected to last, if it is known. */
  project(object: PlainObject, key: string, before: T | undefined): T | undefined;
  /** One object is another than before. Told only of what came after everything was known. */
  onChange(key: string, before: T | undefined, after: T | undefined): void;
  /** Everything is known, or known anew. */
  onSynced(): void;
  /** What keeps it from being up to date; undefined: nothing does any more. */
  onTrouble?(trouble: Trouble | undefined): void;
  /** What the server lacks that can be done without. */
  onLack?(lack: Lack): void;
  /** Monotonic, in milliseconds. @default performance.now */
  now?(): number;
  /** From 0 to 1, 1 excluded. @default Math.random */
  chance?(): number;
}

const PAGE = 500;
/** Of a server under load; it gives up itself after a minute. */
const PAGE_TIMEOUT_MS = 60_000;

/** What came with an input, to be kept if that is what follows. */
type Came = { readonly set: readonly Keyed[] } | { readonly deleted: string } | undefined;

export class Follower<T> {
  readonly #options: FollowerOptions<T>;
  readonly #now: () => number;
  readonly #chance: () => number;
  #state: Reflector;
  #objects: Map<string, T> = new Map();
  /** Beside what is known, while everything is asked for. */
  #gathered: Map<string, T> | undefined;
  #synced = false;
  #troubled = false;
  #timer: NodeJS.Timeout | undefined;
  #stream: Stream | undefined;
  /** Of the request under way: what comes of an earlier one is late. */
  #asked = 0;
  #stopped = false;

  constructor(options: FollowerOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#chance = options.chance ?? Math.random;
    this.#state = newReflector(options.optional);
  }

  /** By `namespace/name` or `name`, as it is now: it changes in place. */
  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** Everything was known once. */
  get isSynced(): boolean {
    return this.#synced;
  }

  run(signal: AbortSignal): void {
    if (signal.aborted) return;
    signal.addEventListener('abort', () => {
      this.#stopped = true;
      this.#quit();
    });
    this.#feed({ input: 'start' });
  }

  #feed(input: Input, came?: Came): void {
    if (this.#stopped) return;
    const { state, effects } = step(this.#state, input, this.#now(), this.#chance());
    this.#state = state;
    for (const effect of effects) this.#perform(effect, came);
  }

  #perform(effect: Effect, came: Came): void {
    switch (effect.effect) {
      case 'begin':
        this.#gathered = new Map();
        break;
      case 'take':
        this.#take(came);
        break;
      case 'publish':
        this.#objects = this.#gathered ?? new Map();
        this.#gathered = undefined;
        this.#synced = true;
        this.#well();
        this.#stream?.allowSilence(silenceMs({ ask: 'watch', resourceVersion: '' }));
        this.#options.onSynced();
        break;
      case 'ask':
        this.#quit();
        this.#ask(effect.request);
        break;
      case 'wait':
        this.#quit();
        this.#timer = setTimeout(() => this.#feed({ input: 'due' }), effect.ms);
        break;
      case 'tell':
        this.#troubled = true;
        this.#options.onTrouble?.(effect.trouble);
        break;
      case 'degrade':
        this.#options.onLack?.(effect.lack);
        break;
    }
  }

  #take(came: Came): void {
    if (came === undefined) return;
    if ('deleted' in came) {
      this.#put(came.deleted, undefined);
      return;
    }
    for (const { key, object } of came.set) this.#put(key, this.#options.project(object, key, this.#objects.get(key)));
  }

  #put(key: string, after: T | undefined): void {
    const into = this.#gathered ?? this.#objects;
    const before = into.get(key);
    if (after === undefined) into.delete(key);
    else into.set(key, after);
    if (this.#gathered === undefined && (before !== undefined || after !== undefined)) this.#options.onChange(key, before, after);
  }

  #ask(request: Request): void {
    const asked = ++this.#asked;
    const feed = (input: Input, came?: Came): void => {
      if (asked === this.#asked) this.#feed(input, came);
    };
    if (request.ask === 'page') {
      void this.#askPage(request.continue, feed);
      return;
    }
    const query =
      request.ask === 'watch-list'
        ? 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'
        : `resourceVersion=${encodeURIComponent(request.resourceVersion)}`;
    const seconds = watchSeconds(this.#chance());
    const path = `${this.#collection}watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&${query}`;
    this.#stream = this.#options.transport.stream(path, silenceMs(request), this.#listener(feed));
  }

  #listener(feed: (input: Input, came?: Came) => void): Listener {
    return {
      opened: () => {
        feed({ input: 'opened' });
        if (this.#state.phase.at === 'asking' && this.#state.phase.request.ask === 'watch') this.#well();
      },
      line: (text) => this.#line(text, feed),
      ended: () => feed({ input: 'ended' }),
      refused: (status) => feed({ input: 'refused', status }),
      lost: (why) => feed({ input: 'broken', why }),
      silent: () => feed({ input: 'silent' }),
    };
  }

  #line(text: string, feed: (input: Input, came?: Came) => void): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      feed({ input: 'broken', why: 'an event is not JSON' });
      return;
    }
    const event = readWatchEvent(value);
    switch (event?.type) {
      case 'set':
        feed({ input: 'object', resourceVersion: event.resourceVersion }, { set: [event] });
        break;
      case 'deleted':
        feed({ input: 'object', resourceVersion: event.resourceVersion }, { deleted: event.key });
        break;
      case 'bookmark':
        feed({ input: 'bookmark', resourceVersion: event.resourceVersion, initialEventsEnd: event.initialEventsEnd });
        break;
      case 'error':
        feed({ input: 'refused', status: event.status });
        break;
      case undefined:
        feed({ input: 'broken', why: 'an event has no known form' });
        break;
    }
  }

  async #askPage(next: string, feed: (input: Input, came?: Came) => void): Promise<void> {
    const { transport } = this.#options;
    const query = `limit=${PAGE}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
    const answer = await transport.call({ method: 'GET', path: `${this.#collection}${query}`, timeoutMs: PAGE_TIMEOUT_MS });
    if ('lost' in answer) return feed({ input: 'broken', why: answer.lost });
    if ('refused' in answer) return feed({ input: 'refused', status: answer.refused });
    const page = readListPage(answer.answered);
    if (page === undefined) return feed({ input: 'broken', why: 'the answer is not a list' });
    feed({ input: 'page', resourceVersion: page.resourceVersion, continue: page.continue }, { set: page.items });
  }

  get #collection(): string {
    const { path, query } = this.#options;
    return `${path}?${query === undefined ? '' : `${query}&`}`;
  }

  #well(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#options.onTrouble?.(undefined);
  }

  #quit(): void {
    clearTimeout(this.#timer);
    this.#stream?.stop();
    this.#stream = undefined;
    this.#asked++;
  }
}
