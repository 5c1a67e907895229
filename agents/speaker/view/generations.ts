/**
 * The generation of each interface: a number that grows when the interface was interrupted, however briefly. Two witnesses are
 * heard: the monitor's events, which may be lost, and the kernel's count of carrier changes, which some drivers leave alone.
 */
export class Generations {
  #last = 0;
  /** Of every interface at least: raised when events were lost. */
  #floor = 0;
  /** By index: the number drawn at the last event of an interruption. */
  readonly #heard = new Map<number, number>();
  /** By index, of the last list. */
  #told: ReadonlyMap<number, { readonly generation: number; readonly carrierChanges: number | undefined }> = new Map();

  /** The interface was down, or gone, or is now. */
  interrupted(index: number): void {
    this.#last++;
    this.#heard.set(index, this.#last);
  }

  /** Events were lost: any interface may have been interrupted. */
  interruptedAll(): void {
    this.#last++;
    this.#floor = this.#last;
  }

  /** What {@link listed} is to be given of the time before the list was begun. */
  get mark(): number {
    return this.#last;
  }

  /**
   * The generations of what a list has, by index; others are forgotten. Events later than `mark` wait for the next list: this
   * one may show how it was before them, and nobody shall open anew what is down at present.
   *
   * @param carrierChanges by index: the kernel's count, undefined where it was not read
   */
  listed(carrierChanges: ReadonlyMap<number, number | undefined>, mark: number): ReadonlyMap<number, number> {
    const told = new Map([...carrierChanges].map(([index, count]) => [index, this.#next(index, count, mark)] as const));
    for (const [index, at] of this.#heard) if (!told.has(index) && at <= mark) this.#heard.delete(index);
    this.#told = told;
    return new Map([...told].map(([index, { generation }]) => [index, generation]));
  }

  /** Of an event and a count that tell of the same, the later one changes nothing. */
  #next(
    index: number,
    carrierChanges: number | undefined,
    mark: number,
  ): { generation: number; carrierChanges: number | undefined } {
    const before = this.#told.get(index);
    if (before !== undefined && before.carrierChanges !== carrierChanges) {
      this.#last++;
      return { generation: this.#last, carrierChanges };
    }
    const heard = Math.max(this.#floor, this.#heard.get(index) ?? 0);
    return { generation: Math.max(heard <= mark ? heard : 0, before?.generation ?? 0), carrierChanges };
  }
}
