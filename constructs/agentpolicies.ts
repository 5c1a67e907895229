/**
 * Who may talk with the agents, and with whom they may (networking.k8s.io/v1): nobody and nothing but what they are for.
 *
 * Speakers have the network of their host, for which most networks hold no policy: there, what is said of them is said to people. Nothing
 * is asked of a name server: a Pod knows the API server by its address.
 */
import { API_SERVER_PORTS, GOSSIP_PORT, METRICS_PORT, SECURE_METRICS_PORT } from './agentports.js';

export interface ReachProps {
  /**
   * The ports of the API server, which network policies let agents reach: that of its Service, and that which it listens on.
   *
   * @default [443, 6443]
   */
  readonly apiServerPorts?: readonly number[];

  /**
   * Metrics over HTTPS on port 9120 for those whom the API server lets get them, and in clear on loopback alone.
   *
   * @default false
   */
  readonly secureMetrics?: boolean;
}

interface Port {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

const tcp = (port: number): Port => ({ protocol: 'TCP', port });
const GOSSIP: readonly Port[] = [tcp(GOSSIP_PORT), { protocol: 'UDP', port: GOSSIP_PORT }];

/** Where metrics are served beyond the host. Probes come from it. */
const metrics = ({ secureMetrics = false }: ReachProps): readonly Port[] => [
  tcp(secureMetrics ? SECURE_METRICS_PORT : METRICS_PORT),
];

const apiServer = ({ apiServerPorts = API_SERVER_PORTS }: ReachProps): readonly Port[] => apiServerPorts.map(tcp);

type Labels = Readonly<Record<string, string>>;

export const controllerPolicy = (labels: Labels, props: ReachProps): object => ({
  podSelector: { matchLabels: labels },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [{ ports: metrics(props) }],
  egress: [{ ports: apiServer(props) }],
});

export const speakerPolicy = (labels: Labels, props: ReachProps): object => ({
  podSelector: { matchLabels: labels },
  policyTypes: ['Ingress', 'Egress'],
  ingress: [{ from: [{ podSelector: { matchLabels: labels } }], ports: GOSSIP }, { ports: metrics(props) }],
  egress: [{ to: [{ podSelector: { matchLabels: labels } }], ports: GOSSIP }, { ports: apiServer(props) }],
});
