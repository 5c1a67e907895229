/**
 * What is wrong in the cluster, as memberlist found: said once in a while for each thing.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { MemberlistEffect } from '../../../src/membership/memberlist/boundary.js';
import { formatEndpoint } from '../../../src/membership/memberlist/endpoint.js';
import type { RefusalReason } from '../../../src/membership/memberlist/pushpull.js';
import { type Warnings, warnAbout } from '../../../src/membership/warnings.js';
import type { LogRecord } from '../../runtime/log.js';

const EVERY_MS = 10_000;

export type Warning = Extract<MemberlistEffect, { kind: 'conflict' | 'too-many-members' | 'refused' | 'udp-broken' }>;

export interface GossipWarningsOptions {
  readonly log: (record: LogRecord) => void;
  readonly report: (issues: readonly Issue[]) => void;
}

export class GossipWarnings {
  readonly #options: GossipWarningsOptions;
  #warned: Warnings = new Map();

  constructor(options: GossipWarningsOptions) {
    this.#options = options;
  }

  tell(warning: Warning): void {
    const warned = warnAbout(this.#warned, subjectOf(warning), EVERY_MS, performance.now());
    if (warned === undefined) return;
    this.#warned = warned;
    const said = sayingOf(warning);
    if ('code' in said) this.#options.report([said]);
    else this.#options.log(said);
  }
}

/** By the names of members, of which there are only so many; strangers have one pause for all of them. */
const subjectOf = (warning: Warning): string => ('node' in warning ? `${warning.kind} ${warning.node.name}` : warning.kind);

function sayingOf(warning: Warning): Issue | LogRecord {
  switch (warning.kind) {
    case 'conflict':
      return nameClash(warning.node.name, [warning.node, warning.other].map(formatEndpoint));
    case 'refused': {
      const from = formatEndpoint(warning.from);
      return issue('GOSSIP_INCOMPATIBLE', from, `what ${from} tells of the cluster is refused: ${reasonOf(warning.because)}`);
    }
    case 'too-many-members':
      return {
        level: 'error',
        event: 'tooManyMembers',
        msg: `memberlist: ${warning.name} is ignored, too many nodes are alive`,
        fields: { component: 'memberlist', node: warning.name },
      };
    case 'udp-broken':
      return {
        level: 'warn',
        event: 'udpBlocked',
        msg: `memberlist: ${warning.node.name} answers over TCP and not over UDP: does a firewall drop UDP between the nodes?`,
        fields: { component: 'memberlist', node: warning.node.name, address: formatEndpoint(warning.node) },
      };
  }
}

function reasonOf(because: RefusalReason): string {
  switch (because.kind) {
    case 'too-many-nodes':
      return `${because.count} nodes are more than ${because.most}`;
    case 'protocol':
      return `${because.node} speaks version ${because.version} of the protocol, which not all others understand`;
    case 'application':
      return `${because.node} speaks version ${because.version} of its application, which not all others understand`;
  }
}

export const nameClash = (name: string, addresses: readonly string[]): Issue =>
  issue(
    'NODE_NAME_CLASH',
    name,
    `several nodes call themselves ${name}, at ${addresses.join(' and ')}: give each its own --node`,
  );
