/**
 * A change that nobody writes into git: nodes that go away, or are cordoned. Rehearsed on the objects after a change.
 */
import type { Objects } from '../api/objects.js';

export interface Rehearsal {
  readonly withoutNodes: readonly string[];
  readonly cordoned: readonly string[];
}

/** The endpoints of a node that is gone are gone with it; those of a cordoned one stay. */
export function rehearse(objects: Objects, { withoutNodes, cordoned }: Rehearsal): Objects {
  const [gone, marked] = [new Set(withoutNodes), new Set(cordoned)];
  if (gone.size + marked.size === 0) return objects;
  return {
    ...objects,
    nodes: objects.nodes
      .filter(({ name }) => !gone.has(name))
      .map((node) => (marked.has(node.name) ? { ...node, cordoned: true } : node)),
    endpointSlices: objects.endpointSlices.map((slice) => ({
      ...slice,
      endpoints: slice.endpoints.filter(({ nodeName }) => nodeName === undefined || !gone.has(nodeName)),
    })),
  };
}

/** The names that no node has. */
export function unknownNodes({ nodes }: Objects, { withoutNodes, cordoned }: Rehearsal): readonly string[] {
  const known = new Set(nodes.map(({ name }) => name));
  return [...withoutNodes, ...cordoned].filter((name) => !known.has(name));
}
