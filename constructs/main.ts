/**
 * What `cdk8s synth` writes into dist/: the CRDs, what the agents may do, and a network with a pool for everybody and one for
 * few. The numbers in the chart ids are the order things are applied in.
 */
import { App, Chart, YamlOutputType } from 'cdk8s';
import { Crds, IPAddressPool, L2Advertisement, Rbac } from './index.js';

const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });

new Crds(app, '00-crds');
new Rbac(app, '10-rbac');

const config = new Chart(app, '20-config', { disableResourceNameHashes: true });

const primary = new IPAddressPool(config, 'primary-pool', {
  addresses: ['192.168.1.240-192.168.1.255'],
  autoAssign: true,
  avoidBuggyIPs: true,
});
new L2Advertisement(config, 'primary-l2-advertisement', { ipAddressPools: [primary] });

// For Services that ask for it by name, and answered by workers only.
const priority = new IPAddressPool(config, 'priority-pool', {
  addresses: ['192.168.1.200-192.168.1.204'],
  autoAssign: false,
});
new L2Advertisement(config, 'priority-l2-advertisement', {
  ipAddressPools: [priority],
  nodeSelectors: [{ matchLabels: { 'node-role.kubernetes.io/worker': 'true' } }],
});

app.synth();
