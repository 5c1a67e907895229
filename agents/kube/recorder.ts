/**
 * Events of Services, or of a Pod, as `kubectl describe` shows them (core/v1, since new-style ones have no lastTimestamp to sort by). They are
 * sent one after the other, each series in its order, and never hold up anything else; while the API server is away they wait.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, failed, failureOf, RESTED } from '../../src/kube/backoff.js';
import { EventSeries, type Told } from '../../src/kube/eventseries.js';
import type { ServiceEvent } from '../source/source.js';
import type { Answer, Transport } from './transport.js';

export interface RecorderOptions {
  readonly transport: Transport;
  /** Of what its events are. @default Service */
  readonly kind?: 'Service' | 'Pod';
  /** The node or Pod that tells. */
  readonly host: string;
  /** Of the object, without which `kubectl describe` does not find the event; undefined when it is gone. */
  uidOf(service: string): string | undefined;
  /** What the API server says to each that is sent. */
  onAnswer?(answer: Answer): void;
  /** @default Date.now */
  now?(): number;
}

interface Waiting {
  readonly event: ServiceEvent;
  readonly told: Exclude<Told, { readonly tell: 'nothing' }>;
  readonly atMs: number;
}

/** Of a cluster of 10,000 Services that get addresses at once. Older ones are dropped beyond it. */
const MOST_WAITING = 10_000;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #now: () => number;
  /** Names of events of another run must be others. */
  readonly #run: string;
  readonly #series = new EventSeries();
  #waiting: Waiting[] = [];
  #wake: () => void = () => undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#run = Math.floor(this.#now()).toString(16);
  }

  record(event: ServiceEvent): void {
    const atMs = this.#now();
    const { service, type, reason, message, component } = event;
    const told = this.#series.tell([service, type, reason, component, message].join('\n'), service, atMs);
    if (told.tell === 'nothing') return;
    this.#waiting.push({ event, told, atMs });
    if (this.#waiting.length > MOST_WAITING) this.#waiting = this.#waiting.slice(MOST_WAITING / 2);
    this.#wake();
  }

  /** Sends until `signal` aborts; what waits then is lost. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake());
    let backoff: Backoff = RESTED;
    while (!signal.aborted) {
      // The queue is taken as a whole: to shift one by one from thousands takes long.
      const batch = this.#waiting;
      this.#waiting = [];
      for (const one of batch) {
        for (;;) {
          if (signal.aborted) return;
          const answer = await this.#send(one);
          if (answer === 'not sent') break;
          this.#options.onAnswer?.(answer);
          if ('answered' in answer) backoff = RESTED;
          const isLater = 'lost' in answer || ('refused' in answer && failureOf(answer.refused.code) === 'away');
          if (!isLater) break;
          const wait = failed(backoff, 'away', Math.random());
          ({ backoff } = wait);
          const asked = 'refused' in answer ? (answer.refused.retryAfterMs ?? 0) : 0;
          await delay(Math.max(wait.waitMs, asked), undefined, { signal }).catch(() => undefined);
        }
      }
      if (this.#waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #send({ event, told, atMs }: Waiting): Promise<Answer | 'not sent'> {
    const { transport, uidOf } = this.#options;
    const uid = uidOf(event.service);
    // Nobody looks for the events of what is gone.
    if (uid === undefined) return 'not sent';
    const [namespace = '', service = ''] = event.service.split('/');
    const name = `${service}.${this.#run}${told.id.toString(16)}`;
    const path = `/api/v1/namespaces/${namespace}/events`;
    const lastTimestamp = rfc3339(atMs);
    const firstTimestamp = told.tell === 'again' ? rfc3339(told.firstAtMs) : lastTimestamp;
    const count = told.tell === 'again' ? told.count : 1;
    if (told.tell === 'again') {
      const body = { count, lastTimestamp };
      const answer = await transport.call({
        method: 'PATCH',
        path: `${path}/${name}`,
        contentType: 'application/merge-patch+json',
        body,
      });
      // The API server forgets events; the series goes on all the same.
      if (!('refused' in answer) || answer.refused.code !== 404) return answer;
    }
    return transport.call({
      method: 'POST',
      path,
      body: this.#object(event, { name, namespace, uid }, { firstTimestamp, lastTimestamp, count }),
    });
  }

  #object(
    event: ServiceEvent,
    { uid, ...metadata }: { readonly name: string; readonly namespace: string; readonly uid: string },
    times: object,
  ): object {
    const { type, reason, message, component, service } = event;
    const { host, kind = 'Service' } = this.#options;
    const [namespace = '', name = ''] = service.split('/');
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata,
      involvedObject: { apiVersion: 'v1', kind, namespace, name, uid },
      type,
      reason,
      message,
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host,
      ...times,
    };
  }
}

/** As Kubernetes writes times: in whole seconds. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
