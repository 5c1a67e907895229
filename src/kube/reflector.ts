/**
 * Following one kind of object: first everything there is, then every change, for ever (client-go's Reflector, kube-rs'
 * watcher; KEP-3157). A machine of states that somebody else drives: it is told what came from the server and says what to do.
 *
 * What is known is replaced as a whole, once everything there is has come: until then what was known before stays. Nothing that a
 * server sends, and no loss of it, ends the machine.
 */
import { type ApiStatus, isExpired } from './apistatus.js';
import { type Backoff, failed, failureOf, RESTED } from './backoff.js';

export interface Reflector {
  readonly phase: Phase;
  /** How everything there is is asked for: as the beginning of a watch, or in pages where the server does not know that. */
  readonly initial: 'watch-list' | 'pages';
  readonly backoff: Backoff;
  /** The server may not know the kind, and then there is none of it. */
  readonly optional: boolean;
  /** When everything was asked for last. */
  readonly begunAtMs: number;
}

type Phase =
  | { readonly at: 'idle' }
  /** Something was asked for, or is streaming. */
  | { readonly at: 'asking'; readonly request: Request; readonly openedAtMs?: number; readonly heard: boolean }
  | { readonly at: 'waiting'; readonly next: Request };

export type Request =
  | { readonly ask: 'watch-list' }
  | { readonly ask: 'page'; readonly continue: string }
  | { readonly ask: 'watch'; readonly resourceVersion: string };

export type Input =
  /** Begin, or begin again: what is known must be renewed. */
  | { readonly input: 'start' }
  /** The wait is over. */
  | { readonly input: 'due' }
  /** The server has begun to answer with a stream. */
  | { readonly input: 'opened' }
  | { readonly input: 'object'; readonly resourceVersion: string }
  | { readonly input: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly input: 'page'; readonly resourceVersion: string; readonly continue: string }
  /** By an HTTP status, or by an error within the stream. */
  | { readonly input: 'refused'; readonly status: ApiStatus }
  /** The stream came to its end as it should. */
  | { readonly input: 'ended' }
  /** It did not: reset, refused, out of shape. */
  | { readonly input: 'broken'; readonly why: string }
  /** Nothing was heard for {@link silenceMs}. */
  | { readonly input: 'silent' };

export type Effect =
  /** Ends what is under way, if anything, and asks. */
  | { readonly effect: 'ask'; readonly request: Request }
  /** Ends what is under way, and waits. */
  | { readonly effect: 'wait'; readonly ms: number }
  /** From here on objects are gathered beside what is known. */
  | { readonly effect: 'begin' }
  /** The object that came (or those of the page) belongs to what is gathered, or else to what is known. */
  | { readonly effect: 'take' }
  /** What was gathered is what is known. */
  | { readonly effect: 'publish' }
  | { readonly effect: 'tell'; readonly trouble: Trouble }
  /** The server lacks something that can be done without. */
  | { readonly effect: 'degrade'; readonly lack: Lack };

/** How a watch begins with everything there is; the kind itself. */
export type Lack = 'watch-list' | 'kind';

/** What keeps the machine from being up to date, for people. */
export type Trouble = { readonly refused: ApiStatus } | { readonly lost: string };

export interface Step {
  readonly state: Reflector;
  readonly effects: readonly Effect[];
}

export const newReflector = (optional = false): Reflector => ({
  phase: { at: 'idle' },
  initial: 'watch-list',
  backoff: RESTED,
  optional,
  begunAtMs: Number.NEGATIVE_INFINITY,
});

/** A watch of ours ends after 5 to 10 minutes, so that connections spread over several servers again. */
export const watchSeconds = (chance: number): number => Math.round(300 + 300 * chance);

/** Bookmarks come each minute: a stream that says less than that is not one. A list comes within the server's own limit, a minute. */
export function silenceMs({ ask }: Request): number {
  switch (ask) {
    case 'watch':
      return 150_000;
    case 'page':
      return 60_000;
    case 'watch-list':
      return 30_000;
  }
}

/** A watch that lives less and says nothing is a failure, or a server could be asked without a pause. */
const VERY_SHORT_MS = 1000;
/** A list that is too old at this age must not be made again at once. */
const FRESH_MS = 30_000;
/**
 * Everything is asked for anew after so long, at the end of a watch: whatever a server or something on the way to it lost is known again by
 * then (as MetalLB's informers look at everything again).
 */
const RENEW_MS = 10 * 3600_000;
/** Until a kind that the server does not know is asked for again. */
const ABSENT_MS = 300_000;

const TAKE: readonly Effect[] = [{ effect: 'take' }];
const NOTHING: readonly Effect[] = [];

/** `chance` is from 0 to 1, 1 excluded. */
export function step(state: Reflector, input: Input, nowMs: number, chance: number): Step {
  const { phase } = state;
  if (input.input === 'start') return begin(state, nowMs);
  if (phase.at === 'waiting') return input.input === 'due' ? ask(state, phase.next, nowMs) : { state, effects: NOTHING };
  if (phase.at === 'idle') return { state, effects: NOTHING };
  const { request } = phase;
  switch (input.input) {
    case 'due':
      return { state, effects: NOTHING };
    case 'opened':
      return { state: { ...state, phase: { ...phase, openedAtMs: nowMs } }, effects: NOTHING };
    case 'object':
      return { state: heard(state, advanced(request, input.resourceVersion), phase.openedAtMs), effects: TAKE };
    case 'bookmark':
      if (request.ask === 'watch-list' && input.initialEventsEnd) {
        // The same stream goes on as a watch.
        const watch: Request = { ask: 'watch', resourceVersion: input.resourceVersion };
        return { state: heard(state, watch, phase.openedAtMs), effects: [{ effect: 'publish' }] };
      }
      return { state: heard(state, advanced(request, input.resourceVersion), phase.openedAtMs), effects: NOTHING };
    case 'page':
      return request.ask === 'page' ? page(state, input, nowMs) : { state, effects: NOTHING };
    case 'refused':
      return refused(state, phase, input.status, nowMs, chance);
    case 'ended':
      return ended(state, phase, nowMs, chance);
    case 'broken':
      return again(state, request, { lost: input.why }, nowMs, chance);
    case 'silent':
      return silent(state, request, nowMs, chance);
  }
}

