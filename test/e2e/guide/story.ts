/**
 * What each command of the guide is to say. Commands of ours stand around the guide's: `before` is what it takes for granted, `besides`
 * shows that what it claims of a manifest is so.
 */

import type { RealCluster } from '../realcluster.js';
import { alertTests } from './alerts.js';

export interface Line {
  readonly command: string;
  readonly says: readonly RegExp[];
  /** What it names, made of what the cluster says at that time. */
  readonly files?: (cluster: RealCluster) => Promise<Readonly<Record<string, string>>>;
}

export interface Chapter {
  /** Of the fixture. */
  readonly file: string;
  readonly title: string;
  readonly before?: readonly Line[];
  /** For each command of the fixture, or for `kubectl apply` of the manifest; none where a later command of the guide applies it. */
  readonly says: readonly (readonly RegExp[])[];
  readonly besides?: readonly Line[];
}

const created = (...names: readonly string[]): RegExp[] => names.map((name) => new RegExp(`/${name} created$`, 'm'));
/** Each row of a table. */
const rows = (count: number, row: string): RegExp => new RegExp(`^(?:${row}[^\\n]*\\n){${count}}`, 'm');
const RUNNING = '1/1 +Running +\\d+ ';

export const STORY: readonly Chapter[] = [
  {
    file: '01-install.sh',
    title: 'Install',
    says: [created('ipaddresspools.metallb.io', 'l2advertisements.metallb.io', 'metallb-system', 'controller', 'speaker')],
  },
  {
    file: '02-wait.sh',
    title: 'Wait',
    says: [[/^pod\/controller-\S+ condition met$/m, rows(3, 'pod/speaker-\\S+ condition met')]],
  },
  {
    file: '03-pods.sh',
    title: 'Look at the Pods',
    says: [
      [/^NAME +READY +STATUS +RESTARTS +AGE$/m, rows(1, `controller-\\S+ +${RUNNING}`), rows(3, `speaker-\\S+ +${RUNNING}`)],
    ],
  },
  { file: '04-ipaddresspool.yaml', title: 'A pool', says: [] },
  { file: '05-apply-ipaddresspool.sh', title: 'Apply the pool', says: [created('local-network-pool')] },
  { file: '06-several-ranges.yaml', title: 'A pool of several ranges', says: [created('production-pool')] },
  { file: '07-database-pool.yaml', title: 'A pool for those who ask', says: [created('database-pool')] },
  { file: '08-l2advertisement.yaml', title: 'An advertisement', says: [] },
  { file: '09-apply-l2advertisement.sh', title: 'Apply the advertisement', says: [created('local-network-advertisement')] },
  {
    file: '10-node-selectors.yaml',
    title: 'Node selectors',
    before: [
      { command: 'kubectl label node n2 node-role.kubernetes.io/edge=true', says: [/^node\/n2 labeled$/m] },
      { command: 'kubectl apply -f critical-app.yaml', says: created('critical-app', 'on-edge-nodes', 'on-interfaces') },
      { command: 'kubectl rollout status deployment/critical-app --timeout=60s', says: [/successfully rolled out/] },
    ],
    says: [created('edge-node-advertisement')],
    besides: [
      {
        command: 'kubectl describe service on-edge-nodes | grep nodeAssigned',
        says: [/^[^\n]*announcing from node "n2"[^\n]*\n$/],
      },
      { command: 'curl -s --max-time 2 http://192.168.1.150:443', says: [/^critical-app-/] },
    ],
  },
  {
    file: '11-interfaces.yaml',
    title: 'Interfaces',
    before: [{ command: 'kubectl delete l2advertisement local-network-advertisement -n metallb-system', says: [/ deleted/] }],
    says: [created('interface-specific-advertisement')],
    besides: [
      {
        command: `kubectl get servicel2statuses -n metallb-system -o jsonpath='{range .items[*]}{.status.serviceName}: {.status.interfaces}{"\\n"}{end}'`,
        says: [/^on-interfaces: \[\{"name":"bond0"\},\{"name":"eth0"\}\]$/m],
      },
      { command: 'curl -s --max-time 2 http://192.168.1.250:443', says: [/^critical-app-/] },
    ],
  },
  {
    file: '12-complete.yaml',
    title: 'The complete configuration, instead of all before it',
    before: [
      {
        command: 'kubectl delete service on-edge-nodes on-interfaces',
        says: [/"on-edge-nodes" deleted/, /"on-interfaces" deleted/],
      },
      {
        command: `kubectl delete ipaddresspools,l2advertisements --all -n metallb-system`,
        says: ['database-pool', 'local-network-pool', 'production-pool', 'interface-specific-advertisement'].map(
          (name) => new RegExp(`"${name}" deleted`),
        ),
      },
      { command: 'kubectl label node n2 node-role.kubernetes.io/worker=true', says: [/^node\/n2 labeled$/m] },
    ],
    says: [created('primary-pool', 'priority-pool', 'primary-l2-advertisement', 'priority-l2-advertisement')],
  },
  { file: '13-nginx-demo.yaml', title: 'A Deployment', says: [] },
  { file: '14-nginx-lb.yaml', title: 'A Service', says: [] },
  {
    file: '15-apply-nginx-demo.sh',
    title: 'Apply both, and ask',
    says: [
      created('nginx-demo', 'nginx-lb'),
      [/^nginx-lb +LoadBalancer +10\.96\.\S+ +192\.168\.1\.240 +80:\d+\/TCP /m],
      [/^Welcome!$/m],
    ],
  },
  {
    file: '16-specific-address.yaml',
    title: 'A specific address',
    says: [created('nginx-specific-ip')],
    besides: [
      { command: 'kubectl get service nginx-specific-ip', says: [/ 192\.168\.1\.245 /] },
      { command: 'curl -s --max-time 2 http://192.168.1.245', says: [/^Welcome!$/m] },
    ],
  },
  {
    file: '17-specific-pool.yaml',
    title: 'A specific pool',
    says: [created('priority-service')],
    besides: [
      { command: 'kubectl get service priority-service', says: [/ 192\.168\.1\.200 /] },
      {
        command: 'kubectl describe service priority-service | grep nodeAssigned',
        says: [/^[^\n]*announcing from node "n2"[^\n]*\n$/],
      },
      { command: 'curl -s --max-time 2 http://192.168.1.200:443', says: [/^critical-app-/] },
    ],
  },
  {
    file: '18-failover.sh',
    title: 'Failover',
    says: [
      [/n\d is leader of 192\.168\.1\.240/],
      [/nodeAssigned .*announcing from node "n\d" with protocol "layer2"/],
      [/^node\/n\d cordoned$/m],
      [/^node\/n\d drained$/m],
      [/^nginx-lb .* 192\.168\.1\.240 /m],
      [/^(?:200 - [\d.]+s\n){30}$/],
      [/^node\/n\d uncordoned$/m],
    ],
    besides: [
      // The leader, and who was it meanwhile.
      {
        command: 'kubectl describe service nginx-lb | grep nodeAssigned',
        says: [/from node "(n\d)"[\s\S]*from node "(?!\1)n\d"/],
      },
    ],
  },
  { file: '19-monitor.sh', title: 'Watch failovers', says: [[/^\[\d{4}-\d\d-\d\d [\d:]{8}\] .*announce/m]] },
  {
    file: '20-pending.sh',
    title: 'A Service stays pending',
    says: [
      [rows(1, `controller-\\S+ +${RUNNING}`), rows(3, `speaker-\\S+ +${RUNNING}`)],
      [/^primary-pool +true +true +\["192\.168\.1\.240-192\.168\.1\.255"\]$/m],
      [/"level":"info"/],
      [/^ {4}name: primary-l2-advertisement$/m, /^ {4}- primary-pool$/m],
    ],
  },
  {
    file: '21-unreachable.sh',
    title: 'An address is not reached',
    says: [
      [/^primary-l2-advertisement +\["primary-pool"\]/m],
      [/announce/i],
      [rows(3, `speaker-\\S+ +${RUNNING}.*192\\.168\\.1\\.1[123] +n[123] `)],
      [/60 bytes from 02:00:00:\S+ \(192\.168\.1\.240\)/, /3 packets received/],
      [/\(192\.168\.1\.240\) at 02:00:00:/],
    ],
  },
  {
    file: '22-no-failover.sh',
    title: 'No failover',
    says: [
      [rows(3, `speaker-\\S+ +${RUNNING}`)],
      [/memberlist: alive n1, n2, n3/],
      [/^arpeggio_memberlist_members\{state="alive"\} 3$/m],
    ],
  },
  {
    file: '23-debugging.sh',
    title: 'Debugging',
    says: [
      [rows(3, `pod/speaker-\\S+ +${RUNNING}`), /^daemonset\.apps\/speaker +3 +3 +3 /m, /^deployment\.apps\/controller +1\/1 /m],
      [/nginx-lb .*192\.168\.1\.240/, /nginx-specific-ip .*192\.168\.1\.245/, /priority-service .*192\.168\.1\.200/],
      [/kind: IPAddressPool/, /kind: L2Advertisement/, /assignedIPv4: 2/],
      [/SuccessfulCreate +daemonset\/speaker/],
      [/inet 192\.168\.1\.1[123]\/24 .*eth0/],
    ],
  },
  {
    file: '24-pools-by-purpose.yaml',
    title: 'Pools by purpose',
    says: [created('web-services-pool', 'internal-services-pool')],
  },
  {
    file: '25-alerts.yaml',
    title: 'Alerts',
    before: [
      { command: 'kubectl create namespace monitoring', says: created('monitoring') },
      { command: 'kubectl apply -f prometheusrule-crd.yaml', says: created('prometheusrules.monitoring.coreos.com') },
      { command: 'kubectl wait --for=condition=Established crd/prometheusrules.monitoring.coreos.com', says: [/condition met/] },
    ],
    says: [created('metallb-alerts')],
    besides: [
      {
        command:
          "kubectl get prometheusrule metallb-alerts -n monitoring -o jsonpath='{.spec}' > alerts.json && promtool check rules alerts.json",
        says: [/SUCCESS: 3 rules found$/m],
      },
      {
        command:
          'kubectl exec -n metallb-system deployment/controller -- wget -q -O - http://localhost:7472/metrics | grep ^metallb_allocator_addresses',
        says: [
          /^metallb_allocator_addresses_in_use_total\{pool="primary-pool"\} 2$/m,
          /^metallb_allocator_addresses_total\{pool="primary-pool"\} 15$/m,
        ],
      },
      // Each as these agents' series are, and as they would be if it should fire.
      { command: 'promtool test rules alerts-test.json', says: [/^ {2}SUCCESS$/m], files: alertTests },
    ],
  },
  {
    file: '26-network-policy.yaml',
    title: 'A network policy',
    says: [created('metallb-speaker-policy')],
    besides: [
      {
        command:
          'kubectl exec -n metallb-system daemonset/speaker -- wget -q -O - http://localhost:7472/metrics | grep ^arpeggio_memberlist_members',
        says: [/^arpeggio_memberlist_members\{state="alive"\} 3$/m],
      },
      { command: 'curl -s --max-time 2 http://192.168.1.240', says: [/^Welcome!$/m] },
    ],
  },
];
