/**
 * Flux's kustomize-controller in the namespaces of a cluster, with which it ends, and where it fetches its artifact. The first line of its
 * output means that it runs.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Program } from '../support/program.js';
import { ARTIFACT_PORT } from './layout.js';

const HEALTH = '127.0.0.1:9440';

const [file = '', archive = '', log = ''] = process.argv.slice(2);
createServer((_, answer) => answer.end(readFileSync(archive))).listen(ARTIFACT_PORT, '127.0.0.1');
const flags = ['--feature-gates=ExternalArtifact=true', `--health-addr=${HEALTH}`, '--metrics-addr=0'];
const isReady = async (): Promise<boolean> => (await fetch(`http://${HEALTH}/healthz`)).ok;
await new Program({ file, flags, log, isReady }).start();
console.log('ready');
