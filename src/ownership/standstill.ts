/**
 * Whether this node stood still for so long that others may have taken its addresses over. It looks before it hears, answers or
 * decides anything: whatever comes first after a stall would otherwise be taken for the present.
 */

/** A beat that comes so late comes when peers may have taken this node for dead: three in a row were not heard. */
const STALL_MS = 200;

/** `beatDueAt` is when this node's next beat is due; infinity: never. */
export const hasStoodStill = (beatDueAt: number, now: number): boolean => now - beatDueAt > STALL_MS;
