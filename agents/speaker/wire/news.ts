/**
 * What people are told of a decision about addresses.
 */
import { type Issue, issue } from '../../../src/issue/issue.js';
import type { Membership } from '../../../src/membership/membership.js';
import { type AddressKey, addressOfKey, formatAddress } from '../../../src/net/address.js';
import type { AuthorityEffect } from '../../../src/ownership/authority.js';
import type { ToView } from '../messages.js';
import { ownerChange } from './ownerchange.js';

type News = Extract<AuthorityEffect, { readonly kind: 'issue' | 'split-view' | 'moved' }>;

/** `unanswerable` as in {@link ownerChange}. */
export function newsOf(news: News, membership: Membership, unanswerable: ReadonlySet<AddressKey>): ToView {
  switch (news.kind) {
    case 'issue':
      return { type: 'issues', issues: [news.issue] };
    case 'split-view':
      return { type: 'issues', issues: [splitView(news)] };
    case 'moved':
      return { type: 'ownership', changes: news.moves.map((move) => ownerChange(move, membership, unanswerable)) };
  }
}

function splitView({ key, with: other, winner }: Extract<News, { kind: 'split-view' }>): Issue {
  const address = formatAddress(addressOfKey(key));
  const message = `this node and ${other} both take ${address} for theirs, because what they know of the cluster differs; until that ends ${winner} answers for it`;
  return issue('SPLIT_VIEW', address, message);
}
