import type { Command, CommanderError } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { controllerCommand } from '../../agents/cli/controller.js';
import { endpointsOf } from '../../agents/cli/endpointflags.js';
import { forgetEmpty, fromGo, ignored } from '../../agents/cli/metallbflags.js';
import { speakerCommand } from '../../agents/cli/speaker.js';
import { formatIssue } from '../../src/issue/issue.js';

type Kind = 'controller' | 'speaker';
const commandOf = (kind: Kind): Command => (kind === 'controller' ? controllerCommand() : speakerCommand());

afterEach(() => vi.unstubAllEnvs());

interface Read {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly command: Command;
}

/** What a command was told, by arguments and variables; it does not run. */
async function read(kind: Kind, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Read> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  forgetEmpty(process.env);
  const command = commandOf(kind).configureOutput({ writeErr: () => undefined });
  await command.action(() => undefined).parseAsync(fromGo(args, command), { from: 'user' });
  return { flags: command.opts(), command };
}

const NODE = ['--node-name', 'n1'];

describe('a flag of MetalLB is heeded', () => {
  test.each<[Kind, readonly string[], Readonly<Record<string, unknown>>]>([
    ['controller', ['--namespace=lb'], { namespace: 'lb' }],
    [
      'controller',
      ['--ml-secret-name=memberlist', '--deployment=controller'],
      { mlSecretName: 'memberlist', deployment: 'controller' },
    ],
    ['controller', ['--pod-name=c-1', '--lb-class=example.com/l2'], { podName: 'c-1', lbClass: 'example.com/l2' }],
    ['controller', ['--log-level=all'], { logLevel: 'all' }],
    ['controller', ['--port=9120', '--health-probe-port=17472'], { port: 9120, healthProbePort: 17472 }],
    ['controller', ['--port=0'], { port: 0 }],
    [
      'speaker',
      ['--node-name=n1', '--ml-bindaddr=192.0.2.1', '--ml-bindport=7000'],
      { mlBindaddr: '192.0.2.1', mlBindport: 7000 },
    ],
    ['speaker', [...NODE, '--ml-bindaddr=2001:DB8:0::1'], { mlBindaddr: '2001:db8::1' }],
    ['speaker', [...NODE, '--ml-labels=app=metallb,component=speaker'], { mlLabels: 'app=metallb,component=speaker' }],
    ['speaker', [...NODE, '--ml-secret-key-path=/etc/ml_secret_key'], { mlSecretKeyPath: '/etc/ml_secret_key' }],
    ['speaker', [...NODE, '--ml-wan-config', '--ignore-exclude-lb'], { mlWanConfig: true, ignoreExcludeLb: true }],
    ['speaker', [...NODE, '--metrics-cert-dir=/etc/metrics'], { metricsCertDir: '/etc/metrics' }],
  ])('by a %s: %j', async (kind, args, expected) => {
    expect((await read(kind, args)).flags).toMatchObject(expected);
  });

  test.each<[string, readonly string[], Readonly<Record<string, unknown>>]>([
    ['one dash', ['-node-name', 'n1', '-log-level=debug'], { nodeName: 'n1', logLevel: 'debug' }],
    ['what is on and says so', [...NODE, '--ml-wan-config=true'], { mlWanConfig: true }],
    ['what is off and says so', [...NODE, '--ml-wan-config=false', '-ignore-exclude-lb=F'], {}],
    ['a value that looks like a flag', [...NODE, '--ml-labels', '--lb-class'], { mlLabels: '--lb-class', lbClass: '' }],
    ['a value with a line break', [...NODE, '-lb-class=a\nb'], { lbClass: 'a\nb' }],
    ['a value with an equals sign', [...NODE, '-ml-labels=a=b'], { mlLabels: 'a=b' }],
  ])('as Go writes it: %s', async (_, args, expected) => {
    const { flags } = await read('speaker', args);
    expect(flags).toMatchObject(expected);
    if (args.some((arg) => /=(false|F)$/.test(arg)))
      expect([flags['mlWanConfig'], flags['ignoreExcludeLb']]).toEqual([undefined, undefined]);
  });
});

describe('a variable of MetalLB is heeded', () => {
  test.each<[Kind, Readonly<Record<string, string>>, Readonly<Record<string, unknown>>]>([
    ['controller', { METALLB_NAMESPACE: 'lb', METALLB_POD_NAME: 'c-1' }, { namespace: 'lb', podName: 'c-1' }],
    ['controller', { METALLB_ML_SECRET_NAME: 'm', METALLB_DEPLOYMENT: 'c' }, { mlSecretName: 'm', deployment: 'c' }],
    ['speaker', { METALLB_NAMESPACE: 'lb', METALLB_POD_NAME: 's-1' }, { namespace: 'lb', podName: 's-1' }],
    [
      'speaker',
      { METALLB_ML_BIND_ADDR: '192.0.2.1', METALLB_ML_BIND_PORT: '7000' },
      { mlBindaddr: '192.0.2.1', mlBindport: 7000 },
    ],
    ['speaker', { METALLB_ML_LABELS: 'a=b', METALLB_ML_SECRET_KEY_PATH: '/k' }, { mlLabels: 'a=b', mlSecretKeyPath: '/k' }],
    ['speaker', { METALLB_ML_BIND_PORT: '', METALLB_ML_BIND_ADDR: '', METALLB_NAMESPACE: '' }, { mlBindport: 7946 }],
  ])('by a %s: %j', async (kind, env, expected) => {
    const variables = kind === 'speaker' ? { METALLB_NODE_NAME: 'n1', ...env } : env;
    const { flags } = await read(kind, [], variables);
    expect(flags).toMatchObject(expected);
    if (env['METALLB_NAMESPACE'] === '') expect([flags['namespace'], flags['mlBindaddr']]).toEqual([undefined, undefined]);
  });

  test('unless a flag says otherwise', async () => {
    const { flags } = await read('speaker', ['--node-name=n2'], { METALLB_NODE_NAME: 'n1' });
    expect(flags['nodeName']).toBe('n2');
  });
});

