/**
 * How long nobody answered for an address, and who did, from what `tcpdump -tt -n arp` heard while somebody asked all the time.
 */
export interface Answers {
  /** MAC addresses, in the order in which they came first. */
  readonly by: readonly string[];
  /** The longest time from one answer to the next. */
  readonly longestGapMs: number;
  readonly count: number;
}

export function answersIn(text: string, address: string): Answers {
  const by = new Set<string>();
  let [count, last, longestGapMs] = [0, Number.NaN, 0];
  for (const [, seconds, of, mac = ''] of text.matchAll(/^(\d+\.\d+) ARP, Reply (\S+) is-at ([0-9a-f:]{17})/gm)) {
    if (of !== address) continue;
    const at = Number(seconds) * 1000;
    if (count > 0) longestGapMs = Math.max(longestGapMs, at - last);
    last = at;
    count++;
    by.add(mac);
  }
  return { by: [...by], longestGapMs, count };
}
