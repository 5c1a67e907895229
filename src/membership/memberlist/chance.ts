/**
 * Chance that repeats: whom to probe, to gossip to and to ask follows from one seed, so that a run can be played again. Nothing
 * secret comes from here.
 */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `bound` − 1; 0 if there is none. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** From 0 to 1, 1 excluded: a counter of odd step (it visits all 2³² states), its bits mixed as MurmurHash3 ends. */
  fraction(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
  }

  /** Up to `count` of the items, each as likely as any other. */
  sample<T>(items: Iterable<T>, count: number): T[] {
    const rest = [...items];
    const chosen: T[] = [];
    while (chosen.length < count && rest.length > 0) {
      const [item] = rest.splice(this.below(rest.length), 1);
      if (item !== undefined) chosen.push(item);
    }
    return chosen;
  }
}
