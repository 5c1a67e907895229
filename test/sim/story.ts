/**
 * What befalls a cluster, as data: each event by itself, so that a story that fails can be told with fewer of them.
 */
import type { Configuration } from './configuration.js';
import type { Layer, Weather } from './ways.js';

export type StoryEvent = { readonly at: number } & (
  | { readonly kind: 'start' | 'crash' | 'power' | 'leave'; readonly node: string }
  | { readonly kind: 'stall' | 'suspend' | 'unplug' | 'lag' | 'stale'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'cordon' | 'uncordon' | 'deselect' | 'bar' | 'admit'; readonly node: string }
  | { readonly kind: 'add' | 'remove'; readonly address: string }
  | {
      readonly kind: 'cut';
      readonly layers: readonly Layer[];
      readonly from: readonly string[];
      readonly to: readonly string[];
      readonly bothWays: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'weather'; readonly weather: Weather; readonly forMs: number }
);

export interface Story {
  readonly seed: number;
  readonly names: readonly string[];
  readonly configuration: Configuration;
  readonly failbackMs: number;
  readonly timersLateMs: number;
  readonly weather: Weather;
  readonly events: readonly StoryEvent[];
  /** When the last event is over, and everything that follows from it. */
  readonly endMs: number;
}

export function formatEvent(event: StoryEvent): string {
  const { at, kind, ...rest } = event;
  return `${String(at).padStart(7)} ms  ${kind} ${Object.values(rest)
    .map((value) => (typeof value === 'object' ? JSON.stringify(value).replaceAll('"', '') : String(value)))
    .join(' ')}`;
}
