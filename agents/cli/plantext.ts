/**
 * A plan for people: what changes, and why; what stays is counted. Text may change from version to version.
 */
import { formatIssue, type Issue } from '../../src/issue/issue.js';
import { formatAddress } from '../../src/net/address.js';
import type { AnnouncementChange } from '../../src/plan/announcementchange.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Addressed, ServiceChange } from '../../src/plan/servicechange.js';

export function planText({ summary, services, announcements, nodesKnown, refused }: Plan, issues: readonly Issue[]): string {
  const changed = services.filter(({ change }) => change !== 'kept');
  const moving = announcements.filter(({ change }) => change !== 'same');
  const same = announcements.length - moving.length;
  const counted = Object.entries(summary).map(([change, count]) => `${count} ${change}`);
  const sections = [
    ...(refused.length > 0 ? ['The pools of the new tree are refused: those before the change stay in force.'] : []),
    `Services: ${counted.join(', ')}`,
    ...changed.map(serviceLines),
    !nodesKnown
      ? 'Announcements: no Node is known, so who answers is not told (--state gives the Nodes of a cluster)'
      : `Announcements: ${same} same, ${moving.length} changed`,
    ...moving.map(announcementLines),
    ...(issues.length === 0 ? [] : [`Issues: ${issues.length}`, ...issues.map((one) => `  ${formatIssue(one)}`)]),
  ];
  return `${sections.join('\n')}\n`;
}

function serviceLines({ service, change, before, after, reason }: ServiceChange): string {
  return `  ${change.padEnd(8)} ${service}  ${addressedText(before)} -> ${addressedText(after)}\n${reasonLine(reason)}`;
}

const addressedText = (addressed: Addressed | undefined): string =>
  addressed === undefined ? 'nothing' : `${addressed.addresses.map(formatAddress).join(',')} (${addressed.pool || 'no pool'})`;

function announcementLines({ address, change, before, after, owner, reason }: AnnouncementChange): string {
  const answers = owner === undefined || owner === before[0] ? '' : `; ${owner} answers now`;
  return `  ${change.padEnd(8)} ${address}  ${rankingText(before)} -> ${rankingText(after)}${answers}\n${reasonLine(reason)}`;
}

const MOST_SHOWN = 3;

const rankingText = (ranking: readonly string[]): string =>
  ranking.length === 0
    ? 'nobody'
    : `${ranking.slice(0, MOST_SHOWN).join(', ')}${ranking.length > MOST_SHOWN ? `, … (${ranking.length})` : ''}`;

const reasonLine = ({ code, message }: ServiceChange['reason']): string => `           ${code}: ${message}`;
