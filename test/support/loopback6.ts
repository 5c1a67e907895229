/**
 * IPv6 addresses on loopback for tests: of IPv4 the kernel has a whole /8 there, of IPv6 only one.
 */
import { execFileSync } from 'node:child_process';

/** `prefix1` to `prefixN`, until the lab ends. */
export function addLoopbackAddresses(prefix: string, count: number): readonly string[] {
  const addresses = Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
  for (const address of addresses) execFileSync('ip', ['-6', 'addr', 'replace', `${address}/128`, 'dev', 'lo', 'nodad']);
  return addresses;
}
