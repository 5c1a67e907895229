/**
 * What `cdk8s synth` writes: into dist/ all that a cluster needs, in layers, and a network with a pool for everybody and one for few;
 * beside it all that a cluster needs in one file. The numbers in the chart ids are the order things are applied in.
 */
import { join } from 'node:path';
import { App, Chart, YamlOutputType } from 'cdk8s';
import { Install, IPAddressPool, L2Advertisement } from './index.js';
import { writeKustomizations, writeOneFile } from './layers.js';

const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });

const install = new Install(app, 'install');

const config = new Chart(app, '20-config', { disableResourceNameHashes: true });

const primary = new IPAddressPool(config, 'primary-pool', {
  addresses: ['192.168.1.240-192.168.1.255'],
  autoAssign: true,
  avoidBuggyIPs: true,
});
new L2Advertisement(config, 'primary-l2-advertisement', { ipAddressPools: [primary] });

// For Services that ask for it by name, and answered by workers only. These are known by what they are not: few clusters label them, and an
// advertisement that no Node matches is not healthy, which is what an engine of GitOps would wait for.
const priority = new IPAddressPool(config, 'priority-pool', {
  addresses: ['192.168.1.200-192.168.1.204'],
  autoAssign: false,
});
new L2Advertisement(config, 'priority-l2-advertisement', {
  ipAddressPools: [priority],
  nodeSelectors: [{ matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'DoesNotExist' }] }],
});

app.synth();
writeKustomizations(app.outdir);
// Beside it: whoever reads a folder would have everything twice.
writeOneFile(join(app.outdir, '..', 'install.yaml'), install.charts);
