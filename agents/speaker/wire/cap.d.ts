/** What we use of the `cap` package (0.2.1), which ships no types. */
declare module 'cap' {
  export class Cap {
    constructor();
    /** Called by the binding as `emit('packet', length, truncated)`; it takes the method when the object is constructed. */
    emit(event: string, length: number, truncated: boolean): boolean;
    /** Opens promiscuous, non-blocking, in immediate mode. Returns the link type. Throws pcap's text. */
    open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
    send(frame: Buffer, length: number): void;
    close(): void;
  }
  /** Of pages.h, so it is there where the module was built with cap.h. Gives the number of mappings that it has taken pages of. */
  export const releaseMemory: (() => number) | undefined;
  /** Of pages.h, too. */
  export const releaseFreed: (() => void) | undefined;
}
