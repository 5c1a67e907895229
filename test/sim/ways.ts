/**
 * The ways between hosts: what gossip and frames get through, how late, how often. Each way has one direction.
 */

/** `udp`, `tcp`: the two halves of gossip. `wire`: frames. `reset`: a firewall that ends TCP connections and refuses them. */
export type Layer = 'udp' | 'tcp' | 'wire' | 'reset';

export interface Weather {
  /** Shares of datagrams and of frames, from 0 to 1. */
  readonly gossipLoss: number;
  readonly wireLoss: number;
  /** Of datagrams. */
  readonly duplication: number;
  /** On top of a fifth of a millisecond, at most: of what goes through the IP stack, and of frames half a millisecond. */
  readonly jitterMs: number;
}

const FAIR: Weather = { gossipLoss: 0, wireLoss: 0, duplication: 0, jitterMs: 0.5 };

export interface Cut {
  readonly layers: readonly Layer[];
  readonly from: readonly string[];
  readonly to: readonly string[];
}

const BASE_MS = 0.2;
const WIRE_JITTER_MS = 0.5;

export class Ways {
  weather: Weather = FAIR;
  readonly #random: () => number;
  readonly #cuts = new Set<Cut>();

  constructor(random: () => number) {
    this.#random = random;
  }

  get cuts(): ReadonlySet<Cut> {
    return this.#cuts;
  }

  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  mend(cut: Cut): void {
    this.#cuts.delete(cut);
  }

  isOpen(layer: Layer, from: string, to: string): boolean {
    for (const cut of this.#cuts) {
      if (cut.layers.includes(layer) && cut.from.includes(from) && cut.to.includes(to)) return false;
    }
    return true;
  }

  isOpenBoth(layer: Layer, a: string, b: string): boolean {
    return this.isOpen(layer, a, b) && this.isOpen(layer, b, a);
  }

  /** How late each copy of what is sent now arrives; none: it is lost. */
  arrivals(layer: 'udp' | 'wire', from: string, to: string): readonly number[] {
    if (this.#cuts.size > 0 && !this.isOpen(layer, from, to)) return NONE;
    const { gossipLoss, wireLoss, duplication } = this.weather;
    const loss = layer === 'udp' ? gossipLoss : wireLoss;
    if (loss > 0 && this.#random() < loss) return NONE;
    if (layer === 'udp' && duplication > 0 && this.#random() < duplication) return [this.lateMs(), this.lateMs()];
    return [layer === 'udp' ? this.lateMs() : BASE_MS + this.#random() * WIRE_JITTER_MS];
  }

  lateMs(): number {
    return BASE_MS + this.#random() * this.weather.jitterMs;
  }
}

const NONE: readonly number[] = [];
