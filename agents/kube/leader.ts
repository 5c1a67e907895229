/**
 * Leading by a Lease: what src/kube/lease.ts decides, done over a transport of its own, so that nothing else can hold up a renewal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { formatIssue, type Issue, issue } from '../../src/issue/issue.js';
import {
  type Election,
  type ElectionEffect,
  type ElectionInput,
  leads,
  newElection,
  readLease,
  released,
  stepElection,
} from '../../src/kube/lease.js';
import { LOAD_BALANCER_CLASS, rivalOf } from '../../src/kube/rivalinstall.js';
import { troubleIssue } from '../../src/kube/trouble.js';
import type { Log } from '../runtime/log.js';
import type { Answer, Transport } from './transport.js';

export interface LeaderOptions {
  readonly transport: Transport;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this process; that of a Pod's next life is the same. */
  readonly identity: string;
  /** That is served; absent: Services that have none. */
  readonly loadBalancerClass?: string;
  /** Begins what only the leader does. `signal` aborts when it leads no more. */
  onLead(signal: AbortSignal): void;
  readonly log: Log;
  report(issue: Issue): void;
}

/** Half of the time within which a lease must be renewed. */
const TIMEOUT_MS = 5000;
/** Whoever leads looks so often whether another install has the right to. */
const LOOK_EVERY_MS = 60_000;

