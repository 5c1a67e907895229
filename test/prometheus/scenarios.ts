/** What makes each alert fire, and what it then says. The guide's three by their names say other words than ours. */
import type { Fired, Observed, Scenario } from './ruletest.js';
import type { Labels } from './series.js';

type Says = (labels: Labels, value: number) => { readonly summary: string; readonly description: string };

const IN_USE = 'metallb_allocator_addresses_in_use_total';
const TOTAL = 'metallb_allocator_addresses_total';

const named = (all: readonly Observed[], name: string): readonly Observed[] => all.filter((one) => one.name === name);

/** Every series of the name becomes the value. */
const becomes =
  (name: string, value: number): Scenario['enough'] =>
  (one) =>
    one.name === name ? value : one.value;

const alarm = (severity: string, labels: Labels, { summary, description }: ReturnType<Says>): Fired => ({
  labels: { ...labels, severity },
  annotations: { summary, description },
});

const everyOne = (alert: string, severity: string, name: string, value: number, says: Says): Scenario => ({
  alert,
  enough: becomes(name, value),
  fires: (all) => named(all, name).map(({ labels }) => alarm(severity, labels, says(labels, value))),
});

/** The fewest addresses in use that are more than this share of a pool, or the most that are not. */
const share =
  (percent: number, more: 0 | 1) =>
  (one: Observed, all: readonly Observed[]): number | undefined =>
    one.name === IN_USE ? Math.floor((totalOf(one, all) * percent) / 100) + more : one.value;

const totalOf = ({ labels }: Observed, all: readonly Observed[]): number =>
  named(all, TOTAL).find((one) => one.labels['pool'] === labels['pool'])?.value ?? Number.NaN;

function usage(alert: string, severity: string, percent: number, says: Says): Scenario {
  const enough = share(percent, 1);
  return {
    ...{ alert, enough, nearly: share(percent, 0) },
    fires: (all) =>
      named(all, IN_USE).map((one) =>
        alarm(severity, one.labels, says(one.labels, ((enough(one, all) ?? 0) / totalOf(one, all)) * 100)),
      ),
  };
}

const isUpOf =
  (job: string) =>
  ({ name, labels }: Observed): boolean =>
    name === 'up' && labels['job'] === job;

const controllerDown = (says: Says): Scenario => ({
  alert: 'MetalLBControllerDown',
  enough: (one) => (isUpOf('metallb-controller')(one) ? 0 : one.value),
  fires: () => [alarm('critical', {}, says({}, 1))],
});

/** One of them is down. */
const speakerMissing = (says: Says): Scenario => ({
  alert: 'MetalLBSpeakerMissing',
  enough: (one, all) => (one === all.find(isUpOf('metallb-speaker')) ? 0 : one.value),
  fires: (all) => [alarm('warning', {}, says({}, all.filter(isUpOf('metallb-speaker')).length - 1))],
});

const poolExhausted = (says: Says): Scenario => usage('MetalLBPoolExhausted', 'warning', 90, says);

export const GUIDE_SCENARIOS: readonly Scenario[] = [
  controllerDown(() => ({
    summary: 'MetalLB controller is down',
    description: 'MetalLB controller has been down for more than 5 minutes',
  })),
  speakerMissing(() => ({
    summary: 'MetalLB speaker not running on all nodes',
    description: 'Some nodes are missing MetalLB speaker pods',
  })),
  poolExhausted(({ pool }) => ({
    summary: 'MetalLB IP pool nearly exhausted',
    description: `IP pool ${pool} is more than 90% utilized`,
  })),
];

const used = (percent: number, severity: string): Scenario =>
  usage(`MetalLBAddressPoolUsage${percent}Percent`, severity, percent, ({ pool }, value) => ({
    summary: `A pool is used to more than ${percent} %`,
    description: `Pool ${pool} is used to ${value.toFixed(0)} %.`,
  }));

export const SCENARIOS: readonly Scenario[] = [
  controllerDown(() => ({
    summary: 'No controller can be scraped',
    description: 'For 5 minutes. New Services get no address; those that have one are answered for.',
  })),
  speakerMissing((_, value) => ({
    summary: 'Some nodes have no speaker that can be scraped',
    description: `${value} speakers are up. The others take no address over.`,
  })),
  poolExhausted(({ pool }) => ({
    summary: 'A pool is nearly used up',
    description: `Pool ${pool} is used to more than 90 %.`,
  })),
  everyOne('MetalLBStaleConfig', 'warning', 'metallb_k8s_client_config_stale_bool', 1, ({ pod }) => ({
    summary: 'An agent works with an old configuration',
    description: `${pod} refused the newest one; its ConfigurationState says why.`,
  })),
  everyOne('MetalLBConfigNotLoaded', 'warning', 'metallb_k8s_client_config_loaded_bool', 0, ({ pod }) => ({
    summary: 'An agent has no configuration',
    description: `${pod} has read none that it can use; its log says why.`,
  })),
  {
    alert: 'MetalLBAddressPoolExhausted',
    nearly: (one, all) => (one.name === IN_USE ? totalOf(one, all) - 1 : one.value),
    enough: (one, all) => (one.name === IN_USE ? totalOf(one, all) : one.value),
    fires: (all) =>
      named(all, IN_USE).map(({ labels }) =>
        alarm('critical', labels, {
          summary: 'A pool is used up',
          description: `Pool ${labels['pool']} has no address left.`,
        }),
      ),
  },
  used(75, 'warning'),
  used(85, 'warning'),
  used(95, 'critical'),
  everyOne('ArpeggioAddressConflict', 'critical', 'arpeggio_layer2_conflicts', 1, ({ mac, ip, interface: on }) => ({
    summary: 'A stranger claims an address of a Service',
    description: `${mac} claims ${ip} on ${on}.`,
  })),
  {
    ...everyOne('ArpeggioViewOld', 'warning', 'arpeggio_view_age_seconds', 301, ({ pod }, value) => ({
      summary: 'An agent has not heard of the API server for long',
      description: `${pod} goes on from what it knew ${value} s ago.`,
    })),
    nearly: becomes('arpeggio_view_age_seconds', 300),
  },
  everyOne('ArpeggioInterfaceUncaptured', 'warning', 'arpeggio_interface_uncaptured', 1, ({ pod, interface: on }) => ({
    summary: 'A speaker cannot listen on an interface',
    description: `${pod} answers nothing on ${on}; its log says why.`,
  })),
];
