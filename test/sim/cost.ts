/**
 * What a large cluster costs its nodes while nothing happens.
 */
import { World } from './world.js';

export interface Cost {
  /** A second, of the node that sends most. */
  readonly beats: number;
  readonly words: number;
}

export function costOf(nodes: number, addresses: number): Cost {
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  const configuration = {
    version: 1,
    nodes: names,
    addresses: Array.from({ length: addresses }, (_, i) => `10.9.${i >> 8}.${i & 255}`),
    cordoned: [],
    deselected: [],
    barred: [],
    isSpread: false,
  };
  const join = (): readonly string[] => names.map((name) => `${name}:7946`);
  const world = new World({ seed: 1, names, configuration, failbackMs: 30_000, timersLateMs: 1, join });
  for (const machine of world.machines.values()) machine.start();
  world.run(3000);
  const before = new Map([...world.machines.values()].map(({ name, beatsSent, wordsSent }) => [name, { beatsSent, wordsSent }]));
  world.run(4000);
  const most = (of: 'beatsSent' | 'wordsSent'): number =>
    Math.max(...[...world.machines.values()].map((machine) => machine[of] - (before.get(machine.name)?.[of] ?? 0)));
  return { beats: most('beatsSent'), words: most('wordsSent') };
}
