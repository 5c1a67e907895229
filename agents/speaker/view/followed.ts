/**
 * What is known of the interfaces between two lists: which of the monitor's lines concern any that may be answered on, and what
 * they mean for its generation.
 */
import { readFile } from 'node:fs/promises';
import type { NetworkInterface } from '../../../src/layer2/interface.js';
import { leftOut, type SelectionRule } from '../../../src/layer2/selection.js';
import { Generations } from './generations.js';
import { parseLinkEvent } from './linkevent.js';

export class Followed {
  readonly generations: Generations = new Generations();
  readonly #rule: SelectionRule;
  /** Of interfaces that are not left out. An address line may have the name of before a change. */
  readonly #indexes = new Set<number>();

  constructor(rule: SelectionRule) {
    this.#rule = rule;
  }

  /** Whether this line of the monitor is a reason for a list. */
  take(line: string): boolean {
    const event = parseLinkEvent(line);
    if (event === undefined) return true;
    if (event.interrupted) this.generations.interrupted(event.index);
    const isOurs = this.#isOurs(event.name);
    if (isOurs && event.subject === 'link') this.#indexes.add(event.index);
    return isOurs || this.#indexes.has(event.index);
  }

  /** A list, with generations. */
  async taken(interfaces: readonly NetworkInterface[], mark: number): Promise<readonly NetworkInterface[]> {
    const counts = await Promise.all(
      interfaces.map(async ({ index, name }) => [index, this.#isOurs(name) ? await carrierChanges(name) : undefined] as const),
    );
    this.#indexes.clear();
    for (const { index, name } of interfaces) if (this.#isOurs(name)) this.#indexes.add(index);
    const generations = this.generations.listed(new Map(counts), mark);
    return interfaces.map((one) => ({ ...one, generation: generations.get(one.index) ?? 0 }));
  }

  #isOurs(name: string): boolean {
    return leftOut(name, this.#rule) === undefined;
  }
}

const carrierChanges = (name: string): Promise<number | undefined> =>
  readFile(`/sys/class/net/${name}/carrier_changes`, 'utf8').then(Number, () => undefined);
