/**
 * Low file descriptors are kept for captures. When a process is killed Linux ends what it has open, the highest descriptor first, and
 * waits for 20 to 40 ms over each capture; the connections by whose end peers notice a death (lifelines.ts) have to end before.
 */
import { closeSync, openSync } from 'node:fs';

/** A capture takes two or three. Beyond that many, deaths are noticed later. */
const KEPT = 48;
/** More than one takes: the view thread opens files meanwhile, most of all at the start. */
const FOR_ONE_CAPTURE = 16;

/** Placeholders, lowest first. */
const kept: number[] = [];
/** The highest one that was ever kept; undefined: none are. */
let highest: number | undefined;

/** Before anything else is opened. */
export function keepLowDescriptors(): void {
  while (kept.length < KEPT) {
    const fd = placeholder();
    if (fd === undefined) break;
    kept.push(fd);
  }
  highest = kept.at(-1);
}

/** Runs what opens or closes a capture, with some of the low descriptors free for it; keeps those again that are free afterwards. */
export function withLowDescriptors<T>(work: () => T): T {
  if (highest === undefined) return work();
  for (const fd of kept.splice(0, FOR_ONE_CAPTURE)) closeSync(fd);
  try {
    return work();
  } finally {
    let fd = placeholder();
    for (; fd !== undefined && fd <= highest; fd = placeholder()) kept.push(fd);
    if (fd !== undefined) closeSync(fd);
    kept.sort((a, b) => a - b);
  }
}

/** Undefined: there is none to be had. That is no reason to fail: deaths are noticed later, and the capture is as good as ever. */
function placeholder(): number | undefined {
  try {
    return openSync('/dev/null', 'r');
  } catch {
    return undefined;
  }
}
