/**
 * What the parts of one member share: what it was told at its start, what it knows, and what it wants done.
 */
import { Chance } from './chance.js';
import { Knowledge } from './knowledge.js';
import { Members } from './members.js';
import { Outbox } from './outbox.js';
import type { Settings } from './settings.js';

export interface Self {
  readonly settings: Settings;
  readonly chance: Chance;
  readonly members: Members;
  readonly knowledge: Knowledge;
  readonly outbox: Outbox;
}

/** A node that knows itself only. */
export function newSelf(settings: Settings, now: number): Self {
  const chance = new Chance(settings.seed);
  const members = new Members(settings.self, chance);
  const outbox = new Outbox(settings, members);
  return { settings, chance, members, outbox, knowledge: new Knowledge(settings, members, outbox, now) };
}
