import { App } from 'cdk8s';
import { expect, test } from 'vitest';
import { Monitoring } from '../../constructs/index.js';
import { jobOf, type PodMonitor, scrapeConfig } from './scrapeconfig.js';

const monitors = (props = {}): readonly PodMonitor[] =>
  new Monitoring(new App(), 'monitoring', props).toJson().filter(({ kind }) => kind === 'PodMonitor');

test('ours are configurations, each of one job', () => {
  expect(monitors().map(jobOf)).toEqual(['podMonitor/metallb-system/controller/0', 'podMonitor/metallb-system/speaker/0']);
  expect(monitors().map((one) => scrapeConfig(one, '/k'))).toMatchObject(
    ['controller', 'speaker'].map((component) => ({
      honor_labels: true,
      metrics_path: '/metrics',
      kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: '/k', namespaces: { names: ['metallb-system'] } }],
      relabel_configs: expect.arrayContaining([
        {
          source_labels: ['__meta_kubernetes_pod_label_component', '__meta_kubernetes_pod_labelpresent_component'],
          regex: `(${component});true`,
          action: 'keep',
        },
        { target_label: 'job', replacement: `metallb-system/${component}` },
        { target_label: 'job', replacement: `metallb-${component}` },
      ]),
    })),
  );
});

test('what is not known of a monitor is not passed over', () => {
  const [secure] = monitors({ token: { name: 'a', key: 'b' } });
  expect(() => scrapeConfig(secure as PodMonitor, '/k')).toThrow('authorization,scheme,tlsConfig is not known');
});
