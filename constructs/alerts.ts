/**
 * What somebody should be told of, as rules of Prometheus: those that people know of MetalLB, by its names and expressions, and what only
 * these agents can tell.
 */

/** monitoring.coreos.com/v1 Rule, of the kind that alerts. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: 'critical' | 'warning' };
  readonly annotations: { readonly summary: string; readonly description: string };
}

type Severity = Alert['labels']['severity'];
type Told = Readonly<{ severity: Severity; for?: string; summary: string; description: string }>;

const alert = (name: string, expr: string, { severity, summary, description, ...rest }: Told): Alert => ({
  ...{ alert: name, expr, ...rest },
  labels: { severity },
  annotations: { summary, description },
});

/** What PodMonitors name their targets. */
export const JOBS = { controller: 'metallb-controller', speaker: 'metallb-speaker' } as const;
const OURS = `job=~"${JOBS.controller}|${JOBS.speaker}"`;
const IN_USE = 'metallb_allocator_addresses_in_use_total';
const TOTAL = 'metallb_allocator_addresses_total';

const usage = (percent: number, severity: Severity): Alert =>
  alert(`MetalLBAddressPoolUsage${percent}Percent`, `${IN_USE} / ${TOTAL} * 100 > ${percent}`, {
    severity,
    summary: `A pool is used to more than ${percent} %`,
    description: `Pool {{ $labels.pool }} is used to {{ $value | printf "%.0f" }} %.`,
  });

export const ALERTS: readonly Alert[] = [
  alert('MetalLBControllerDown', `absent(up{job="${JOBS.controller}"} == 1)`, {
    ...{ severity: 'critical', for: '5m', summary: 'No controller can be scraped' },
    description: 'For 5 minutes. New Services get no address; those that have one are answered for.',
  }),
  alert('MetalLBSpeakerMissing', `count(up{job="${JOBS.speaker}"} == 1) < count(kube_node_info)`, {
    ...{ severity: 'warning', for: '5m', summary: 'Some nodes have no speaker that can be scraped' },
    description: '{{ $value }} speakers are up. The others take no address over.',
  }),
  alert('MetalLBPoolExhausted', `${IN_USE} / ${TOTAL} > 0.9`, {
    ...{ severity: 'warning', for: '10m', summary: 'A pool is nearly used up' },
    description: 'Pool {{ $labels.pool }} is used to more than 90 %.',
  }),
  alert('MetalLBStaleConfig', `metallb_k8s_client_config_stale_bool{${OURS}} == 1`, {
    ...{ severity: 'warning', for: '1m', summary: 'An agent works with an old configuration' },
    description: '{{ $labels.pod }} refused the newest one; its ConfigurationState says why.',
  }),
  alert('MetalLBConfigNotLoaded', `metallb_k8s_client_config_loaded_bool{${OURS}} == 0`, {
    ...{ severity: 'warning', for: '1m', summary: 'An agent has no configuration' },
    description: '{{ $labels.pod }} has read none that it can use; its log says why.',
  }),
  alert('MetalLBAddressPoolExhausted', `${IN_USE} >= ${TOTAL}`, {
    ...{ severity: 'critical', for: '1m', summary: 'A pool is used up' },
    description: 'Pool {{ $labels.pool }} has no address left.',
  }),
  usage(75, 'warning'),
  usage(85, 'warning'),
  usage(95, 'critical'),
  alert('ArpeggioAddressConflict', 'arpeggio_layer2_conflicts > 0', {
    ...{ severity: 'critical', summary: 'A stranger claims an address of a Service' },
    description: '{{ $labels.mac }} claims {{ $labels.ip }} on {{ $labels.interface }}.',
  }),
  alert('ArpeggioViewOld', 'arpeggio_view_age_seconds > 300', {
    ...{ severity: 'warning', for: '1m', summary: 'An agent has not heard of the API server for long' },
    description: '{{ $labels.pod }} goes on from what it knew {{ $value | printf "%.0f" }} s ago.',
  }),
  alert('ArpeggioInterfaceUncaptured', 'arpeggio_interface_uncaptured == 1', {
    ...{ severity: 'warning', for: '1m', summary: 'A speaker cannot listen on an interface' },
    description: '{{ $labels.pod }} answers nothing on {{ $labels.interface }}; its log says why.',
  }),
];
