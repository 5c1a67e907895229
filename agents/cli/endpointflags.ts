/**
 * The options of where an agent can be asked how it is: ours, and in a cluster those of MetalLB for health and for metrics over HTTPS.
 */
import { createSecureContext } from 'node:tls';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Endpoints, SecureMetrics } from '../runtime/endpoints.js';
import { listenAddress } from './listenaddress.js';

export interface MetricsFlags {
  readonly metrics: { readonly host: string; readonly port: number };
}

export interface EndpointFlags extends MetricsFlags {
  readonly healthProbePort: number;
  readonly port: number;
  readonly tlsMinVersion: TlsVersion | '';
  readonly tlsCipherSuites: readonly string[];
  readonly tlsCurvePreferences: readonly string[];
  readonly metricsCertDir: string;
}

type TlsVersion = 'VersionTLS12' | 'VersionTLS13';

export const addMetricsOption = (command: Command): Command =>
  command.addOption(
    new Option('--metrics <[host:]port>', 'where /metrics, /healthz and /readyz are served; 0 turns them off')
      .argParser(listenAddress)
      .default({ host: '0.0.0.0', port: 7472 }, 'port 7472 of every address'),
  );

/** `healthHost` is where MetalLB's agent of this kind serves health. */
export const addEndpointOptions = (command: Command, healthHost: string): Command =>
  addMetricsOption(command)
    .option(
      '--health-probe-port <port>',
      `a port of ${healthHost} for /healthz and /readyz alone, as with MetalLB (17472 there); 0: none`,
      optionalPort,
      0,
    )
    .option(
      '--port <port>',
      'HTTPS port of /metrics for those whose token the API server lets get it, as with MetalLB (9120 there); 0: none',
      optionalPort,
      0,
    )
    .option('--metrics-cert-dir <dir>', 'its certificate, as tls.crt and tls.key (default: one that signs itself)', '')
    .addOption(
      new Option('--tls-min-version <version>', 'its oldest version of TLS (default: VersionTLS13)')
        .choices(['', 'VersionTLS12', 'VersionTLS13'])
        .default('', 'VersionTLS13'),
    )
    .option('--tls-cipher-suites <suites>', 'its suites of TLS 1.2, by their names in Go, with commas', cipherSuites, [])
    .option('--tls-curve-preferences <ids>', 'its curves, by their numbers (29 is X25519), with commas', curves, []);

export function endpointsOf(flags: EndpointFlags, healthHost: string, command: Command): Endpoints {
  const { metrics, healthProbePort, tlsMinVersion, tlsCipherSuites } = flags;
  if (tlsCipherSuites.length > 0 && tlsMinVersion !== 'VersionTLS12') {
    command.error('error: --tls-cipher-suites means nothing without --tls-min-version VersionTLS12', { exitCode: 2 });
  }
  const health = { host: healthHost, port: healthProbePort };
  return flags.port === 0 ? { metrics, health } : { metrics, health, secure: secureOf(flags) };
}

/** Without these a server that is told its suites of TLS 1.2 has no other version. */
const TLS_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

function secureOf(flags: EndpointFlags): SecureMetrics {
  const { port, tlsMinVersion, tlsCipherSuites, tlsCurvePreferences, metricsCertDir } = flags;
  return {
    port,
    tls: {
      minVersion: tlsMinVersion === 'VersionTLS12' ? 'TLSv1.2' : 'TLSv1.3',
      ...(tlsCipherSuites.length === 0 ? {} : { ciphers: [...tlsCipherSuites, ...TLS_1_3].join(':') }),
      ...(tlsCurvePreferences.length === 0 ? {} : { curves: tlsCurvePreferences.join(':') }),
      ...(metricsCertDir === '' ? {} : { certDir: metricsCertDir }),
    },
  };
}

function optionalPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** Go's names for what is safe of TLS 1.2, and OpenSSL's. */
const SUITES: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
]);

/** By IANA's numbers of supported groups. */
const CURVES: ReadonlyMap<string, string> = new Map([
  ['23', 'P-256'],
  ['24', 'P-384'],
  ['25', 'P-521'],
  ['29', 'X25519'],
  ['4588', 'X25519MLKEM768'],
]);

const cipherSuites = (text: string): readonly string[] => translated(text, SUITES, 'suite');

function curves(text: string): readonly string[] {
  const found = translated(text, CURVES, 'curve');
  try {
    createSecureContext({ ecdhCurve: found.join(':') });
  } catch {
    throw new InvalidArgumentError('This build of OpenSSL does not have all of these curves.');
  }
  return found;
}

function translated(text: string, names: ReadonlyMap<string, string>, what: string): readonly string[] {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (new Set(words).size < words.length) throw new InvalidArgumentError(`A ${what} is named twice.`);
  return words.map((word) => {
    const name = names.get(word);
    if (name === undefined) {
      throw new InvalidArgumentError(`There is no ${what} ${word}; there are ${[...names.keys()].join(', ')}.`);
    }
    return name;
  });
}
