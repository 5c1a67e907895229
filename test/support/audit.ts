/**
 * What an API server wrote down of what agents asked of it (audit.k8s.io/v1): whether each of their writes changed something, and whether
 * each of their watches went on for as long as it had asked for.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { AuditPolicy } from './apiserver.js';

/** Watches of ServiceAccounts, and with its answer everything that is written of Services and of our kinds, by whomever. */
export const WRITES_AND_WATCHES: AuditPolicy = {
  omitManagedFields: true,
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Metadata', verbs: ['watch'], userGroups: ['system:serviceaccounts'] },
    {
      level: 'RequestResponse',
      verbs: ['create', 'update', 'patch'],
      resources: [
        { group: '', resources: ['services', 'services/status'] },
        { group: 'metallb.io', resources: ['*'] },
      ],
    },
    { level: 'None' },
  ],
};

export interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly requestURI: string;
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly responseObject?: { readonly metadata?: { readonly name?: string; readonly resourceVersion?: string } };
  /** RFC 3339, with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** A watch that ended before its time. */
export interface BrokenWatch {
  readonly user: string;
  readonly resource: string;
  /** Milliseconds since 1970. */
  readonly endedAtMs: number;
}

export interface Audit {
  /** Of agents, that were taken. */
  readonly writes: number;
  /** Those after which the object was what it had been before, as `user verb resource namespace/name`. */
  readonly idle: readonly string[];
  readonly brokenWatches: readonly BrokenWatch[];
}

const AGENT = 'system:serviceaccount:';
/** A timeout is measured from a little later than the request. */
const EARLY_MS = 1000;

export async function readAudit(file: string): Promise<Audit> {
  const ledger = new AuditLedger();
  for await (const line of createInterface({ input: createReadStream(file) })) ledger.add(JSON.parse(line));
  return ledger.read();
}

export class AuditLedger {
  /** Who wrote each version of each object first. A write that changes nothing gives the version that there is. */
  readonly #versions = new Set<string>();
  readonly #idle: string[] = [];
  readonly #broken: BrokenWatch[] = [];
  #writes = 0;

  add(event: AuditEvent): void {
    if (event.verb === 'watch') this.#addWatch(event);
    else this.#addWrite(event);
  }

  read(): Audit {
    return { writes: this.#writes, idle: this.#idle, brokenWatches: this.#broken };
  }

  #addWrite({ verb, user, objectRef, responseStatus, responseObject }: AuditEvent): void {
    const { code = 0 } = responseStatus ?? {};
    const { name, resourceVersion } = responseObject?.metadata ?? {};
    if (code < 200 || code > 299 || resourceVersion === undefined) return;
    const { resource, namespace } = objectRef ?? {};
    const object = `${resource} ${namespace}/${name}`;
    const version = `${object} ${resourceVersion}`;
    const isAgent = user.username.startsWith(AGENT);
    if (isAgent) this.#writes++;
    // Of two writes with one version one changed nothing, whichever is told first: those who are no agents always change something.
    if (this.#versions.has(version)) this.#idle.push(`${user.username.slice(AGENT.length)} ${verb} ${object}`);
    this.#versions.add(version);
  }

  #addWatch({ user, requestURI, objectRef, responseStatus, requestReceivedTimestamp, stageTimestamp }: AuditEvent): void {
    if (responseStatus?.code !== 200 || !user.username.startsWith(AGENT)) return;
    const seconds = Number(new URL(requestURI, 'https://localhost').searchParams.get('timeoutSeconds'));
    const endedAtMs = Date.parse(stageTimestamp);
    if (endedAtMs - Date.parse(requestReceivedTimestamp) >= seconds * 1000 - EARLY_MS) return;
    this.#broken.push({ user: user.username.slice(AGENT.length), resource: objectRef?.resource ?? '', endedAtMs });
  }
}
