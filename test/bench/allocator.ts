/**
 * What an allocation from nothing costs: how long, how it grows with the number of Services, and whether a pool that is
 * nearly full costs more than an empty one.
 */
import { allocate } from '../../src/allocator/allocate.js';
import { allocateAll } from '../../src/allocator/allocateall.js';
import { release } from '../../src/allocator/assign.js';
import { parseRequest, type Request } from '../../src/allocator/request.js';
import { type AllocatorState, emptyState } from '../../src/allocator/state.js';
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { Sourced } from '../../src/api/object.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import type { Config } from '../../src/config/config.js';
import { formatIpv4 } from '../../src/net/address.js';
import { type Figures, median } from './figures.js';

const FIRST = 0x0a000000;

export async function run(): Promise<Figures> {
  const sizes = [2_500, 5_000, 10_000, 20_000, 40_000];
  const times = sizes.map((size) => median(allocations(size)));
  const assign10k = times[2] ?? Number.NaN;
  const fullPool = median(Array.from({ length: 9 }, fullPoolRatio));
  const compile10k = median(Array.from({ length: 9 }, () => compileRanges(10_000)));
  return [
    { key: 'allocator.assign10kMs', value: assign10k, unit: 'ms', note: 'compile and allocate 10,000 Services, median of 9' },
    {
      key: 'allocator.exponent',
      value: slope(sizes, times),
      unit: '',
      note: 'of time over Services, 2,500 to 40,000; 1 is linear',
    },
    { key: 'allocator.fullPoolRatio', value: fullPool, unit: '', note: '100 Services come and go beside 65,436 others ÷ alone' },
    {
      key: 'allocator.compile10kRangesMs',
      value: compile10k,
      unit: 'ms',
      note: '10 pools of 1,000 ranges, side by side, median of 9',
    },
  ];
}

/** Ten pools; a tenth of the Services request one, a tenth an address, and a tenth share. Times of nine runs, warmed up. */
function allocations(count: number): readonly number[] {
  const services = Array.from({ length: count }, (_, i) => mixedService(i));
  const pools = Array.from({ length: 10 }, (_, i) => {
    const first = FIRST + i * 0x10000;
    return poolOf(`pool-${i}`, [`${formatIpv4(first)}-${formatIpv4(first + Math.ceil(count / 8))}`]);
  });
  const once = (): number =>
    timed(() => {
      const outcomes = allocateAll(compiled(pools), services);
      if (outcomes.size !== count) throw new Error('a Service has no outcome');
    });
  return Array.from({ length: 12 }, once).slice(3);
}

function mixedService(i: number): ServiceView {
  switch (i % 10) {
    case 0:
      return serviceOf(i, { 'metallb.io/address-pool': `pool-${(i / 10) % 10}` });
    case 1:
      return serviceOf(i, { 'metallb.io/loadBalancerIPs': formatIpv4(FIRST + 0x90000 + (i - 1) / 10) });
    case 2:
      return serviceOf(i, { 'metallb.io/allow-shared-ip': `key-${i % 100}` });
    default:
      return serviceOf(i, {});
  }
}

/** A hundred Services that come and go beside others that hold all but a hundred of 65,536 addresses, against the same alone. */
function fullPoolRatio(): number {
  const config = compiled([poolOf('a', ['10.0.0.0/16'])]);
  const [alone, crowded] = [emptyState(config), emptyState(config)];
  for (let i = 0; i < 0x10000; i++) allocate(crowded, requestOf(i));
  for (let i = 0; i < 0x10000; i += 656) release(crowded, requestOf(i).service);
  const guests = Array.from({ length: 100 }, (_, i) => requestOf(0x10000 + i));
  const comeAndGo = (state: AllocatorState): number =>
    timed(() => {
      for (let round = 0; round < 100; round++) {
        for (const guest of guests) if ('refused' in allocate(state, guest)) throw new Error('a Service was refused');
        for (const { service } of guests) release(state, service);
      }
    });
  comeAndGo(alone);
  comeAndGo(crowded);
  return comeAndGo(crowded) / comeAndGo(alone);
}

function requestOf(i: number): Request {
  const read = parseRequest(serviceOf(i, {}));
  if (!read.ok) throw new Error('a Service is invalid');
  return read.value;
}

function compileRanges(count: number): number {
  const pools = Array.from({ length: 10 }, (_, pool) =>
    poolOf(
      `pool-${pool}`,
      Array.from({ length: count / 10 }, (_, i) => {
        const first = FIRST + 8 * (10 * i + pool);
        return `${formatIpv4(first)}-${formatIpv4(first + 7)}`;
      }),
    ),
  );
  return timed(() => compiled(pools));
}

function compiled(pools: readonly Sourced<IPAddressPool>[]): Config {
  const { config, issues } = compileConfig({ pools, advertisements: [], namespaces: [] });
  if (config === undefined) throw new Error(issues[0]?.message);
  return config;
}

const poolOf = (name: string, addresses: readonly string[]): Sourced<IPAddressPool> => ({
  object: { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name }, spec: { addresses } },
  locate: () => undefined,
});

const serviceOf = (i: number, annotations: Readonly<Record<string, string>>): ServiceView => ({
  namespace: `namespace-${i % 50}`,
  name: `service-${i}`,
  labels: {},
  annotations,
  type: 'LoadBalancer',
  clusterIPs: [],
  ipFamilies: ['IPv4'],
  ipFamilyPolicy: 'SingleStack',
  externalTrafficPolicy: 'Cluster',
  ports: [{ protocol: 'TCP', port: 80 }],
  selector: {},
  ingress: [],
});

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Of the least-squares line through the logarithms. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [lx, ly] = [xs.map(Math.log), ys.map(Math.log)];
  const [mx, my] = [mean(lx), mean(ly)];
  const covariance = lx.reduce((sum, x, i) => sum + (x - mx) * ((ly[i] ?? my) - my), 0);
  return covariance / lx.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}
