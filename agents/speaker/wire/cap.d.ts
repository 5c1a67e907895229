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
  /** Ours, as all that follows: of cap.h, with which the module has to be built. Throws pcap's text; the former filter holds on then. */
  export const setFilter: (capture: Cap, filter: string) => void;
  /** Gives the number of mappings that it has taken pages of. */
  export const releaseMemory: () => number;
  export const releaseFreed: () => void;
}
