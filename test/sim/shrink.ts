/**
 * A story that fails, told with as few events as it fails with. It may fail by another rule then: it is a failure all the same.
 */
import { tell } from './stage.js';
import type { Story } from './story.js';

export function shrink(story: Story): Story {
  let smallest = story;
  for (let size = Math.ceil(story.events.length / 2); size >= 1; ) {
    const smaller = without(smallest, size);
    if (smaller !== undefined) smallest = smaller;
    else size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return smallest;
}

/** The story without some `size` events that follow each other, if it still fails. */
function without(story: Story, size: number): Story | undefined {
  for (let from = 0; from < story.events.length; from += size) {
    const events = [...story.events.slice(0, from), ...story.events.slice(from + size)];
    const smaller = { ...story, events };
    if (tell(smaller).failure !== undefined) return smaller;
  }
  return undefined;
}
