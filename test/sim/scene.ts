/**
 * A few nodes and one address, for tests that say what happens to them and look who answers when.
 */
import { rank } from '../../src/layer2/ranking.js';
import { Stage } from './stage.js';
import type { StoryEvent } from './story.js';
import { keyOf, Watch } from './watch.js';
import type { Layer, Weather } from './ways.js';
import { World } from './world.js';

/** When who answers changes: `n1`, `n1 n2` where two do, empty where nobody does. */
export interface Change {
  readonly at: number;
  readonly who: string;
}

type What = StoryEvent extends infer One ? (One extends StoryEvent ? Omit<One, 'at'> : never) : never;

export interface SceneOptions {
  readonly names?: readonly string[];
  /** Those that start at once. Without it all do. */
  readonly starting?: readonly string[];
  readonly failbackMs?: number;
  readonly weather?: Weather;
}

/** When a cluster that started at 0 is at rest. */
export const AT_REST_MS = 5000;

export class Scene {
  readonly world: World;
  readonly watch: Watch;
  /** Ranked for the nodes in the order of their names. */
  readonly address: string;
  readonly #stage: Stage;
  readonly #changes: Change[] = [];

  constructor({ names = ['n1', 'n2', 'n3'], starting = names, failbackMs = 30_000, weather }: SceneOptions = {}) {
    this.address = addressRanked(names);
    const configuration = {
      version: 1,
      nodes: names,
      addresses: [this.address],
      cordoned: [],
      deselected: [],
      barred: [],
      isSpread: false,
    };
    const join = (): readonly string[] => names.map((name) => `${name}:7946`);
    this.world = new World({ seed: 1, names, configuration, failbackMs, timersLateMs: 1, join });
    if (weather !== undefined) this.world.setWeather(weather);
    this.watch = new Watch(this.world);
    this.#stage = new Stage(this.world, this.watch);
    this.world.onLook = () => {
      this.watch.look();
      this.#note();
    };
    for (const node of starting) this.happen({ kind: 'start', node });
  }

  get now(): number {
    return this.world.now;
  }

  get who(): string {
    const key = keyOf(this.address);
    return [...this.world.machines.values()].flatMap((machine) => (machine.answers(key) ? [machine.name] : [])).join(' ');
  }

  /** Everything from then on, in milliseconds since then. */
  changesSince(then: number): readonly Change[] {
    return this.#changes.flatMap(({ at, who }) => (at < then ? [] : [{ at: at - then, who }]));
  }

  happen(what: What): void {
    this.#stage.perform({ at: this.now, ...what } as StoryEvent);
  }

  cut(layers: readonly Layer[], from: readonly string[], to: readonly string[], bothWays: boolean, forMs: number): void {
    this.happen({ kind: 'cut', layers, from, to, bothWays, forMs });
  }

  pass(ms: number): void {
    this.world.run(this.now + ms);
    this.#note();
  }

  #note(): void {
    if (this.#changes.at(-1)?.who !== this.who) this.#changes.push({ at: this.now, who: this.who });
  }
}

/** An address for which the election ranks the nodes like that. */
function addressRanked(names: readonly string[]): string {
  const scored = names.map((node) => ({ node, score: 0 }));
  for (let i = 0; i < 65_536; i++) {
    const address = `10.9.${i >> 8}.${i & 255}`;
    if (rank(scored, address).join() === names.join()) return address;
  }
  throw new Error(`no address ranks ${names.join(' ')}`);
}
