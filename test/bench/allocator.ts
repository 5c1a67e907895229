/**
 * What addresses cost: given from nothing, kept from status, given back and given again; how that grows with the number of
 * Services, with how full a pool is and with its size; and what each Service takes of memory.
 */
import { allocate } from '../../src/allocator/allocate.js';
import { allocateAll } from '../../src/allocator/allocateall.js';
import { release } from '../../src/allocator/assign.js';
import { parseRequest, type Request } from '../../src/allocator/request.js';
import { settle } from '../../src/allocator/settle.js';
import { type AllocatorState, emptyState } from '../../src/allocator/state.js';
import type { IPAddressPool } from '../../src/api/ipaddresspool.js';
import type { Sourced } from '../../src/api/object.js';
import type { ServiceView } from '../../src/api/views.js';
import { compileConfig } from '../../src/config/compile.js';
import type { Config } from '../../src/config/config.js';
import { formatAddress, formatIpv4 } from '../../src/net/address.js';
import { type Figures, figure, median } from './figures.js';

const FIRST = 0x0a000000;
const SIZES = [1_000, 10_000, 100_000];
const POOLS = 50;

export async function run(): Promise<Figures> {
  const assign = SIZES.map((size) => median(repeat(size > 50_000 ? 5 : 9, () => assignAll(size))));
  const importing = SIZES.map((size) => median(repeat(size > 50_000 ? 5 : 9, () => importAll(size))));
  const compile = [1_000, 10_000].map((size) => median(repeat(9, () => compileRanges(size))));
  return [
    figure('allocator.assign10kMs', assign[1], 'ms', 'compile and allocate 10,000 Services over 50 pools; goal 500'),
    figure('allocator.assign100kMs', assign[2], 'ms', '100,000 Services over 50 pools, median of 5; goal 1000'),
    figure('allocator.exponent', slope(SIZES, assign), '', 'of time over Services: 1,000, 10,000, 100,000; 1 is linear'),
    figure('allocator.import100kMs', importing[2], 'ms', '100,000 Services keep what their status says, median of 5; goal 1000'),
    figure('allocator.importExponent', slope(SIZES, importing), '', 'of that over Services: 1,000, 10,000, 100,000'),
    figure(
      'allocator.fullPoolRatio',
      median(repeat(9, lastAgainstFirst)),
      '',
      'the last 256 addresses of a /16 ÷ its first 256; goal 2',
    ),
    figure(
      'allocator.poolSizeRatio',
      median(repeat(9, () => comeAndGo('10.0.0.0/8', '10.0.0.0/24'))),
      '',
      'release and assign in a /8 ÷ in a /24',
    ),
    figure(
      'allocator.ipv6Ratio',
      median(repeat(9, () => assignFrom('fd00::/64', 'IPv6') / assignFrom('10.0.0.0/16', 'IPv4'))),
      '',
      '10,000 Services from an IPv6 /64 ÷ from an IPv4 /16',
    ),
    figure(
      'allocator.ipv6ChurnRatio',
      median(repeat(9, () => comeAndGo('fd00::/64', '10.0.0.0/16'))),
      '',
      'of that only release and assign, half a microsecond each in IPv4',
    ),
    figure(
      'allocator.bytesPerService',
      bytesPerService(),
      'B',
      'of 100,000 Services with an address, beside the Services; goal 1024',
    ),
    figure('allocator.compile10kRangesMs', compile[1], 'ms', '10 pools of 1,000 ranges, side by side, median of 9; goal 200'),
    figure('allocator.compileExponent', slope([1_000, 10_000], compile), '', 'of that over ranges: 1,000, 10,000'),
  ];
}

/** Times in ms of `runs` runs, after two that warm up. */
const repeat = (runs: number, once: () => number): readonly number[] => Array.from({ length: runs + 2 }, once).slice(2);

/** A tenth of the Services request a pool, a tenth an address, and a tenth share. */
function assignAll(count: number): number {
  const services = Array.from({ length: count }, (_, i) => mixedService(i));
  const pools = poolsFor(count);
  return timed(() => {
    if (allocateAll(compiled(pools), services).size !== count) throw new Error('a Service has no outcome');
  });
}

