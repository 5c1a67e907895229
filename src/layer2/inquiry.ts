/**
 * Asking the wire before a takeover that the owner did not announce: a node whose beats stop to come may be dead, or only unheard,
 * because something between the nodes drops what they say to each other. Who answers for his addresses on the wire is no case
 * for a successor: two nodes would answer. So he is asked, as soon as his beats falter: the last question has had its time when
 * his silence is sure, and a death is noticed no later than without.
 *
 * A peer who answers is held for alive as long as he does, and is asked again now and then.
 */
import type { AddressKey } from '../net/address.js';
import type { Ballot, On } from './ballot.js';

/** How many questions one after another, and how long each has for its answer. */
export interface Patience {
  readonly tries: number;
  readonly everyMs: number;
}

/** A peer whose beats falter. */
const PATIENT: Patience = { tries: 5, everyMs: 20 };
/**
 * One whose process is known to have ended, as far as TCP goes: that is nearly sure. More than one question all the same, because a
 * firewall that resets connections does so again, and one frame in a hundred may be lost. Timers of a millisecond take one and a half:
 * all have some 5 ms.
 */
export const BRIEF: Patience = { tries: 3, everyMs: 1 };
/** Later than this is late: what was answered may not have been read. */
const LATE_MS = 2;
/** A turn of the event loop reads it. */
const READ_MS = 1;
/** Between an answer and the next questions. */
const AGAIN_MS = 500;

/** An address that the peer should answer for, and where. */
export interface Question {
  readonly key: AddressKey;
  readonly on: On;
}

/**
 * `asking`: it is not known yet. `answered`: by a frame of his, for at least one of the addresses. `silent`: all questions had
 * their time and got no answer.
 */
export type Verdict = 'asking' | 'answered' | 'silent';

export interface InquiryStep {
  readonly due: readonly Question[];
  /** Peers whose verdict is another than before. */
  readonly decided: readonly string[];
}

interface Inquiry {
  readonly questions: readonly Question[];
  readonly verdict: Verdict;
  /** Of this round of questions. */
  readonly tries: number;
  /** Whether something was answered in this round. */
  readonly answered: boolean;
  readonly nextAt: number;
  readonly patience: Patience;
  /** The verdict was put off because this node was late. */
  readonly isLate: boolean;
}

/** State of one caller, with time as a parameter. */
export class Inquiries {
  readonly #inquiries = new Map<string, Inquiry>();

  /** Undefined: he was not asked. */
  verdictOn(peer: string): Verdict | undefined {
    return this.#inquiries.get(peer)?.verdict;
  }

  /** When to call `step`; infinity: nothing is under way. */
  get wakeAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const { verdict, nextAt } of this.#inquiries.values()) if (verdict !== 'silent') at = Math.min(at, nextAt);
    return at;
  }

  /** Begins to ask a peer; one who is asked already goes on being asked what he is asked. Without a question he is silent. */
  begin(peer: string, questions: readonly Question[], now: number, patience: Patience = PATIENT): void {
    if (this.#inquiries.has(peer)) return;
    const verdict = questions.length === 0 ? 'silent' : 'asking';
    this.#inquiries.set(peer, { questions, verdict, tries: 0, answered: false, nextAt: now, patience, isLate: false });
  }

  /** He owns other addresses than when the asking began; what he owns no more he rightly does not answer for. */
  askInstead(peer: string, questions: readonly Question[]): void {
    const before = this.#inquiries.get(peer);
    if (before !== undefined) this.#inquiries.set(peer, { ...before, questions });
  }

  /** The peer is heard again, or gone for good: what the wire says of him is of no interest. */
  end(peer: string): void {
    this.#inquiries.delete(peer);
  }

  /** He answers for this address. Whether that changes the verdict. */
  answer(peer: string, question: Question, now: number): boolean {
    const before = this.#inquiries.get(peer);
    if (before?.verdict === 'answered') {
      this.#inquiries.set(peer, { ...before, answered: true });
      return false;
    }
    const questions = before === undefined || before.questions.length === 0 ? [question] : before.questions;
    this.#inquiries.set(peer, {
      questions,
      verdict: 'answered',
      tries: 0,
      answered: false,
      nextAt: now + AGAIN_MS,
      patience: PATIENT,
      isLate: false,
    });
    return true;
  }

  step(now: number): InquiryStep {
    const due: Question[] = [];
    const decided: string[] = [];
    for (const [peer, inquiry] of this.#inquiries) {
      if (inquiry.verdict === 'silent' || inquiry.nextAt > now) continue;
      const next = proceed(inquiry, now);
      this.#inquiries.set(peer, next);
      if (next.tries > inquiry.tries) due.push(...next.questions);
      if (next.verdict !== inquiry.verdict) decided.push(peer);
    }
    return { due, decided };
  }
}

function proceed(inquiry: Inquiry, now: number): Inquiry {
  if (inquiry.answered) return { ...inquiry, tries: 0, answered: false, isLate: false, nextAt: now + AGAIN_MS };
  const { tries, everyMs } = inquiry.patience;
  if (inquiry.tries < tries) return { ...inquiry, tries: inquiry.tries + 1, nextAt: now + everyMs };
  // Whoever comes late has not read what was answered meanwhile.
  if (!inquiry.isLate && now - inquiry.nextAt > LATE_MS) return { ...inquiry, isLate: true, nextAt: now + READ_MS };
  return { ...inquiry, verdict: 'silent' };
}

/** Addresses that one peer is asked for at most: one that answers is enough, and there may be thousands. */
const MOST_QUESTIONS = 4;

/** What to ask a peer: some of the addresses that he owns, of each place where he announces any if that can be. */
export function questionsTo(
  peer: string,
  { keys, on }: Ballot,
  owners: ReadonlyMap<AddressKey, string>,
  canAsk: (key: AddressKey, on: On) => boolean,
): readonly Question[] {
  const [first, more]: [Map<On, Question>, Question[]] = [new Map(), []];
  for (const [i, key] of keys.entries()) {
    const place = on[i];
    if (place === undefined || owners.get(key) !== peer || !canAsk(key, place)) continue;
    const question = { key, on: place };
    if (!first.has(place)) first.set(place, question);
    else if (more.length < MOST_QUESTIONS) more.push(question);
  }
  return [...first.values(), ...more].slice(0, MOST_QUESTIONS);
}