export class Leader {
  readonly #options: LeaderOptions;
  #state: Election;
  #term: AbortController | undefined;
  #trouble: Issue | undefined;
  /** Of the Lease, as it was read last. */
  #version: string | undefined;
  /** When it was last known that no other install has the right to lead. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isForbidden = false;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#state = newElection(options.identity);
  }

  /** Whether this process may write now: nobody else can lead yet. */
  get leads(): boolean {
    return leads(this.#state, performance.now());
  }

  /** Why it cannot be known who leads, or nobody of this install does; undefined: somebody can. */
  get trouble(): string | undefined {
    return this.#trouble === undefined ? undefined : formatIssue(this.#trouble);
  }

  /** Tries to lead, and leads, until `signal` aborts; then gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    let inputs: ElectionInput[] = [{ input: 'due' }];
    while (!signal.aborted) {
      const [input = { input: 'due' }] = inputs;
      const { state, effects } = stepElection(this.#state, input, now());
      this.#state = state;
      inputs = [];
      for (const effect of effects) {
        const next = await this.#perform(effect, signal);
        if (next !== undefined) inputs.push(next);
      }
    }
    this.#term?.abort();
    const last = released(this.#state, now());
    if (last !== undefined) await this.#perform(last, signal);
  }

  async #perform(effect: ElectionEffect, signal: AbortSignal): Promise<ElectionInput | undefined> {
    const { log, identity, onLead } = this.#options;
    switch (effect.effect) {
      case 'wait':
        await delay(effect.ms, undefined, { signal }).catch(() => undefined);
        return undefined;
      case 'won':
        this.#term = new AbortController();
        log({ level: 'info', event: 'leading', msg: `${identity} leads`, fields: { lease: this.#options.name } });
        onLead(this.#term.signal);
        return undefined;
      case 'lost':
        this.#term?.abort();
        this.#term = undefined;
        log({
          level: 'warn',
          event: 'notLeading',
          msg: `${identity} leads no more and writes nothing`,
          fields: { lease: this.#options.name },
        });
        return undefined;
      case 'read':
        return this.#read();
      case 'write':
        return this.#write(effect);
    }
  }

  async #read(): Promise<ElectionInput> {
    const answer = await this.#options.transport.call({ method: 'GET', path: this.#path, timeoutMs: TIMEOUT_MS });
    if ('refused' in answer && answer.refused.code === 404) return { input: 'read', lease: undefined };
    if (!('answered' in answer)) return this.#failed(answer);
    const lease = readLease(answer.answered);
    if (lease === undefined) return this.#failed({ lost: 'the answer is no Lease' });
    // Somebody else of this install renews it, or has given it back.
    const isKept = lease.spec.holderIdentity !== this.#options.identity && lease.resourceVersion !== this.#version;
    if (isKept) this.#trouble = undefined;
    this.#version = lease.resourceVersion;
    return { input: 'read', lease };
  }

  async #write({ spec, resourceVersion }: Extract<ElectionEffect, { readonly effect: 'write' }>): Promise<ElectionInput> {
    const { transport, namespace, name, loadBalancerClass } = this.#options;
    const [isNew, isLeading] = [resourceVersion === undefined, this.#term !== undefined];
    const mayHaveRival = spec.holderIdentity !== '' && performance.now() - this.#lookedAtMs >= LOOK_EVERY_MS;
    const before = mayHaveRival && !isNew && !isLeading ? await this.#findRival() : undefined;
    if (before !== undefined) return before;
    const askedAtMs = performance.now();
    const annotations = loadBalancerClass === undefined ? {} : { [LOAD_BALANCER_CLASS]: loadBalancerClass };
    const metadata = { name, namespace, annotations, ...(isNew ? {} : { resourceVersion }) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    const answer = await (isNew
      ? transport.call({ method: 'POST', path: this.#collection, body, timeoutMs: TIMEOUT_MS })
      : transport.call({ method: 'PUT', path: this.#path, body, timeoutMs: TIMEOUT_MS }));
    const lease = 'answered' in answer ? readLease(answer.answered) : undefined;
    if (lease !== undefined) {
      // A new Lease is younger than all others; it shows, too, that there is a place for it.
      const after = isNew || (mayHaveRival && isLeading) ? await this.#findRival() : undefined;
      // Whoever leads does not stop because nobody can be looked for.
      if (after !== undefined && (isNew || after.input === 'rival')) return after;
      this.#trouble = undefined;
      return { input: 'written', lease, askedAtMs };
    }
    // It changed, or it is gone.
    if ('refused' in answer && (answer.refused.code === 409 || (!isNew && answer.refused.code === 404))) {
      return { input: 'failed', conflict: true };
    }
    return this.#failed('answered' in answer ? { lost: 'the answer is no Lease' } : answer);
  }

  /** Why it must not lead: another install does, or nobody knows. Undefined: it may. */
  async #findRival(): Promise<ElectionInput | undefined> {
    const { transport, name, namespace, loadBalancerClass, report } = this.#options;
    const path = `/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3D${name}`;
    const answer = await transport.call({ method: 'GET', path, timeoutMs: TIMEOUT_MS });
    // Roles may be older than this program.
    const isForbidden = 'refused' in answer && answer.refused.code === 403;
    if (isForbidden && !this.#isForbidden) {
      report(troubleIssue(answer, 'installs in other namespaces cannot be looked for', 'it is taken that there is none'));
    }
    this.#isForbidden = isForbidden;
    if (!isForbidden && !('answered' in answer)) return this.#failed(answer);
    this.#lookedAtMs = performance.now();
    const own = { namespace, ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }) };
    const rival = 'answered' in answer ? rivalOf(own, answer.answered) : undefined;
    if (rival === undefined) return undefined;
    // It is looked for again before anything is written.
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    this.#tell(issue('SECOND_INSTALL', '', yielding(rival, name)));
    return { input: 'rival' };
  }

  #failed(answer: Exclude<Answer, { readonly answered: unknown }>): ElectionInput {
    const { namespace, name } = this.#options;
    this.#tell(troubleIssue(answer, `the lease ${namespace}/${name} cannot be held`, 'it is tried again every second'));
    return { input: 'failed' };
  }

  /** Once for as long as it cannot lead for the same reason. */
  #tell(trouble: Issue): void {
    const isNews = this.#trouble?.code !== trouble.code;
    this.#trouble = trouble;
    if (isNews) this.#options.report(trouble);
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  get #path(): string {
    return `${this.#collection}/${this.#options.name}`;
  }
}

const yielding = (rival: string, lease: string): string =>
  `a controller in the namespace ${rival} serves the same Services: its Lease ${lease} is older than this install; this one does nothing until that Lease is gone`;

const now = () => ({
  nowMs: performance.now(),
  // MicroTime of meta/v1.
  wallTime: new Date().toISOString().replace('Z', '000Z'),
  chance: Math.random(),
});
