/**
 * The allocator once more, naive: addresses are texts, every question is a loop over everybody. It shares no code with
 * src/allocator, and is written to be seen to be right, not to be fast.
 */

export type FamilyWish = '4' | '6' | 'require' | 'prefer4' | 'prefer6';

export interface ModelService {
  readonly namespace: string;
  readonly isLoadBalancer: boolean;
  readonly isOurs: boolean;
  readonly wants: FamilyWish;
  readonly ports: readonly string[];
  readonly key: string;
  /** The pod selector of a `Local` Service; empty for a `Cluster` one. */
  readonly backend: string;
  readonly web: boolean;
  /** Requested addresses; `unreadable`: they cannot be read. */
  readonly asks: readonly string[] | 'unreadable';
  readonly asksPool: string;
  readonly createdAt: string;
}

export interface ModelPool {
  readonly name: string;
  /** In the order they are given in. */
  readonly addresses: readonly string[];
  readonly auto: boolean;
  readonly avoidBuggy: boolean;
  /** Absent: general. */
  readonly pin?: ModelPin;
}

export interface ModelPin {
  readonly priority: number;
  /** Absent: any. */
  readonly namespaces?: readonly string[];
  /** Only Services with the label. */
  readonly web: boolean;
}

export interface ModelWorld {
  /** By name. */
  readonly pools: readonly ModelPool[];
  /** By key, sorted. */
  readonly services: ReadonlyMap<string, ModelService>;
  readonly lock: ReadonlyMap<string, readonly string[]>;
}

/** What a Service has, and how it used it when that was decided; nobody remembers that after a restart. */
interface Memory {
  readonly addresses: readonly string[];
  readonly use: string | undefined;
}

/** What each Service has. One that has nothing is not there. */
export type Held = ReadonlyMap<string, readonly string[]>;

export const isV6 = (address: string): boolean => address.includes(':');
const isBuggy = (address: string): boolean => !isV6(address) && /\.(0|255)$/.test(address);
const sameSet = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join() === [...b].sort().join();
const useOf = ({ key, backend, ports }: ModelService): string => JSON.stringify([key, backend, ports]);

/** Whether two Services may be on one address. */
export const goTogether = (a: ModelService, b: ModelService): boolean =>
  a.key !== '' && a.key === b.key && a.backend === b.backend && !a.ports.some((port) => b.ports.includes(port));

export const isOpen = ({ pin }: ModelPool, { namespace, web }: ModelService): boolean =>
  pin === undefined || ((pin.namespaces?.includes(namespace) ?? true) && (!pin.web || web));

/** The pool that would give all of these. */
export const poolWith = ({ pools }: ModelWorld, addresses: readonly string[]): ModelPool | undefined =>
  pools.find((pool) => addresses.every((one) => pool.addresses.includes(one) && !(pool.avoidBuggy && isBuggy(one))));

/** What may be asked for, or locked, exactly. */
function suits({ wants }: ModelService, addresses: readonly string[]): boolean {
  if (wants === '4' || wants === '6') return addresses.length === 1 && isV6(addresses[0] ?? '') === (wants === '6');
  return addresses.length === 2;
}

/** Whether a Service may stay on what it has, as far as it goes by itself. */
export function isValidFor(world: ModelWorld, service: ModelService, addresses: readonly string[]): boolean {
  const pool = poolWith(world, addresses);
  return (
    service.isLoadBalancer &&
    service.isOurs &&
    (suits(service, addresses) || (service.wants.startsWith('prefer') && addresses.length === 1)) &&
    pool !== undefined &&
    isOpen(pool, service) &&
    (service.asksPool === '' || service.asksPool === pool.name) &&
    (service.asks === 'unreadable' || service.asks.length === 0 || sameSet(service.asks, addresses))
  );
}

export class Model {
  private memory = new Map<string, Memory>();
  private held = new Map<string, readonly string[]>();
  private world: ModelWorld = { pools: [], services: new Map(), lock: new Map() };

