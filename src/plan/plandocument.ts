/**
 * A plan as programs read it: version 1 of the document that `plan --format json` writes. A contract: fields are added, never
 * renamed.
 */
import { issueDocument } from '../issue/document.js';
import type { Issue } from '../issue/issue.js';
import { formatAddress } from '../net/address.js';
import type { Plan } from './plan.js';
import type { Addressed } from './servicechange.js';

export function planDocument(
  { summary, services, announcements }: Plan,
  issues: readonly Issue[],
): Readonly<Record<string, unknown>> {
  return {
    version: 1,
    summary,
    services: services.map(({ service, change, before, after, reason }) => ({
      service,
      change,
      before: addressedDocument(before),
      after: addressedDocument(after),
      reason,
    })),
    announcements: announcements.map(({ address, change, before, after, owner, reason }) => ({
      address,
      change,
      before,
      after,
      owner: owner ?? null,
      reason,
    })),
    issues: issues.map(issueDocument),
  };
}

const addressedDocument = (addressed: Addressed | undefined): unknown =>
  addressed === undefined ? null : { addresses: addressed.addresses.map(formatAddress), pool: addressed.pool };
