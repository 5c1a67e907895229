/**
 * Who may do what, by the word of the API server: whoever shows a token is asked about with a TokenReview, and what he may with a
 * SubjectAccessReview. Answers are kept for a while, as API servers keep them: a scrape comes each few seconds.
 *
 * Anybody can send tokens that are none. Those are not kept, and only so many are asked about at a time.
 */
import { createHash } from 'node:crypto';
import { isRecord, type PlainObject } from '../../src/api/value.js';
import type { Issue } from '../../src/issue/issue.js';
import type { Trouble } from '../../src/kube/reflector.js';
import { troubleIssue } from '../../src/kube/trouble.js';
import type { Review, Verdict } from '../runtime/https.js';
import type { Transport } from './transport.js';

export interface ReviewerOptions {
  /** Best one of its own: whoever floods it holds up nothing else. */
  readonly transport: Transport;
  /** Told why nobody can be asked about, once until it works again. */
  report(issue: Issue): void;
  /** Monotonic, in milliseconds. @default performance.now */
  now?(): number;
}

/** As MetalLB's (metallb-behaviour §6.2). */
const USER_MS = 60_000;
const ALLOWED_MS = 300_000;
const DENIED_MS = 30_000;

const MOST_UNDER_WAY = 8;
const MOST_KEPT = 1000;

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class Reviewer {
  readonly #options: ReviewerOptions;
  readonly #now: () => number;
  /** By the hash of the token. */
  readonly #users = new Map<string, Kept<PlainObject>>();
  /** By user, path and verb. */
  readonly #verdicts = new Map<string, Kept<'allowed' | 'forbidden'>>();
  #underWay = 0;
  #isTold = false;

  constructor(options: ReviewerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  readonly review: Review = async (token, path, verb) => {
    if (token === undefined) return 'unauthenticated';
    const user = this.#fresh(this.#users, hash(token));
    const known = user && this.#fresh(this.#verdicts, verdictKey(user, path, verb));
    if (known !== undefined) return known;
    if (this.#underWay >= MOST_UNDER_WAY) return 'unavailable';
    this.#underWay++;
    try {
      const asked = user ?? (await this.#askUser(token));
      if (typeof asked === 'string') return asked;
      return this.#fresh(this.#verdicts, verdictKey(asked, path, verb)) ?? (await this.#askVerdict(asked, path, verb));
    } finally {
      this.#underWay--;
    }
  };

  async #askUser(token: string): Promise<PlainObject | 'unauthenticated' | 'unavailable'> {
    const status = await this.#ask('authentication.k8s.io', 'TokenReview', { token });
    if (status === undefined) return 'unavailable';
    if (status['authenticated'] !== true || !isRecord(status['user'])) return 'unauthenticated';
    this.#keep(this.#users, hash(token), status['user'], USER_MS);
    return status['user'];
  }

  async #askVerdict(user: PlainObject, path: string, verb: string): Promise<Verdict> {
    const { username, uid, groups, extra } = user;
    const spec = { user: username, uid, groups, extra, nonResourceAttributes: { path, verb } };
    const status = await this.#ask('authorization.k8s.io', 'SubjectAccessReview', spec);
    if (status === undefined) return 'unavailable';
    const verdict = status['allowed'] === true ? 'allowed' : 'forbidden';
    this.#keep(this.#verdicts, verdictKey(user, path, verb), verdict, verdict === 'allowed' ? ALLOWED_MS : DENIED_MS);
    return verdict;
  }

  /** The status of the review; undefined: nobody can say. */
  async #ask(group: string, kind: 'TokenReview' | 'SubjectAccessReview', spec: PlainObject): Promise<PlainObject | undefined> {
    const { transport } = this.#options;
    const body = { apiVersion: `${group}/v1`, kind, spec };
    const answer = await transport.call({ method: 'POST', path: `/apis/${group}/v1/${kind.toLowerCase()}s`, body });
    if (!('answered' in answer)) return this.#tell(answer);
    const status = isRecord(answer.answered) ? answer.answered['status'] : undefined;
    if (!isRecord(status)) return this.#tell({ lost: `the answer is no ${kind}` });
    this.#isTold = false;
    return status;
  }

  #tell(trouble: Trouble): undefined {
    const failed = 'whoever wants metrics over HTTPS is refused';
    if (!this.#isTold) this.#options.report(troubleIssue(trouble, failed, 'it is tried again at the next scrape'));
    this.#isTold = true;
  }

  #fresh<T>(among: ReadonlyMap<string, Kept<T>>, key: string): T | undefined {
    const kept = among.get(key);
    return kept !== undefined && this.#now() < kept.untilMs ? kept.value : undefined;
  }

  /** The oldest goes when there are too many. */
  #keep<T>(among: Map<string, Kept<T>>, key: string, value: T, ms: number): void {
    among.delete(key);
    const [oldest] = among.keys();
    if (among.size >= MOST_KEPT && oldest !== undefined) among.delete(oldest);
    among.set(key, { value, untilMs: this.#now() + ms });
  }
}

const hash = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Groups count: a token of the same user may be of fewer. */
const verdictKey = (user: PlainObject, path: string, verb: string): string => JSON.stringify([user, path, verb]);
