/**
 * One address that some node answers for: where, and who is next when that node dies. Computed by the view thread from
 * configuration alone; the wire thread adds only who is alive. Ranking ignores liveness, so a failover needs no new data.
 */
export interface Announcement {
  /** RFC 5952 text: the key in logs, metrics and messages between threads. */
  readonly address: string;
  /** The Services that hold the address, `namespace/name`, sorted. */
  readonly services: readonly string[];
  readonly pool: string;
  /** Interfaces of *this* node it is answered on. */
  readonly interfaces: 'all' | readonly string[];
  /** Names of the eligible nodes, best first. Never empty. */
  readonly ranking: readonly string[];
}
