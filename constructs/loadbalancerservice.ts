/**
 * A Service of type LoadBalancer that says, typed, which address it asks for. It always asks by annotation: the field
 * `spec.loadBalancerIP` is deprecated and holds one address only.
 */
import { ApiObject, type ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import { serviceMistakes } from '../src/config/servicerules.js';
import type { Family } from '../src/net/address.js';
import { authorOf, placedBy } from './author.js';
import { type AddressRequest, requestAnnotations, requestMistakes } from './request.js';
import type { Reservation } from './reservation.js';
import { checkAtSynth } from './verdict.js';

export interface ServicePort {
  /** The port that clients connect to. */
  readonly port: number;

  /**
   * The port of the pods, by number or by name.
   *
   * @default - the same as `port`
   */
  readonly targetPort?: number | string;

  /**
   * The name of the port, which others may refer to.
   *
   * @default - none
   */
  readonly name?: string;

  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';

  /**
   * The port of every node that leads to the Service.
   *
   * @default - chosen by Kubernetes
   */
  readonly nodePort?: number;

  /**
   * What is spoken on the port, for implementations that care.
   *
   * @default - unknown
   */
  readonly appProtocol?: string;
}

export interface NamedServicePort extends ServicePort {
  readonly name: string;
}

interface ServiceSettings {
  /**
   * Metadata of the Service.
   *
   * @default - named like the construct's id, in the namespace of the chart
   */
  readonly metadata?: ApiObjectMetadata;

  /** Labels of the pods that serve. */
  readonly selector: Readonly<Record<string, string>>;

  /** At least one. Where there are several, each has a name. */
  readonly ports: readonly [ServicePort] | readonly [NamedServicePort, ...NamedServicePort[]];

  /**
   * `Local` keeps the client's address, and only nodes with an endpoint answer.
   *
   * @default Cluster
   */
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';

  /**
   * The load balancer that is to serve this Service, where there are several.
   *
   * @default - the cluster's default
   */
  readonly loadBalancerClass?: string;
}

/** Of two families the policy is one that admits two. */
type Families =
  | {
      /**
       * The families to use, the primary one first.
       *
       * @default - the cluster's own
       */
      readonly ipFamilies?: readonly [Family];
    }
  | {
      readonly ipFamilies: readonly ['IPv4', 'IPv6'] | readonly ['IPv6', 'IPv4'];
      readonly ipFamilyPolicy: 'PreferDualStack' | 'RequireDualStack';
    };

type One = string | Reservation;

/** A Service that must have two addresses cannot ask for one, and two need a policy that admits two. */
type Addresses =
  | { readonly address?: undefined; readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack' }
  | { readonly address: One; readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' }
  | { readonly address: readonly [One, One]; readonly ipFamilyPolicy: 'PreferDualStack' | 'RequireDualStack' };

export type LoadBalancerServiceProps = ServiceSettings & AddressRequest & Addresses & Families;

export class LoadBalancerService extends ApiObject {
  constructor(scope: Construct, id: string, props: LoadBalancerServiceProps) {
    const { metadata, pool: _, address: __, sharingKey: ___, ...spec } = props;
    super(scope, id, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        ...metadata,
        name: metadata?.name ?? id,
        annotations: { ...metadata?.annotations, ...requestAnnotations(props) },
      },
      spec: { ...spec, type: 'LoadBalancer' },
    });
    const author = authorOf(new.target);
    const mistakes = [
      ...requestMistakes(props),
      ...serviceMistakes({ name: metadata?.name ?? id, labels: metadata?.labels, spec }),
    ];
    checkAtSynth(this, {
      author,
      mistakes: () => mistakes.map(placedBy(author)),
      follows: (one) => mistakes.some(({ path }) => one.path.startsWith(path)),
    });
  }
}
