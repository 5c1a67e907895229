/**
 * Nodes that are left alone for a long time while one datagram and one frame in fifty are lost: nobody ever takes anything over.
 */
import type { Configuration } from './configuration.js';
import { World } from './world.js';

export interface Long {
  /** Claims after the start. */
  readonly takeovers: number;
  /** On the wire, about peers whose beats faltered. */
  readonly questions: number;
  readonly beats: number;
}

const HOUR_MS = 3_600_000;
const SETTLED_MS = 5000;

export function watchLong({ seed, hours }: { readonly seed: number; readonly hours: number }): Long {
  const names = ['n1', 'n2', 'n3', 'n4', 'n5'];
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'];
  const configuration: Configuration = {
    version: 1,
    nodes: names,
    addresses,
    cordoned: [],
    deselected: [],
    barred: [],
    isSpread: false,
  };
  const join = (): readonly string[] => names.map((name) => `${name}:7946`);
  const world = new World({ seed, names, configuration, failbackMs: 30_000, timersLateMs: 1, join });
  world.setWeather({ gossipLoss: 0.02, wireLoss: 0.02, duplication: 0.01, jitterMs: 1 });
  let [takeovers, questions] = [0, 0];
  world.onTold = (_, { kind }) => {
    if (world.now < SETTLED_MS) return;
    if (kind === 'claim') takeovers++;
    if (kind === 'question') questions++;
  };
  for (const machine of world.machines.values()) machine.start();
  world.run(hours * HOUR_MS);
  return { takeovers, questions, beats: [...world.machines.values()].reduce((sum, { beatsSent }) => sum + beatsSent, 0) };
}
