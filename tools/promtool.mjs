// @ts-check
/**
 * promtool, by which Prometheus' own code judges alerts, metrics and which Pods are scraped. `node tools/promtool.mjs` prints its path.
 */
import { fileURLToPath } from 'node:url';
import { provideGoProgram, withoutProgram } from './goprogram.mjs';

/** The program. Undefined where it cannot be had: then one line has said so. */
export function providePromtool() {
  const built = provideGoProgram({
    name: 'promtool',
    what: 'promtool',
    takes: '4 minutes',
    module: fileURLToPath(new URL('promtool/', import.meta.url)),
    sources: ['go.mod', 'go.sum'],
    target: 'github.com/prometheus/prometheus/cmd/promtool',
  });
  return 'file' in built ? built.file : withoutProgram('promtool', built.problem, '1.24');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = providePromtool();
  if (program === undefined) process.exitCode = 1;
  else console.log(program);
}
