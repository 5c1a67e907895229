/**
 * What an agent or a speaker was asked to do, read once from the command line and handed to both threads.
 */
import type { Family } from '../../src/net/address.js';
import type { ConflictPolicy } from '../../src/ownership/strangerclaims.js';
import type { Endpoints } from '../runtime/endpoints.js';
import type { LogThreshold } from '../runtime/log.js';

export interface AgentOptions {
  readonly state: FolderState | ClusterState;
  readonly node: string;
  /** Interfaces answered on, by name; none: all that can be, but for excluded ones. */
  readonly interfaces: readonly string[];
  /** Regular expressions of the names of interfaces that are never answered on, in place of the default. */
  readonly exclude?: readonly string[];
  /** Gratuitous frames a second on each interface, at most. */
  readonly announceRate: number;
  /** Between two refreshes of one address, in milliseconds; 0: none. */
  readonly refreshMs: number;
  /** MACs of gateways that answer for others (proxy ARP): their claims are no conflict. */
  readonly proxies: readonly string[];
  /** How long a node that came back waits before it takes its addresses back, in milliseconds; infinity: until the others are gone. */
  readonly failbackMs: number;
  /** Addresses are spread over the nodes, if all other members do so too. */
  readonly spread: boolean;
  /** What becomes of an address that somebody claims who is no member. */
  readonly onConflict: ConflictPolicy;
  /** UDP and TCP port of gossip. */
  readonly port: number;
  readonly endpoints: Endpoints;
  readonly logLevel: LogThreshold;
}

/** Directory mode. */
export interface FolderState {
  readonly from: 'folder';
  readonly stateDir: string;
  readonly statusDir: string;
  /** Peers as `host` or `host:port`. */
  readonly join: readonly string[];
  /** Puts announced addresses on `lo`, so that a local server gets their traffic. */
  readonly deliver: 'lo' | 'nothing';
}

export interface ClusterState {
  readonly from: 'cluster';
  /** Absent: the cluster this is a Pod of, else what kubectl would take. */
  readonly kubeconfig?: string;
  /** Of our own kinds, and of the speakers' Pods; absent: the one this identity is at home in. */
  readonly namespace?: string;
  /** Empty outside a cluster. */
  readonly podName: string;
  readonly loadBalancerClass?: string;
  /** Nodes with the label that excludes them answer all the same. */
  readonly ignoreExcludeLabel: boolean;
  /** The label selector of the speakers' Pods, who are the peers; empty: there are none. */
  readonly podLabels: string;
  /** That gossip goes over: of a Pod's addresses, the one of it counts. */
  readonly gossipFamily: Family;
  /** Where the last view is kept, for a start without the API server; absent: nowhere. */
  readonly keepIn?: string;
  readonly version: string;
}
