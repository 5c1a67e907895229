/**
 * The capture of one interface, whose filter can be changed while clients ask: libpcap cannot do that to an open handle, so a
 * second one is opened, takes over, and the first is closed. Each frame is handed over once (changeover.ts).
 *
 * Opening and closing block the loop; they happen in turns of their own, so that what came meanwhile is answered in between.
 */
import type { Issue } from '../../../src/issue/issue.js';
import { changeOver, passOver } from '../../../src/layer2/changeover.js';
import { type Link, openLink } from './link.js';

/** Frames remembered of one turn of the loop: a ring holds far fewer. */
const MOST_SEEN = 1024;

/** Gets each frame once: the first `length` bytes of `frame`, which lie in the buffer of `link`, from which they can be sent. */
export type OnTapped = (link: Link, frame: DataView, length: number) => void;

export class Tap {
  readonly #name: string;
  readonly #onTapped: OnTapped;
  #link: Link | undefined;
  #next: Next | undefined;
  /** Frames that the former capture handed over and the present one will again; for a turn after the change. */
  #repeats: Map<string, number> | undefined;

  private constructor(name: string, onTapped: OnTapped) {
    this.#name = name;
    this.#onTapped = onTapped;
  }

  /** Blocks the loop for some 20 ms. The issue is the link's. */
  static open(name: string, filter: string, onTapped: OnTapped): Tap | Issue {
    const tap = new Tap(name, onTapped);
    const link = tap.#openLink(filter);
    if (!('send' in link)) return link;
    tap.#link = link;
    return tap;
  }

  /** A change of the filter is under way: another has to wait. */
  get isChanging(): boolean {
    return this.#next !== undefined || this.#repeats !== undefined;
  }

  /** Begins to capture with another filter; the present capture serves until the new one does. Blocks for some 20 ms. */
  change(filter: string): Issue | undefined {
    const link = this.#openLink(filter);
    if (!('send' in link)) return link;
    this.#next = { link, answered: [], seen: [] };
    // The first turn empties what came before the new capture was open, which that one will never see.
    afterTurns(2, () => {
      if (this.#next?.link !== link) return;
      this.#next = { link, answered: [], seen: [] };
      afterTurns(1, () => this.#takeOver(link));
    });
    return undefined;
  }

  /** Throws pcap's text; false when it is closed. */
  send(frame: Buffer, length: number): boolean {
    this.#link?.send(frame, length);
    return this.#link !== undefined;
  }

  /** Hands nothing over from now on. Blocks the loop for some 30 ms. */
  close(): void {
    const links = [this.#link, this.#next?.link];
    this.#link = undefined;
    this.#next = undefined;
    for (const link of links) link?.close();
  }

  #openLink(filter: string): Link | Issue {
    const link = openLink(this.#name, filter, (frame, length) => {
      if (link === this.#link) this.#onFrame(link as Link, frame, length);
      else if (link === this.#next?.link) this.#onNext(this.#next, frame, length);
    });
    return link;
  }

  #onFrame(link: Link, frame: DataView, length: number): void {
    if (this.#next !== undefined) this.#next.answered.push(textOf(link.frame, length));
    else if (this.#repeats !== undefined && passOver(this.#repeats, textOf(link.frame, length))) return;
    this.#onTapped(link, frame, length);
  }

  #onNext({ link, seen }: Next, _frame: DataView, length: number): void {
    if (seen.length < MOST_SEEN) seen.push(textOf(link.frame, length));
  }

  #takeOver(link: Link): void {
    if (this.#next?.link !== link) return;
    const { answered, seen } = this.#next;
    const { missed, repeats } = changeOver(answered, seen);
    const former = this.#link;
    this.#link = link;
    this.#next = undefined;
    this.#repeats = repeats;
    const view = new DataView(link.frame.buffer, link.frame.byteOffset, link.frame.byteLength);
    for (const i of missed) this.#onTapped(link, view, link.frame.write(seen[i] ?? '', 'latin1'));
    afterTurns(2, () => {
      this.#repeats = undefined;
      former?.close();
    });
  }
}

interface Next {
  readonly link: Link;
  /** What the present capture handed over in this turn of the loop, and what this one did. */
  readonly answered: string[];
  readonly seen: string[];
}

const textOf = (frame: Buffer, length: number): string => frame.toString('latin1', 0, length);

/** Calls `then` when the loop has polled `turns` times; it does not sleep meanwhile. */
function afterTurns(turns: number, then: () => void): void {
  setImmediate(() => (turns === 1 ? then() : afterTurns(turns - 1, then)));
}
