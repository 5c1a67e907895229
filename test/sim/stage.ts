/**
 * Tells a story to a world, and what of it is to be expected to whoever watches.
 */
import type { Story, StoryEvent } from './story.js';
import { type Failure, Watch } from './watch.js';
import type { Cut } from './ways.js';
import { World } from './world.js';

/** The wait of a start, and a table that knows everybody. */
const START_MS = 3000;
/** So short a stall is nobody's business but of who asks meanwhile. */
const HARMLESS_MS = 250;

/** A few nodes and addresses have far less to do in a second. */
const MOST_ACTS = 20_000;

export interface Told {
  readonly world: World;
  readonly failure: Failure | undefined;
}

export function tell(story: Story, isRecorded = false): Told {
  const { seed, names, configuration, failbackMs, timersLateMs } = story;
  const join = (): readonly string[] => names.map((name) => `${name}:7946`);
  const world = new World({ seed, names, configuration, failbackMs, timersLateMs, join, isRecorded, mostActs: MOST_ACTS });
  world.setWeather(story.weather);
  const stage = new Stage(world, new Watch(world));
  for (const event of story.events) world.at(event.at, () => stage.perform(event));
  try {
    world.run(story.endMs);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { world, failure: { at: world.now, rule: 'thrown', text } };
  }
  return { world, failure: stage.watch.failure };
}

export class Stage {
  readonly watch: Watch;
  readonly #world: World;

  constructor(world: World, watch: Watch) {
    this.#world = world;
    this.watch = watch;
  }

  perform(event: StoryEvent): void {
    this.#world.note(`-- ${JSON.stringify(event)}`);
    this.#act(event);
    this.#world.look();
  }

  #act(event: StoryEvent): void {
    const { watch } = this;
    const world = this.#world;
    switch (event.kind) {
      case 'start':
        this.#start(event.node);
        break;
      case 'crash':
      case 'power':
        if (world.machine(event.node).speaker === undefined) return;
        watch.disturbed(0);
        if (event.kind === 'crash') world.machine(event.node).crash();
        else world.machine(event.node).powerOff();
        break;
      case 'leave':
        if (world.machine(event.node).speaker?.isLeaving !== false) return;
        watch.planned(START_MS);
        world.machine(event.node).leave();
        break;
      case 'stall':
        if (world.machine(event.node).stall(event.forMs)) watch.disturbed(event.forMs, event.forMs < HARMLESS_MS ? 1 : undefined);
        break;
      case 'suspend':
        if (world.machine(event.node).suspend(event.forMs)) watch.disturbed(event.forMs);
        break;
      case 'unplug':
        this.#unplug(event.node, event.forMs);
        break;
      case 'lag':
        this.#lag(event.node, event.forMs);
        break;
      case 'stale':
        this.#stale(event.node, event.forMs);
        break;
      case 'cordon':
      case 'uncordon':
      case 'deselect':
      case 'bar':
      case 'admit':
        this.#select(event.kind, event.node);
        break;
      case 'add':
      case 'remove':
        this.#address(event.kind, event.address);
        break;
      case 'cut':
        this.#cut(event);
        break;
      case 'weather':
        this.#weather(event);
        break;
    }
  }

  #start(node: string): void {
    const world = this.#world;
    const isFirst = [...world.machines.values()].every(({ speaker }) => speaker === undefined || !speaker.membership.settled);
    if (world.machine(node).speaker !== undefined) return;
    if (isFirst) this.watch.disturbed(START_MS, 0);
    else this.watch.planned(START_MS);
    world.machine(node).start();
  }

  #unplug(node: string, forMs: number): void {
    const machine = this.#world.machine(node);
    if (!machine.isUp) return;
    this.watch.disturbed(0);
    this.watch.planned(forMs);
    machine.setUp(false);
    this.#later(forMs, () => {
      this.watch.planned();
      machine.setUp(true);
    });
  }

  #lag(node: string, forMs: number): void {
    const machine = this.#world.machine(node);
    machine.viewStalledUntil = Math.max(machine.viewStalledUntil, this.#world.now + forMs);
    this.watch.planned(forMs);
    this.watch.split(forMs);
  }

  #stale(node: string, forMs: number): void {
    const machine = this.#world.machine(node);
    if (machine.isStale) return;
    machine.isStale = true;
    machine.turnOver();
    this.watch.planned(forMs);
    this.#later(forMs, () => {
      machine.isStale = false;
      this.#world.inform(machine);
      machine.turnOver();
      this.watch.planned();
    });
  }

  #select(kind: 'cordon' | 'uncordon' | 'deselect' | 'bar' | 'admit', node: string): void {
    const { cordoned, deselected, barred } = this.#world.configuration;
    const but = (names: readonly string[]): readonly string[] => names.filter((name) => name !== node);
    if (kind === 'cordon') this.#world.configure({ cordoned: [...but(cordoned), node] });
    else if (kind === 'uncordon') this.#world.configure({ cordoned: but(cordoned) });
    else if (kind === 'deselect') this.#world.configure({ deselected: [...but(deselected), node] });
    else if (kind === 'bar') this.#world.configure({ barred: [...but(barred), node] });
    else this.#world.configure({ deselected: but(deselected), barred: but(barred) });
    // One that may not answer withdraws at once; the others hear of it when they do.
    if (kind === 'bar') this.watch.disturbed(50);
    else this.watch.planned(50);
  }

  #address(kind: 'add' | 'remove', address: string): void {
    const others = this.#world.configuration.addresses.filter((one) => one !== address);
    this.#world.configure({ addresses: kind === 'add' ? [...others, address] : others });
    if (kind === 'add') this.watch.added(address, 50);
    this.watch.planned(50);
  }

  #cut({ layers, from, to, bothWays, forMs }: Extract<StoryEvent, { kind: 'cut' }>): void {
    const cuts: Cut[] = [{ layers, from, to }, ...(bothWays ? [{ layers, from: to, to: from }] : [])];
    for (const cut of cuts) this.#world.cut(cut);
    if (layers.includes('wire')) this.watch.disturbed(forMs);
    else this.watch.gossipCut(forMs);
    if (layers.includes('wire')) this.watch.deaf(forMs);
    this.#later(forMs, () => {
      for (const cut of cuts) this.#world.mend(cut);
      if (layers.includes('wire')) this.watch.disturbed(0);
    });
  }

  #weather({ weather, forMs }: Extract<StoryEvent, { kind: 'weather' }>): void {
    const before = this.#world.ways.weather;
    this.#world.setWeather(weather);
    this.watch.disturbed(forMs);
    this.watch.deaf(forMs);
    this.#later(forMs, () => this.#world.setWeather(before));
  }

  #later(ms: number, act: () => void): void {
    const world = this.#world;
    world.at(world.now + ms, () => {
      act();
      world.look();
    });
  }
}
