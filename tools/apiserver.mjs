// @ts-check
/** `npm run apiserver`: a real Kubernetes API server on loopback, with our CRDs and ServiceAccounts, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { provideKube } from './kube.mjs';
import { ROOT, setup } from './setup.mjs';

setup();
const kube = provideKube();
if (kube === undefined) process.exit(1);
const args = ['--import', 'tsx', 'test/e2e/serve.ts'];
const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, KUBEBUILDER_ASSETS: kube }, stdio: 'inherit' });
// It has heard them too, or is told so, and deletes what it made before it ends.
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => void child.kill(signal));
}
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
