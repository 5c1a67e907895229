/**
 * Objects of our own kinds: their status, written where it is not what it should be; those that only an agent writes are made for it, and a
 * ServiceL2Status is deleted when it is over.
 */
import { API_VERSION } from '../../src/api/kind.js';
import type { KubeObject } from '../../src/api/object.js';
import { isRecord, type PlainObject } from '../../src/api/value.js';
import { dated, type ShownObject, says, shownObject } from '../../src/kube/objectstatus.js';
import { isNewer } from '../../src/kube/resourceversion.js';
import { readListPage } from '../../src/kube/watchevent.js';
import { formatJson } from '../kube/json.js';
import { rfc3339 } from '../kube/recorder.js';
import type { Answer, Transport } from '../kube/transport.js';
import type { KnownObject } from './known.js';

export interface Known<T> {
  readonly objects: ReadonlyMap<string, T>;
}

/** What objects of our own kinds show now. */
export interface ShownObjects {
  readonly pools: Known<KnownObject>;
  readonly advertisements: Known<KnownObject>;
  readonly states: Known<ShownObject>;
  /** Of a speaker's own node. */
  readonly announced: Known<ShownObject> | undefined;
}

export interface ObjectWriterOptions {
  readonly transport: Transport;
  readonly state: ShownObjects;
  readonly namespace: string;
  /** As `managedFields` has it. */
  readonly manager: string;
  /** Of a ConfigurationState, which is written by server-side apply. */
  readonly stateManager: string;
  /** The Pod, with which objects that only it writes shall go. */
  readonly owner: Promise<PlainObject | undefined>;
  now(): number;
}

const PLURALS: Readonly<Record<string, string>> = {
  IPAddressPool: 'ipaddresspools',
  L2Advertisement: 'l2advertisements',
  ConfigurationState: 'configurationstates',
  ServiceL2Status: 'servicel2statuses',
};

export class ObjectWriter {
  readonly #options: ObjectWriterOptions;
  /** By kind and name. */
  #wanted = new Map<string, KubeObject>();
  /** What was wanted when each was written last, and the version that came of it: a server with an older CRD drops some of it. */
  readonly #given = new Map<string, { readonly wanted: string; readonly resourceVersion: string }>();

  constructor(options: ObjectWriterOptions) {
    this.#options = options;
  }

  /** All that should be there, by kind and name. */
  want(objects: Iterable<readonly [string, KubeObject]>): void {
    this.#wanted = new Map(objects);
  }

  /** This, beside what should be there already. */
  wantAlso(key: string, object: KubeObject): void {
    this.#wanted.set(key, object);
  }

  /** Undefined: there is nothing to write. */
  async write(key: string): Promise<Answer | undefined> {
    const object = this.#wanted.get(key);
    if (object === undefined) {
      this.#given.delete(key);
      return this.#remove(key);
    }
    if (!isRecord(object['status'])) return undefined;
    const { kind, metadata } = object;
    const shown = this.#shownObject(kind, metadata.name);
    const wanted = formatJson(object['status']);
    const given = this.#given.get(key);
    if (shown !== undefined && says(shown.status, object['status'])) return undefined;
    if (shown !== undefined && given?.wanted === wanted && !isNewer(shown.resourceVersion, given.resourceVersion))
      return undefined;
    const status = dated(object['status'], shown?.status ?? {}, rfc3339(this.#options.now()));
    const isMade = kind === 'ConfigurationState' || kind === 'ServiceL2Status';
    if (shown === undefined && !isMade) return undefined;
    const made = shown === undefined ? await this.#make(object) : 'there';
    if (made !== 'made' && made !== 'there') return made;
    // Only the watch has not told yet what was made and written.
    if (shown === undefined && made === 'there' && given?.wanted === wanted) return undefined;
    const answer = await (kind === 'ConfigurationState' ? this.#apply(object, status) : this.#patch(object, status));
    if ('answered' in answer && isRecord(answer.answered)) {
      this.#given.set(key, { wanted, resourceVersion: shownObject(answer.answered).resourceVersion });
    }
    return answer;
  }

  #shownObject(kind: string, name: string): ShownObject | undefined {
    const { state, namespace } = this.#options;
    const key = `${namespace}/${name}`;
    switch (kind) {
      case 'IPAddressPool':
        return state.pools.objects.get(key)?.shown;
      case 'L2Advertisement':
        return state.advertisements.objects.get(key)?.shown;
      case 'ServiceL2Status':
        return state.announced?.objects.get(key);
      default:
        return state.states.objects.get(key);
    }
  }

  /** A Service is announced no more. Other objects stay. */
  async #remove(key: string): Promise<Answer | undefined> {
    const [kind = '', name = ''] = key.split(' ');
    if (kind !== 'ServiceL2Status' || this.#shownObject(kind, name) === undefined) return undefined;
    return this.#options.transport.call({ method: 'DELETE', path: this.#path(kind, name) });
  }

  #patch({ kind, metadata }: KubeObject, status: PlainObject): Promise<Answer> {
    return this.#options.transport.call({
      method: 'PATCH',
      path: `${this.#path(kind, metadata.name)}/status?fieldManager=${this.#options.manager}`,
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  }

  /** By server-side apply, as MetalLB does. */
  #apply({ apiVersion, kind, metadata: { name } }: KubeObject, status: PlainObject): Promise<Answer> {
    const { transport, namespace, stateManager } = this.#options;
    return transport.call({
      method: 'PATCH',
      path: `${this.#path(kind, name)}/status?fieldManager=${stateManager}&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name, namespace }, status },
    });
  }

  /** Without its status, which an API server takes only afterwards. `there`: somebody has made it before. */
  async #make({ apiVersion, kind, metadata }: KubeObject): Promise<'made' | 'there' | Answer> {
    const { transport, namespace } = this.#options;
    if (kind === 'ServiceL2Status') {
      const failed = await this.#removeOthers(metadata);
      if (failed !== undefined) return failed;
    }
    const owner = await this.#options.owner;
    const references = owner === undefined ? {} : { ownerReferences: [owner] };
    const body = { apiVersion, kind, metadata: { ...metadata, namespace, ...references } };
    const made = await transport.call({
      method: 'POST',
      path: `${this.#path(kind)}?fieldManager=${this.#options.manager}`,
      body,
    });
    if ('answered' in made) return 'made';
    return 'refused' in made && made.refused.code === 409 ? 'there' : made;
  }

  /** Who answered before may be dead, and cannot take back what it said. Undefined: nobody else says that he answers. */
  async #removeOthers({ name: own, labels = {} }: KubeObject['metadata']): Promise<Answer | undefined> {
    const { transport } = this.#options;
    const service = Object.entries(labels).filter(([label]) => label !== 'metallb.io/node');
    const selector = encodeURIComponent(service.map(([label, value]) => `${label}=${value}`).join());
    const found = await transport.call({ method: 'GET', path: `${this.#path('ServiceL2Status')}?labelSelector=${selector}` });
    if (!('answered' in found)) return found;
    for (const { key } of readListPage(found.answered)?.items ?? []) {
      const [, name = ''] = key.split('/');
      if (name === own) continue;
      const gone = await transport.call({ method: 'DELETE', path: this.#path('ServiceL2Status', name) });
      if ('lost' in gone || ('refused' in gone && gone.refused.code !== 404)) return gone;
    }
    return undefined;
  }

  #path(kind: string, name?: string): string {
    const collection = `/apis/${API_VERSION}/namespaces/${this.#options.namespace}/${PLURALS[kind]}`;
    return name === undefined ? collection : `${collection}/${name}`;
  }
}
