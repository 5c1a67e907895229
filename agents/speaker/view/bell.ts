/** Something happened: rung from anywhere, heard by one who waits, now or when it comes to waiting. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** What rang before this counts as heard. */
  clear(): void {
    this.#isRung = false;
  }

  /** Resolves when it rang since it was cleared, `timeoutMs` pass or `signal` aborts. */
  async heard(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isRung || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), timeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#wake = end;
      signal.addEventListener('abort', end);
    });
    this.#wake = undefined;
  }
}