function assignFrom(range: string, family: 'IPv4' | 'IPv6'): number {
  const services = Array.from({ length: 10_000 }, (_, i) => ({ ...serviceOf(i, {}), ipFamilies: [family] }));
  const config = compiled([poolOf('a', [range])]);
  return timed(() => {
    if (allocateAll(config, services).size !== services.length) throw new Error('a Service has no outcome');
  });
}

function importAll(count: number): number {
  const pools = poolsFor(count);
  const outcomes = allocateAll(
    compiled(pools),
    Array.from({ length: count }, (_, i) => mixedService(i)),
  );
  const services = Array.from({ length: count }, (_, i) => {
    const service = mixedService(i);
    const outcome = outcomes.get(`${service.namespace}/${service.name}`);
    const ingress = outcome !== undefined && 'allocated' in outcome ? outcome.allocated.addresses.map(formatAddress) : [];
    return { ...service, ingress };
  });
  const config = compiled(pools);
  return timed(() => {
    const { state } = settle({ config, services, statusCounts: true });
    if (state.holdings.size < count * 0.9) throw new Error('Services lost what they had');
  });
}

const poolsFor = (count: number): readonly Sourced<IPAddressPool>[] =>
  Array.from({ length: POOLS }, (_, i) => {
    const first = FIRST + i * 0x10000;
    return poolOf(`pool-${i}`, [`${formatIpv4(first)}-${formatIpv4(first + Math.ceil((count / POOLS) * 1.2))}`]);
  });

function mixedService(i: number): ServiceView {
  switch (i % 10) {
    case 0:
      return serviceOf(i, { 'metallb.io/address-pool': `pool-${(i / 10) % POOLS}` });
    case 1:
      return serviceOf(i, { 'metallb.io/loadBalancerIPs': requestedAddress((i - 1) / 10) });
    case 2:
      return serviceOf(i, { 'metallb.io/allow-shared-ip': `key-${i % 1000}` });
    default:
      return serviceOf(i, {});
  }
}

/** Spread over the pools, at their beginnings. */
const requestedAddress = (n: number): string => formatIpv4(FIRST + (n % POOLS) * 0x10000 + Math.floor(n / POOLS));

/** The time for the last 256 addresses of a /16, others holding the rest, against that for its first 256. */
function lastAgainstFirst(): number {
  const state = emptyState(compiled([poolOf('a', ['10.0.0.0/16'])]));
  const requests = Array.from({ length: 0x10000 }, (_, i) => requestOf(i, 'IPv4'));
  const fill = (from: number, to: number): number =>
    timed(() => {
      for (const request of requests.slice(from, to)) mustAllocate(state, request);
    });
  const [first] = [fill(0, 256)];
  fill(256, 0x10000 - 256);
  return fill(0x10000 - 256, 0x10000) / first;
}

/** A hundred Services that come and go, a hundred times, beside others that hold all but 128 of the first 256 addresses. */
function comeAndGo(range: string, reference: string): number {
  const family = range.includes(':') ? 'IPv6' : 'IPv4';
  return churn(range, family) / churn(reference, 'IPv4');
}

function churn(range: string, family: 'IPv4' | 'IPv6'): number {
  const state = emptyState(compiled([poolOf('a', [range])]));
  for (let i = 0; i < 128; i++) mustAllocate(state, requestOf(i, family));
  const guests = Array.from({ length: 100 }, (_, i) => requestOf(1_000 + i, family));
  const once = (): number =>
    timed(() => {
      for (let round = 0; round < 100; round++) {
        for (const guest of guests) mustAllocate(state, guest);
        for (const { service } of guests) release(state, service);
      }
    });
  once();
  return once();
}

function mustAllocate(state: AllocatorState, request: Request): void {
  if ('refused' in allocate(state, request)) throw new Error('a Service was refused');
}

function bytesPerService(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run with --expose-gc');
  const count = 100_000;
  const services = Array.from({ length: count }, (_, i) => mixedService(i));
  const config = compiled(poolsFor(count));
  gc();
  const before = process.memoryUsage().heapUsed;
  const settled = settle({ config, services, statusCounts: true });
  gc();
  const used = process.memoryUsage().heapUsed - before;
  if (settled.state.holdings.size + services.length < count) throw new Error('a Service has no outcome');
  return used / count;
}

function requestOf(i: number, family: 'IPv4' | 'IPv6'): Request {
  const read = parseRequest({ ...serviceOf(i, {}), ipFamilies: [family] });
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
  key: `namespace-${i % 50}/service-${i}`,
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
