// @ts-check
/**
 * The program of test/interop, a member on the reference implementation of memberlist. Not under CI, which has to work without a module
 * proxy. `node tools/interop.mjs` prints its path.
 */
import { fileURLToPath } from 'node:url';
import { provideGoProgram } from './goprogram.mjs';

/** The program. Undefined where it cannot be had: then one line has said so. */
export function provideInterop() {
  if (process.env['CI'] === 'true') return without('this is CI');
  const built = provideGoProgram({
    name: 'interop',
    what: 'the reference member of memberlist',
    takes: 'half a minute',
    module: fileURLToPath(new URL('../test/interop/', import.meta.url)),
    sources: ['go.mod', 'go.sum', 'main.go'],
    target: '.',
  });
  return 'file' in built ? built.file : without(built.problem);
}

/** @param {string} why @returns {undefined} */
function without(why) {
  console.error(`setup: no reference member of memberlist, so the tests against it are skipped: ${why}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = provideInterop();
  if (program === undefined) process.exitCode = 1;
  else console.log(program);
}
