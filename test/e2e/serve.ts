/**
 * An API server to try things on by hand, ready for agents, with no Node in it. Started by `npm run apiserver`.
 */
import { join } from 'node:path';
import { ASSETS, startApiServer } from '../support/apiserver.js';
import { install } from '../support/install.js';

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve());
});

const api = await startApiServer();
try {
  await install(api);
  const { host, port } = api.endpoint;
  console.log(`A Kubernetes API server is ready on https://${host}:${port}, with the CRDs and the ServiceAccounts of Arpeggio.

  export KUBECONFIG=${api.kubeconfig}
  alias kubectl=${join(ASSETS, 'kubectl')}

As an agent, with the rights that ship and no others, for an hour:

  KUBECONFIG=${await api.kubeconfigOf('controller')}
  KUBECONFIG=${await api.kubeconfigOf('speaker')}

Ctrl-C ends it and deletes everything.`);
  // A pending promise alone keeps no process alive.
  const alive = setInterval(() => undefined, 1 << 30);
  await ended;
  clearInterval(alive);
} finally {
  await api.stop();
}
