/**
 * A certificate for 127.0.0.1 that signs itself (RFC 5280), made for one test: no tool, no file, no key in the repository.
 */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** Names `commonName`, so that two certificates of a test can be told apart. */
export function selfSigned(commonName = 'test'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid('550403'), text(commonName))));
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(time('20200101000000Z'), time('20991231000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extension('551d13', sequence(boolean(true))), extension('551d11', sequence(loopback())))),
  );
  const signature = sign('sha256', body, privateKey);
  const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);
const set = (part: Buffer): Buffer => tagged(0x31, part);
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Buffer => tagged(0x0c, Buffer.from(value));
const time = (value: string): Buffer => tagged(0x18, Buffer.from(value));
const integer = (value: number): Buffer => tagged(0x02, Buffer.of(value));
const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 0xff : 0));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tagged(0x04, value));
/** The alternative name iPAddress 127.0.0.1. */
const loopback = (): Buffer => tagged(0x87, Buffer.of(127, 0, 0, 1));