describe('what means nothing is accepted, and named in one warning', () => {
  test.each<[Kind, readonly string[], Readonly<Record<string, string>>, string | undefined]>([
    ['controller', [], {}, undefined],
    ['controller', ['--webhook-mode=disabled'], {}, 'FLAG_IGNORED --webhook-mode means nothing here'],
    [
      'controller',
      [
        ...['--pprof-bind-address=:6060', '--disable-cert-rotation', '--cert-dir=/c', '--cert-service-name=s'],
        ...['--webhook-mode=onlywebhook', '--webhook-secret=w', '-webhook-http2=true'],
      ],
      { METALLB_BGP_TYPE: 'native' },
      'FLAG_IGNORED --pprof-bind-address, --disable-cert-rotation, --cert-dir, --cert-service-name, --webhook-mode, --webhook-secret, --webhook-http2, METALLB_BGP_TYPE mean nothing here',
    ],
    ['speaker', NODE, { METALLB_BGP_TYPE: '' }, undefined],
    [
      'speaker',
      [
        ...[...NODE, '--host=192.0.2.1', '--pprof-bind-address=:1', '--bgp-debounce-timeout=3000'],
        ...['--frrk8s-namespace=f', '--frrk8s-secret-passthrough'],
      ],
      {
        ...{ METALLB_HOST: '192.0.2.1', METALLB_BGP_TYPE: 'frr', METALLB_BGP_DEBOUNCE_TIMEOUT: '1', FRRK8S_NAMESPACE: 'f' },
        ...{ FRR_CONFIG_FILE: 'f', FRR_RELOADER_PID_FILE: 'f', FRR_LOGGING_LEVEL: 'info' },
      },
      'FLAG_IGNORED --host, --pprof-bind-address, --bgp-debounce-timeout, --frrk8s-namespace, --frrk8s-secret-passthrough, METALLB_HOST, METALLB_BGP_TYPE, METALLB_BGP_DEBOUNCE_TIMEOUT, FRRK8S_NAMESPACE, FRR_CONFIG_FILE, FRR_RELOADER_PID_FILE, FRR_LOGGING_LEVEL mean nothing here',
    ],
  ])('to a %s: %j %j', async (kind, args, env, expected) => {
    const { command } = await read(kind, args, env);
    const flags = command.options.filter(({ hidden }) => hidden).map((option) => option.flags);
    const found = ignored(command, { flags, variables: Object.keys(env) }, process.env);
    expect(found && formatIssue(found)).toBe(expected);
  });
});

describe('a mistake ends with 2 and says what would be right', () => {
  test.each<[Kind, readonly string[], RegExp]>([
    ['controller', ['--no-such-flag'], /unknown option '--no-such-flag'/],
    ['controller', ['--log-level=loud'], /Allowed choices are all, debug, info, warn, error, none/],
    ['controller', ['--port=70000'], /A port is a number from 0 to 65535/],
    ['speaker', [], /required option '--node-name <name>'/],
    ['speaker', [...NODE, '--ml-bindport=0'], /A port is a number from 1 to 65535/],
    ['speaker', [...NODE, '--ml-wan-config=perhaps'], /unknown option '--ml-wan-config=perhaps'/],
    ['speaker', [...NODE, '--tls-cipher-suites=RC4'], /There is no suite RC4; there are TLS_ECDHE_/],
    ['speaker', [...NODE, '--tls-curve-preferences=29,29'], /A curve is named twice/],
    ['speaker', [...NODE, '--tls-curve-preferences=1'], /There is no curve 1; there are 23, 24, 25, 29/],
    ['speaker', [...NODE, '--tls-min-version=VersionTLS10'], /Allowed choices are/],
  ])('%s %j', async (kind, args, expected) => {
    await expect(read(kind, args)).rejects.toMatchObject({
      message: expect.stringMatching(expected),
    } satisfies Partial<CommanderError>);
  });
});

describe('HTTPS', () => {
  const SUITE = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

  test.each<[readonly string[], unknown]>([
    [[], undefined],
    [['--port=9120'], { port: 9120, tls: { minVersion: 'TLSv1.3' } }],
    [
      ['--port=9120', '--tls-min-version=VersionTLS12', `--tls-cipher-suites=${SUITE}`, '--tls-curve-preferences=29, 23'],
      {
        port: 9120,
        tls: {
          minVersion: 'TLSv1.2',
          ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
          curves: 'X25519:P-256',
        },
      },
    ],
    [['--port=1', '--metrics-cert-dir=/c', '--tls-min-version='], { port: 1, tls: { minVersion: 'TLSv1.3', certDir: '/c' } }],
  ])('%j', async (args, expected) => {
    const { flags, command } = await read('controller', args);
    expect(endpointsOf(flags as never, '0.0.0.0', command).secure).toEqual(expected);
  });

  test('has no suites to choose from in TLS 1.3', async () => {
    const { flags, command } = await read('controller', ['--port=9120', `--tls-cipher-suites=${SUITE}`]);
    expect(() => endpointsOf(flags as never, '0.0.0.0', command)).toThrow('means nothing without --tls-min-version VersionTLS12');
  });
});
