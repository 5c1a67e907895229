/**
 * What a check found, and about which object: so that a command can print it at its place, and a controller can write it
 * into the conditions of that object.
 */
import type { IPAddressPool } from '../api/ipaddresspool.js';
import type { L2Advertisement } from '../api/l2advertisement.js';
import type { Sourced } from '../api/object.js';
import { refOf } from '../api/object.js';
import type { ServiceView } from '../api/views.js';
import { placed } from '../config/place.js';
import type { IssueCode } from '../issue/catalogue.js';
import { type Issue, issue, type ObjectRef } from '../issue/issue.js';

export interface Finding {
  readonly about: ObjectRef;
  readonly issue: Issue;
}

export function findingAbout(
  sourced: Sourced<IPAddressPool | L2Advertisement>,
  code: IssueCode,
  path: string,
  message: string,
): Finding {
  return { about: refOf(sourced.object), issue: placed(sourced, issue(code, path, message)) };
}

export function findingAboutService(service: ServiceView, code: IssueCode, path: string, message: string): Finding {
  const about = { kind: 'Service', namespace: service.namespace, name: service.name };
  return { about, issue: { ...issue(code, path, message, service.source), object: about } };
}
