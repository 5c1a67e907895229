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
  /**
   * This node is not ranked, because nothing selects it any more, and could serve all the same: whatever it answers for it may go on
   * answering for until another does.
   */
  readonly mayStay?: true;
}

/** The owner, and those who take over when he is gone. */
export const NEAR = 3;

/**
 * Whether `node` may soon have to answer: it then hears what is asked, owner or not, so that a takeover needs no new capture
 * filter and no new multicast group. Others leave it to the kernel, which drops it for next to nothing.
 */
export const isNear = ({ ranking }: Announcement, node: string): boolean => ranking.slice(0, NEAR).includes(node);
