/**
 * What an agent in directory mode was asked to do, read once from the command line and handed to both threads.
 */
import type { LogThreshold } from '../runtime/log.js';

export interface AgentOptions {
  readonly stateDir: string;
  readonly statusDir: string;
  readonly node: string;
  /** Interfaces answered on, by name. Never empty. */
  readonly interfaces: readonly string[];
  /** Peers as `host` or `host:port`. */
  readonly join: readonly string[];
  /** UDP port of the heartbeats. */
  readonly port: number;
  readonly metrics: { readonly host: string; readonly port: number };
  /** Puts announced addresses on `lo`, so that a local server gets their traffic. */
  readonly deliver: 'lo' | 'nothing';
  readonly logLevel: LogThreshold;
}
