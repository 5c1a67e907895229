/**
 * What the wire thread has counted, as it hands it over for a scrape: numbers in one array and keys as they are, so that
 * thousands of addresses cost it a millisecond. Their texts, which cost a hundred, are made by the thread that asked.
 */
import { type AddressKey, addressOfKey, formatAddress } from '../../src/net/address.js';
import type { WireSample } from '../runtime/metrics.js';

/** What is counted by address, in the order of {@link WireCounts.counts}. */
const FIELDS = ['requestsReceived', 'responsesSent', 'gratuitousSent', 'conflictClaims'] as const;

type Field = (typeof FIELDS)[number];

export interface WireCounts extends Omit<WireSample, Field> {
  readonly keys: readonly AddressKey[];
  /** For each key its requests, responses, gratuitous frames and conflicting claims. */
  readonly counts: Float64Array;
}

export function sampleOf({ keys, counts, ...rest }: WireCounts): WireSample {
  const texts = keys.map((key) => formatAddress(addressOfKey(key)));
  const byText = (field: Field): Readonly<Record<string, number>> => {
    const at = FIELDS.indexOf(field);
    const all = texts.map((text, i): [string, number] => [text, counts[i * FIELDS.length + at] ?? 0]);
    return Object.fromEntries(field === 'conflictClaims' ? all.filter(([, count]) => count > 0) : all);
  };
  return {
    ...rest,
    requestsReceived: byText('requestsReceived'),
    responsesSent: byText('responsesSent'),
    gratuitousSent: byText('gratuitousSent'),
    conflictClaims: byText('conflictClaims'),
  };
}
