/**
 * Which object a raw value says it is, as far as we have a use for it. Nothing below `metadata.name` is looked at.
 */
import { type Issue, issue, type ObjectRef } from '../issue/issue.js';
import { API_VERSION, GROUP } from './kind.js';
import { didYouMean } from './nearest.js';
import { METALLB_NAMESPACE } from './object.js';
import { isRecord, type PlainObject, shown } from './value.js';

export type Identity =
  /** `key` tells objects apart, and is how a person would call this one: `IPAddressPool metallb-system/primary-pool`. */
  | { readonly reads: ReadKind; readonly key: string; readonly ref: ObjectRef; readonly object: PlainObject }
  | { readonly ignored: 'bgp' | 'legacy'; readonly key: string }
  | { readonly ignored: 'of-no-use' }
  | { readonly wrong: Issue };

export type ReadKind = (typeof OUR_KINDS)[number] | keyof typeof KUBERNETES_KINDS;

const OUR_KINDS = ['IPAddressPool', 'L2Advertisement'] as const;
const BGP_KINDS = ['BGPPeer', 'BGPAdvertisement', 'BFDProfile', 'Community'];
const LEGACY_POOL = 'AddressPool';
const STATUS_KINDS = ['ServiceL2Status', 'ServiceBGPStatus', 'ConfigurationState'];
/** The object by which MetalLB's operator is told to install it. */
const OPERATOR_KIND = 'MetalLB';
const KUBERNETES_KINDS = {
  Service: { apiVersion: 'v1', namespaced: true },
  Node: { apiVersion: 'v1', namespaced: false },
  Namespace: { apiVersion: 'v1', namespaced: false },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', namespaced: true },
  ServiceCIDR: { apiVersion: 'networking.k8s.io/v1', namespaced: false },
} as const;

export function identify(object: unknown): Identity {
  if (!isRecord(object))
    return notAnObject('', `must be an object with apiVersion, kind and metadata.name, not ${shown(object)}`);
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || apiVersion === '') return notAnObject('apiVersion', 'has no apiVersion');
  if (typeof kind !== 'string' || kind === '') return notAnObject('kind', 'has no kind');

  if (apiVersion.startsWith(`${GROUP}/`)) return identifyOurs(object, apiVersion, kind);
  if (isOneOf(OUR_KINDS, kind) && isNearlyOurGroup(apiVersion)) return unknownVersion(apiVersion, kind);
  if (!isKubernetesKind(kind)) {
    return isLegacyConfigMap(object)
      ? { ignored: 'legacy', key: `ConfigMap ${METALLB_NAMESPACE}/config` }
      : { ignored: 'of-no-use' };
  }
  const known = KUBERNETES_KINDS[kind];
  if (apiVersion !== known.apiVersion) return { ignored: 'of-no-use' };
  return named(object, kind, known.namespaced ? 'default' : undefined);
}

function identifyOurs(object: PlainObject, apiVersion: string, kind: string): Identity {
  if (STATUS_KINDS.includes(kind) || kind === OPERATOR_KIND) return { ignored: 'of-no-use' };
  if (BGP_KINDS.includes(kind)) return { ignored: 'bgp', key: `${kind} ${nameOf(object) ?? ''}`.trim() };
  if (kind === LEGACY_POOL) return legacyPool(object);
  if (isOneOf(OUR_KINDS, kind)) {
    return apiVersion === API_VERSION ? named(object, kind, METALLB_NAMESPACE) : unknownVersion(apiVersion, kind);
  }
  const hint = didYouMean(kind, [...OUR_KINDS, ...BGP_KINDS, ...STATUS_KINDS]);
  return { wrong: issue('API_VERSION_UNKNOWN', 'kind', `${apiVersion} has no kind "${kind}"${hint}`) };
}

function named(object: PlainObject, kind: ReadKind, defaultNamespace: string | undefined): Identity {
  const name = nameOf(object);
  if (name === undefined) return notAnObject('metadata.name', `this ${kind} has no metadata.name`);
  const { metadata } = object;
  const namespace =
    isRecord(metadata) && typeof metadata['namespace'] === 'string' && metadata['namespace'] !== ''
      ? metadata['namespace']
      : defaultNamespace;
  const ref = namespace === undefined || defaultNamespace === undefined ? { kind, name } : { kind, namespace, name };
  return { reads: kind, key: formatRef(ref), ref, object };
}

/** `IPAddressPool metallb-system/primary-pool`. */
export const formatRef = ({ kind, namespace, name }: ObjectRef): string =>
  namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;

/** MetalLB's pools before 0.13, of either protocol. Those of BGP are BGP. */
function legacyPool(object: PlainObject): Identity {
  const { spec } = object;
  const isBgp = isRecord(spec) && spec['protocol'] === 'bgp';
  return { ignored: isBgp ? 'bgp' : 'legacy', key: `${LEGACY_POOL} ${nameOf(object) ?? ''}`.trim() };
}

/** MetalLB's whole configuration before 0.13. */
function isLegacyConfigMap({ apiVersion, kind, metadata, data }: PlainObject): boolean {
  if (apiVersion !== 'v1' || kind !== 'ConfigMap' || !isRecord(metadata)) return false;
  const isThere = metadata['namespace'] === METALLB_NAMESPACE && metadata['name'] === 'config';
  return isThere && isRecord(data) && Object.hasOwn(data, 'config');
}

function nameOf({ metadata }: PlainObject): string | undefined {
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') return undefined;
  return metadata['name'];
}

/** `v1beta1`, `metalb.io/v1beta1`: nobody else's kinds have our names and almost our group. */
const isNearlyOurGroup = (apiVersion: string): boolean =>
  !apiVersion.includes('/') || didYouMean(apiVersion.split('/')[0] ?? '', [GROUP]) !== '';

const unknownVersion = (apiVersion: string, kind: string): Identity => ({
  wrong: issue('API_VERSION_UNKNOWN', 'apiVersion', `${kind} is a kind of ${API_VERSION}, not of ${apiVersion}`),
});

const notAnObject = (path: string, message: string): Identity => ({ wrong: issue('NOT_AN_OBJECT', path, message) });

const isKubernetesKind = (kind: string): kind is keyof typeof KUBERNETES_KINDS => Object.hasOwn(KUBERNETES_KINDS, kind);

const isOneOf = <const T extends string>(words: readonly T[], word: string): word is T => words.some((one) => one === word);
