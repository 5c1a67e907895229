import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { followCertificate } from '../../agents/runtime/servingcert.js';
import type { Issue } from '../../src/issue/issue.js';
import { type Certificate, selfSigned } from '../support/certificate.js';
import { temporaryFolder, testSignal } from '../support/folder.js';
import { until } from '../support/until.js';

afterEach(() => vi.useRealTimers());

test('a certificate is taken anew when it is another, and one that is of no use changes nothing and is told once', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const folder = temporaryFolder();
  const write = ({ cert, key }: Certificate): void => {
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
  };
  const [first, second, third] = [selfSigned('1'), selfSigned('2'), selfSigned('3')];
  const [taken, issues]: [Certificate[], Issue[]] = [[], []];
  write(first);
  await followCertificate(
    folder,
    (one) => void taken.push(one),
    (one) => void issues.push(one),
    testSignal(),
  );
  vi.advanceTimersByTime(60_000);
  write(second);
  vi.advanceTimersByTime(60_000);
  await until('the second is there', () => taken.length === 2);
  write({ cert: third.cert, key: first.key });
  vi.advanceTimersByTime(60_000);
  await until('it is told', () => issues.length > 0);
  vi.advanceTimersByTime(60_000);
  write(third);
  vi.advanceTimersByTime(60_000);
  await until('the third is there', () => taken.length === 3);
  expect(taken).toEqual([first, second, third]);
  expect(issues.map(({ code }) => code)).toEqual(['METRICS_CERT_UNUSABLE']);
});

test('without a folder it signs itself, for some years', async () => {
  const taken: Certificate[] = [];
  expect(
    await followCertificate(
      undefined,
      (one) => void taken.push(one),
      () => undefined,
      testSignal(),
    ),
  ).toBeUndefined();
  const [certificate] = taken.map(({ cert }) => new X509Certificate(cert));
  expect(certificate?.verify(certificate.publicKey)).toBe(true);
  expect([certificate?.subject, certificate?.subjectAltName]).toEqual(['CN=arpeggio', 'DNS:localhost, IP Address:127.0.0.1']);
  const years = (Date.parse(certificate?.validTo ?? '') - Date.now()) / (365 * 24 * 3_600_000);
  expect([Date.parse(certificate?.validFrom ?? '') < Date.now(), Math.round(years)]).toEqual([true, 10]);
});