  /** What was known is known by status alone. */
  restart(): void {
    this.memory = new Map([...this.memory].map(([key, { addresses }]) => [key, { addresses, use: undefined }]));
  }

  settle(world: ModelWorld): Held {
    this.world = world;
    this.held = new Map();
    const ours = [...world.services].filter(([, { isLoadBalancer, isOurs }]) => isLoadBalancer && isOurs);
    this.keep(ours);
    const keepers = [...this.held.keys()].sort();
    const seekers = ours.filter(([key]) => !this.held.has(key));
    for (const turn of [0, 1, 2, 3, 4]) {
      for (const [key, service] of seekers) if (this.turnOf(key, service) === turn) this.seek(key, service);
    }
    for (const key of keepers) this.addFamily(key);
    const uses = new Map(ours.map(([key, service]) => [key, useOf(service)]));
    this.memory = new Map([...this.held].map(([key, addresses]) => [key, { addresses, use: uses.get(key) }]));
    return this.held;
  }

  private keep(ours: readonly (readonly [string, ModelService])[]): void {
    const rank = (key: string, service: ModelService): string => {
      const { use, addresses } = this.memory.get(key) ?? { use: undefined, addresses: [] };
      const since = use === undefined ? 2 : use === useOf(service) ? 0 : 1;
      const locked = addresses.some((one) => this.world.lock.get(key)?.includes(one)) ? 0 : 1;
      return since < 2 ? `${since} ${locked}` : `${since} ${locked} ${service.key === '' ? 1 : 0} ${service.createdAt}`;
    };
    const stayers = ours
      .filter(([key, service]) => isValidFor(this.world, service, this.memory.get(key)?.addresses ?? []))
      .filter(([key]) => this.memory.has(key))
      .map(([key, service]) => ({ key, service, rank: rank(key, service) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
    for (const { key, service } of stayers) {
      const addresses = this.memory.get(key)?.addresses ?? [];
      if (!addresses.every((one) => this.fits(key, service, one))) continue;
      const isAsked = service.asks !== 'unreadable' && service.asks.length > 0;
      this.held.set(key, isAsked ? [...addresses].sort() : addresses);
    }
  }

  private holdersOf(address: string): string[] {
    return [...this.held].filter(([, addresses]) => addresses.includes(address)).map(([key]) => key);
  }

  /** Whether the Service can be beside everybody who is on the address. */
  private fits(key: string, service: ModelService, address: string): boolean {
    return this.holdersOf(address).every((other) => {
      const there = this.world.services.get(other);
      return other === key || (there !== undefined && goTogether(service, there));
    });
  }

  /** Whether the address is kept for somebody who is not on it, and not for `key`. */
  private isKept(key: string, address: string): boolean {
    const promised = [...this.world.lock].filter(([, addresses]) => addresses.includes(address)).map(([one]) => one);
    return !promised.includes(key) && promised.some((one) => !this.holdersOf(address).includes(one));
  }

  private turnOf(key: string, service: ModelService): number {
    const entry = this.world.lock.get(key);
    if (entry !== undefined) {
      const isShared = [...this.world.lock].some(([other, theirs]) => other !== key && theirs.some((one) => entry.includes(one)));
      return isShared && service.key === '' ? 1 : 0;
    }
    if (service.asks !== 'unreadable' && service.asks.length > 0 && suits(service, service.asks)) return 2;
    return this.memory.has(key) ? 3 : 4;
  }

  private seek(key: string, service: ModelService): void {
    const entry = this.world.lock.get(key);
    const { asks } = service;
    if (asks === 'unreadable' || (asks.length > 0 && !suits(service, asks))) {
      if (entry !== undefined) this.takeLocked(key, { ...service, asks: [], asksPool: '' }, entry);
      return;
    }
    if (entry !== undefined) this.takeLocked(key, service, entry);
    else if (asks.length > 0) this.take(key, service, [...asks].sort());
    else this.choose(key, service);
  }

  private takeLocked(key: string, service: ModelService, entry: readonly string[]): void {
    const { asks } = service;
    if (asks !== 'unreadable' && asks.length > 0 && !sameSet(asks, entry)) return;
    if (!suits(service, entry) && !service.wants.startsWith('prefer')) return;
    this.take(key, service, asks.length > 0 && asks !== 'unreadable' ? [...asks].sort() : entry);
  }

  private take(key: string, service: ModelService, addresses: readonly string[]): void {
    const pool = poolWith(this.world, addresses);
    if (pool === undefined || !isOpen(pool, service)) return;
    if (service.asksPool !== '' && service.asksPool !== pool.name) return;
    if (addresses.every((one) => this.fits(key, service, one) && !this.isKept(key, one))) this.held.set(key, addresses);
  }

  private choose(key: string, service: ModelService): void {
    const found = this.listsFor(service)
      .map((pools) => this.chooseFrom(pools, key, service))
      .find((addresses) => addresses !== undefined);
    if (found !== undefined) this.held.set(key, found);
  }

  /** The lists of pools that are tried one after the other. */
  private listsFor(service: ModelService): readonly (readonly ModelPool[])[] {
    const { pools } = this.world;
    if (service.asksPool !== '') return [pools.filter((pool) => pool.name === service.asksPool && isOpen(pool, service))];
    const offered = pools.filter((pool) => pool.auto && isOpen(pool, service));
    const order = ({ pin }: ModelPool): number => (pin?.priority === 0 ? 1e9 : (pin?.priority ?? 0));
    return [
      offered.filter(({ pin }) => pin !== undefined).sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1)),
      offered.filter(({ pin }) => pin === undefined),
    ];
  }

  private chooseFrom(pools: readonly ModelPool[], key: string, service: ModelService): readonly string[] | undefined {
    const { wants } = service;
    const first = (v6: boolean): readonly string[] | undefined =>
      pools.map((pool) => this.lowest(pool, v6, key, service)).find((one) => one !== undefined);
    if (wants === '4' || wants === '6') return first(wants === '6');
    for (const pool of pools) {
      const [four, six] = [this.lowest(pool, false, key, service), this.lowest(pool, true, key, service)];
      if (four !== undefined && six !== undefined) return [...four, ...six];
    }
    if (wants === 'require') return undefined;
    return first(wants === 'prefer6') ?? first(wants === 'prefer4');
  }

  private lowest(pool: ModelPool, v6: boolean, key: string, service: ModelService): readonly string[] | undefined {
    const found = pool.addresses.find((one) => isV6(one) === v6 && this.acceptable(pool, one, key, service));
    return found === undefined ? undefined : [found];
  }

  /** Whether a Service that asks for no address in particular may be given this one. */
  acceptable(pool: ModelPool, address: string, key: string, service: ModelService): boolean {
    return !(pool.avoidBuggy && isBuggy(address)) && this.fits(key, service, address) && !this.isKept(key, address);
  }

  private addFamily(key: string): void {
    const service = this.world.services.get(key);
    const [only, second] = this.held.get(key) ?? [];
    if (service === undefined || only === undefined || second !== undefined || !service.wants.startsWith('prefer')) return;
    const pool = poolWith(this.world, [only]);
    const entry = this.world.lock.get(key);
    if (pool === undefined || service.asks === 'unreadable' || service.asks.length > 0) return;
    const wanted = entry === undefined ? pool.addresses : entry.length === 2 && entry.includes(only) ? entry : [];
    const more = wanted.find(
      (one) => isV6(one) !== isV6(only) && pool.addresses.includes(one) && this.acceptable(pool, one, key, service),
    );
    if (more !== undefined) this.held.set(key, [only, more]);
  }
}