const heard = (state: Reflector, request: Request, openedAtMs: number | undefined): Reflector => ({
  ...state,
  phase: { at: 'asking', request, heard: true, ...(openedAtMs === undefined ? {} : { openedAtMs }) },
});

/** Before everything has come, versions are those of single objects, and mean nothing for the whole. */
const advanced = (request: Request, resourceVersion: string): Request =>
  request.ask === 'watch' ? { ask: 'watch', resourceVersion } : request;

const initialRequest = ({ initial }: Reflector): Request =>
  initial === 'watch-list' ? { ask: 'watch-list' } : { ask: 'page', continue: '' };

const begin = (state: Reflector, nowMs: number): Step => ask(state, initialRequest(state), nowMs);

function inPages(state: Reflector, nowMs: number): Step {
  const begun = begin({ ...state, initial: 'pages' }, nowMs);
  return { state: begun.state, effects: [{ effect: 'degrade', lack: 'watch-list' }, ...begun.effects] };
}

function ask(state: Reflector, request: Request, nowMs: number): Step {
  const isInitial = request.ask === 'watch-list' || (request.ask === 'page' && request.continue === '');
  const begunAtMs = isInitial ? nowMs : state.begunAtMs;
  return {
    state: { ...state, begunAtMs, phase: { at: 'asking', request, heard: false } },
    effects: [...(isInitial ? [{ effect: 'begin' } as const] : []), { effect: 'ask', request }],
  };
}

/** Asks again later. What was gathered of an initial list is lost: it begins anew. */
function again(state: Reflector, request: Request, trouble: Trouble, nowMs: number, chance: number, atLeastMs = 0): Step {
  const before = wasGood(state.phase, nowMs) ? RESTED : state.backoff;
  const { waitMs, backoff } = failed(before, 'refused' in trouble ? failureOf(trouble.refused.code) : 'away', chance);
  return {
    state: { ...state, backoff, phase: { at: 'waiting', next: request.ask === 'watch' ? request : initialRequest(state) } },
    effects: [
      { effect: 'tell', trouble },
      { effect: 'wait', ms: Math.max(waitMs, atLeastMs) },
    ],
  };
}

function page(state: Reflector, { resourceVersion, continue: next }: Extract<Input, { input: 'page' }>, nowMs: number): Step {
  const following = ask(state, next === '' ? { ask: 'watch', resourceVersion } : { ask: 'page', continue: next }, nowMs);
  const done: readonly Effect[] = next === '' ? [{ effect: 'publish' }] : NOTHING;
  return { state: following.state, effects: [...TAKE, ...done, ...following.effects] };
}

type Asking = Extract<Phase, { at: 'asking' }>;

function refused(state: Reflector, phase: Asking, status: ApiStatus, nowMs: number, chance: number): Step {
  const { request } = phase;
  if (request.ask === 'watch-list' && (status.code === 400 || status.code === 422)) return inPages(state, nowMs);
  if (request.ask !== 'watch' && state.optional && (status.code === 404 || status.code === 403)) {
    return {
      state: { ...state, phase: { at: 'waiting', next: initialRequest(state) } },
      effects: [{ effect: 'degrade', lack: 'kind' }, { effect: 'publish' }, { effect: 'wait', ms: ABSENT_MS }],
    };
  }
  if (request.ask === 'watch' && (isExpired(status) || status.fromTheFuture === true || status.code === 400)) {
    const isFresh = nowMs - state.begunAtMs < FRESH_MS;
    return isFresh
      ? again(state, initialRequest(state), { refused: status }, nowMs, chance, status.retryAfterMs)
      : begin(state, nowMs);
  }
  return again(state, request, { refused: status }, nowMs, chance, status.retryAfterMs);
}

/** It was a watch, and told something or lasted: what failed before is over. */
const wasGood = (phase: Phase, nowMs: number): boolean =>
  phase.at === 'asking' && phase.request.ask === 'watch' && !isShort(phase, nowMs);

/** It said nothing and was over at once, or it was not even opened. */
const isShort = ({ openedAtMs, heard: something }: Asking, nowMs: number): boolean =>
  !something && (openedAtMs === undefined || nowMs - openedAtMs < VERY_SHORT_MS);

function ended(state: Reflector, phase: Asking, nowMs: number, chance: number): Step {
  const { request } = phase;
  if (request.ask !== 'watch') return again(state, request, { lost: 'the answer ended too early' }, nowMs, chance);
  if (isShort(phase, nowMs)) return again(state, request, { lost: 'the watch ended as soon as it began' }, nowMs, chance);
  return nowMs - state.begunAtMs < RENEW_MS ? ask(state, request, nowMs) : begin(state, nowMs);
}

/** A server whose store tells no progress never gets to the end of the initial events where nothing else changes. */
function silent(state: Reflector, request: Request, nowMs: number, chance: number): Step {
  if (request.ask === 'watch-list') return inPages(state, nowMs);
  return again(state, request, { lost: `nothing was heard for ${silenceMs(request) / 1000} s` }, nowMs, chance);
}
