/**
 * Whether this node stood still for so long that others may have taken its addresses over. It looks before it hears, answers or
 * decides anything: whatever comes first after a stall would otherwise be taken for the present.
 */

/**
 * Peers take a node for dead after 310 ms without a beat. Its last beat may have been 100 ms old when the next was due: who comes 200 ms
 * too late has not been taken for dead yet.
 */
const STALL_MS = 200;

/** `beatDueAt` is when this node's next beat is due; infinity: never. */
export const hasStoodStill = (beatDueAt: number, now: number): boolean => now - beatDueAt > STALL_MS;
