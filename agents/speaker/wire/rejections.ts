/**
 * Says that something was dropped, and what that most likely means: once in a while for each kind, since whoever sends such things
 * sends many.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { DropReason } from '../../../src/membership/memberlist/drop.js';
import { type Warnings, warnAbout } from '../../../src/membership/warnings.js';

const EVERY_MS = 10_000;

export class Rejections {
  readonly #isSealed: boolean;
  readonly #report: (issues: readonly Issue[]) => void;
  #warned: Warnings = new Map();

  constructor(isSealed: boolean, report: (issues: readonly Issue[]) => void) {
    this.#isSealed = isSealed;
    this.#report = report;
  }

  tell(reason: DropReason, from: string): void {
    const one = this.#issueOf(reason, from);
    const warned = warnAbout(this.#warned, one.code, EVERY_MS, performance.now());
    if (warned === undefined) return;
    this.#warned = warned;
    this.#report([one]);
  }

  #issueOf(reason: DropReason, from: string): Issue {
    if (reason === 'not-decrypted' && this.#isSealed) {
      return issue('GOSSIP_KEY_MISMATCH', from, `${from} sends what is not sealed with this node's key: it has another, or none`);
    }
    if (reason === 'not-decrypted') {
      return issue('GOSSIP_KEY_MISMATCH', from, `${from} seals what it sends, and this node was given no key`);
    }
    const hint = this.#isSealed ? '' : '; if that node has a key, this one needs it too';
    return issue('GOSSIP_UNREADABLE', from, `what ${from} sends cannot be read (${reason})${hint}`);
  }
}
