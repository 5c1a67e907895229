// @ts-check
/** `npm run demo`: set-up, build, then three nodes and a client in a lab of network namespaces. */
import { build } from './build.mjs';
import { enterLab } from './namespace.mjs';
import { ROOT, setup } from './setup.mjs';

setup();
await build();
process.exitCode = await enterLab([process.execPath, '--import', 'tsx', 'test/lab/demo.ts', ...process.argv.slice(2)], {
  cwd: ROOT,
});
