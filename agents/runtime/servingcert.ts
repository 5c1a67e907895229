/**
 * The certificate that a server shows: of a folder, as a Secret is mounted, taken anew when it is another; or one that signs itself.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type Issue, issue } from '../../src/issue/issue.js';
import { type Certificate, selfSigned } from './selfsigned.js';

const LOOK_MS = 60_000;
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;
/** Clocks differ. */
const HOUR_MS = 3_600_000;

/**
 * Gives `take` a certificate now, and each later one until `signal` aborts. METRICS_CERT_UNUSABLE: there is none now. Later ones that are
 * of no use are reported once, and the last good one stays.
 */
export async function followCertificate(
  folder: string | undefined,
  take: (certificate: Certificate) => void,
  report: (issue: Issue) => void,
  signal: AbortSignal,
): Promise<Issue | undefined> {
  if (folder === undefined) {
    const now = Date.now();
    const [validFrom, validTo] = [new Date(now - HOUR_MS), new Date(now + TEN_YEARS_MS)];
    take(selfSigned({ commonName: 'arpeggio', validFrom, validTo, names: ['localhost'], addresses: [[127, 0, 0, 1]] }));
    return undefined;
  }
  let [known, told] = ['', ''];
  const look = async (): Promise<Issue | undefined> => {
    const found = await readPair(folder);
    if ('unusable' in found) return issue('METRICS_CERT_UNUSABLE', '--metrics-cert-dir', `${folder} ${found.unusable}`);
    const text = `${found.cert}${found.key}`;
    if (text !== known) take(found);
    known = text;
    return undefined;
  };
  const first = await look();
  if (first !== undefined) return first;
  const timer = setInterval(async () => {
    const failed = await look();
    if (failed !== undefined && failed.message !== told) report(failed);
    told = failed?.message ?? '';
  }, LOOK_MS).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
  return undefined;
}

async function readPair(folder: string): Promise<Certificate | { readonly unusable: string }> {
  try {
    const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')));
    const pair = { cert: cert ?? '', key: key ?? '' };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    return { unusable: `has no certificate that can be used: ${error instanceof Error ? error.message : String(error)}` };
  }
}
