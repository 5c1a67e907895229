/**
 * The rules of who answers, one scenario each, in simulated time: the ranking is n1, n2, n3 throughout.
 */
import { describe, expect, test } from 'vitest';
import { AT_REST_MS, type Change, Scene, type SceneOptions } from './scene.js';
import type { Layer } from './ways.js';

/** Owners one after the other, without when. */
const order = (changes: readonly Change[]): string[] => changes.map(({ who }) => who);

function atRest(options: SceneOptions = {}): Scene {
  const scene = new Scene(options);
  scene.pass(AT_REST_MS);
  expect(scene.who).toBe('n1');
  return scene;
}

/** What changes within `forMs` after `happens`. */
function during(scene: Scene, forMs: number, happens: () => void): readonly Change[] {
  const since = scene.now;
  happens();
  scene.pass(forMs);
  expect(scene.watch.failure).toBeUndefined();
  return scene.changesSince(since);
}

describe('failover', () => {
  test('a process that dies is followed within 20 ms: its connections end', () => {
    const scene = atRest();
    const [gone, next, ...rest] = during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    expect([gone?.who, next?.who, rest]).toEqual(['', 'n2', []]);
    expect(next?.at).toBeLessThan(20);
  });

  test('a host that loses its power is followed within 340 ms, and not before its beats were missed', () => {
    const scene = atRest();
    const [gone, next, ...rest] = during(scene, 5000, () => scene.happen({ kind: 'power', node: 'n1' }));
    expect([gone?.who, next?.who, rest]).toEqual(['', 'n2', []]);
    expect(next?.at).toBeGreaterThan(200);
    expect(next?.at).toBeLessThan(340);
  });

  test('when the owner and the next die together, the one after that answers within 700 ms', () => {
    for (const kind of ['crash', 'power'] as const) {
      const scene = atRest();
      const changes = during(scene, 5000, () => {
        scene.happen({ kind, node: 'n1' });
        scene.happen({ kind, node: 'n2' });
      });
      expect(order(changes)).toEqual(['', 'n3']);
      expect(changes.at(-1)?.at).toBeLessThan(700);
    }
  });

  test('a successor that cannot answer is passed over', () => {
    const scene = atRest();
    during(scene, 3000, () => scene.happen({ kind: 'unplug', node: 'n2', forMs: 20_000 }));
    const changes = during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    expect(order(changes)).toEqual(['', 'n3']);
    expect(changes.at(-1)?.at).toBeLessThan(20);
  });
});

describe('no orphan', () => {
  test('where each of the two that are left takes the other for the next, one answers within 700 ms', () => {
    const scene = atRest();
    scene.happen({ kind: 'cordon', node: 'n2' });
    scene.pass(1000);
    scene.happen({ kind: 'lag', node: 'n2', forMs: 60_000 });
    scene.happen({ kind: 'uncordon', node: 'n2' });
    scene.pass(1000);
    const changes = during(scene, 2000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    expect(changes[0]?.who).toBe('');
    expect(changes[1]?.who).not.toBe('');
    expect(changes[1]?.at).toBeLessThan(700);
  });
});

describe('while gossip alone is cut, nobody else begins to answer', () => {
  test.each<[string, readonly Layer[], boolean]>([
    ['heartbeats and connections', ['udp', 'tcp'], true],
    ['heartbeats', ['udp'], true],
    ['connections', ['tcp'], true],
    ['everything the owner sends', ['udp', 'tcp'], false],
    ['connections, by resetting them', ['reset'], true],
    ['heartbeats, and connections by resetting them', ['udp', 'reset'], true],
  ])('%s', (_, layers, bothWays) => {
    const scene = atRest();
    const forMs = 3_600_000 / 4;
    expect(during(scene, forMs + 5000, () => scene.cut(layers, ['n1'], ['n2', 'n3'], bothWays, forMs))).toEqual([]);
  });

  test('connections, by resetting them, where one frame in twenty is lost', () => {
    for (let i = 0; i < 30; i++) {
      const weather = { gossipLoss: 0, wireLoss: 0.05, duplication: 0, jitterMs: 0.5 };
      const scene = atRest({ weather });
      scene.pass(37 * i);
      expect(during(scene, 2000, () => scene.cut(['reset'], ['n1'], ['n2', 'n3'], true, 500))).toEqual([]);
    }
  });

  test('but when the owner dies meanwhile, it is followed within 1.2 s', () => {
    const scene = atRest();
    during(scene, 5000, () => scene.cut(['udp', 'tcp'], ['n1'], ['n2', 'n3'], true, 60_000));
    const changes = during(scene, 5000, () => scene.happen({ kind: 'power', node: 'n1' }));
    expect(order(changes)).toEqual(['', 'n2']);
    expect(changes.at(-1)?.at).toBeLessThan(1200);
  });
});

describe('a planned move leaves no gap', () => {
  test('a node that is told to end goes on answering until the next does', () => {
    const scene = atRest();
    const changes = during(scene, 5000, () => scene.happen({ kind: 'leave', node: 'n1' }));
    expect(order(changes)).toEqual(['n1 n2', 'n2']);
    expect(changes.at(-1)?.at).toBeLessThan(10);
    expect(scene.world.machine('n1').speaker).toBeUndefined();
  });

  test('a node that is told to end, and is not heard by those whom it hears, ends after 3 s', () => {
    const scene = atRest();
    const changes = during(scene, 5000, () => {
      scene.cut(['udp', 'tcp'], ['n1'], ['n2', 'n3'], false, 20_000);
      scene.happen({ kind: 'leave', node: 'n1' });
    });
    // The next hears nothing of it, and asks the wire until that is silent.
    expect(order(changes)).toEqual(['', 'n2']);
    expect(changes[0]?.at).toBeGreaterThan(2999);
    expect(changes[0]?.at).toBeLessThan(3010);
    expect(changes[1]?.at).toBeLessThan(3010 + 1200);
  });

  test('a cordon', () => {
    const scene = atRest();
    expect(order(during(scene, 5000, () => scene.happen({ kind: 'cordon', node: 'n1' })))).toEqual(['n1 n2', 'n2']);
    expect(order(during(scene, 5000, () => scene.happen({ kind: 'uncordon', node: 'n1' })))).toEqual(['n1 n2', 'n1']);
  });

  test('an advertisement that does not select the owner any more', () => {
    const scene = atRest();
    expect(order(during(scene, 5000, () => scene.happen({ kind: 'deselect', node: 'n1' })))).toEqual(['n1 n2', 'n2']);
  });

  test('one whose owner does not know better agrees after half a second', () => {
    const scene = atRest();
    const changes = during(scene, 5000, () => {
      scene.happen({ kind: 'lag', node: 'n1', forMs: 800 });
      scene.happen({ kind: 'cordon', node: 'n1' });
    });
    expect(order(changes)).toEqual(['n1 n2', 'n2']);
    expect(changes[0]?.at).toBeGreaterThan(500);
  });

  test('one whose owner knows that its view is old agrees at once', () => {
    const scene = atRest();
    scene.happen({ kind: 'stale', node: 'n1', forMs: 10_000 });
    scene.pass(100);
    const changes = during(scene, 5000, () => scene.happen({ kind: 'cordon', node: 'n1' }));
    expect(order(changes)).toEqual(['n1 n2', 'n2']);
    expect(changes.at(-1)?.at).toBeLessThan(50);
  });
});

describe('a node that comes back', () => {
  test('waits for its time, and then takes over without a gap', () => {
    const scene = atRest();
    during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    const changes = during(scene, 60_000, () => scene.happen({ kind: 'start', node: 'n1' }));
    expect(order(changes)).toEqual(['n1 n2', 'n1']);
    expect(changes[0]?.at).toBeGreaterThan(30_000);
    expect(changes[0]?.at).toBeLessThan(30_500);
  });

  test('after all the others, as in a rolling restart, is not preferred to them', () => {
    for (const failbackMs of [30_000, Number.POSITIVE_INFINITY]) {
      const scene = atRest({ failbackMs });
      for (const node of ['n1', 'n2']) {
        during(scene, 2000, () => scene.happen({ kind: 'leave', node }));
        during(scene, 3000, () => scene.happen({ kind: 'start', node }));
      }
      expect(scene.who).toBe('n3');
      expect(order(during(scene, 2000, () => scene.happen({ kind: 'leave', node: 'n3' }))).at(-1)).toBe('n1');
      expect(order(during(scene, 60_000, () => scene.happen({ kind: 'start', node: 'n3' })))).toEqual([]);
    }
  });

  test('begins to wait anew when it dies again', () => {
    const scene = atRest();
    during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    during(scene, 20_000, () => scene.happen({ kind: 'start', node: 'n1' }));
    during(scene, 2000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    const changes = during(scene, 60_000, () => scene.happen({ kind: 'start', node: 'n1' }));
    expect(order(changes)).toEqual(['n1 n2', 'n1']);
    expect(changes[0]?.at).toBeGreaterThan(30_000);
  });

  test('answers at once when all others die while it waits', () => {
    const scene = atRest({ names: ['n1', 'n2'] });
    during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    during(scene, 5000, () => scene.happen({ kind: 'start', node: 'n1' }));
    const changes = during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n2' }));
    expect(order(changes)).toEqual(['', 'n1']);
    expect(changes.at(-1)?.at).toBeLessThan(20);
  });

  test('never waits where the delay is 0', () => {
    const scene = atRest({ failbackMs: 0 });
    during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' }));
    const changes = during(scene, 5000, () => scene.happen({ kind: 'start', node: 'n1' }));
    expect(order(changes)).toEqual(['n1 n2', 'n1']);
    expect(changes[0]?.at).toBeLessThan(1000);
  });
});

describe('a start', () => {
  test('of everybody: never two, and an owner within 700 ms', () => {
    const scene = new Scene();
    scene.pass(AT_REST_MS);
    expect(order(scene.changesSince(0))).toEqual(['', 'n1']);
    expect(scene.changesSince(0).at(-1)?.at).toBeLessThan(700);
  });

  test('of some, while a listed peer is away: the wire is asked, and then they serve', () => {
    const scene = new Scene({ starting: ['n2', 'n3'] });
    scene.pass(AT_REST_MS);
    expect(order(scene.changesSince(0))).toEqual(['', 'n2']);
    expect(scene.changesSince(0).at(-1)?.at).toBeLessThan(1000);
  });

  test('of a node that hears nobody takes nothing from those that answer on the wire', () => {
    const scene = new Scene({ starting: ['n2', 'n3'] });
    scene.pass(AT_REST_MS);
    scene.cut(['udp', 'tcp'], ['n1'], ['n2', 'n3'], true, 600_000);
    expect(during(scene, 500_000, () => scene.happen({ kind: 'start', node: 'n1' }))).toEqual([]);
  });
});

describe('own stalls', () => {
  test.each([
    ['a successor', 'n2', 200],
    ['a successor', 'n2', 5000],
    ['the last', 'n3', 5000],
  ])('%s (%s) that stands still for %i ms moves nothing', (_, node, forMs) => {
    const scene = atRest();
    expect(during(scene, forMs + 5000, () => scene.happen({ kind: 'stall', node, forMs }))).toEqual([]);
  });

  test('an owner that stands still for 200 ms stays the owner', () => {
    const scene = atRest();
    expect(order(during(scene, 5000, () => scene.happen({ kind: 'stall', node: 'n1', forMs: 200 })))).toEqual(['', 'n1']);
  });

  test('an owner that stood still for a second does not answer beside its successor, whatever it turns to first', () => {
    for (let forMs = 1000; forMs < 1100; forMs += 10) {
      const scene = atRest();
      const changes = during(scene, 100_000, () => scene.happen({ kind: 'stall', node: 'n1', forMs }));
      expect(order(changes)).toEqual(['', 'n2', 'n1 n2', 'n1']);
      expect(changes[2]?.at).toBeGreaterThan(30_000);
    }
  });

  test('an owner that stood still for about as long as others wait never answers beside one that took over', () => {
    for (let forMs = 200; forMs <= 440; forMs += 10) {
      const scene = atRest();
      scene.pass(forMs % 100);
      const changes = during(scene, 3000, () => scene.happen({ kind: 'stall', node: 'n1', forMs }));
      expect(['n1', 'n2']).toContain(order(changes).join(' ').trim());
    }
  });

  test('an owner whose clock stood still as well is told within 250 ms after it goes on', () => {
    const scene = atRest();
    const changes = during(scene, 5000, () => scene.happen({ kind: 'suspend', node: 'n1', forMs: 1000 }));
    expect(order(changes).slice(0, 3)).toEqual(['', 'n2', 'n1 n2']);
    expect(changes).toHaveLength(4);
    expect(changes.at(-1)?.at).toBeLessThan(1250);
  });
});

describe('two that claim one address', () => {
  test('after a cut of everything, one of them answers within 250 ms after its end', () => {
    const scene = atRest();
    const changes = during(scene, 20_000, () => scene.cut(['udp', 'tcp', 'wire'], ['n1'], ['n2', 'n3'], true, 10_000));
    expect(order(changes)).toEqual(['n1 n2', 'n1']);
    expect(changes.at(-1)?.at).toBeLessThan(10_250);
  });

  test('where gossip is healed before the wire is, there is one when the wire is', () => {
    const scene = atRest();
    scene.cut(['udp', 'tcp'], ['n1'], ['n2', 'n3'], true, 5000);
    const changes = during(scene, 20_000, () => scene.cut(['wire'], ['n1'], ['n2', 'n3'], true, 10_000));
    expect(order(changes)).toEqual(['n1 n2', 'n1']);
    expect(changes.at(-1)?.at).toBeLessThan(5250);
  });
});

describe('a node without its interface', () => {
  test('declines to its successor at once, and gets its address back without a gap when it can', () => {
    const scene = atRest();
    const changes = during(scene, 10_000, () => scene.happen({ kind: 'unplug', node: 'n1', forMs: 5000 }));
    expect(order(changes)).toEqual(['', 'n2', 'n1 n2', 'n1']);
    expect(changes[1]?.at).toBeLessThan(10);
    expect(changes[2]?.at).toBeGreaterThan(5000);
    expect(changes[3]?.at).toBeLessThan(5100);
  });
});

describe('fail-static', () => {
  test('nodes whose views are old answer for an hour as before, and follow each other as before', () => {
    const scene = atRest();
    for (const node of ['n1', 'n2', 'n3']) scene.happen({ kind: 'stale', node, forMs: 4_000_000 });
    expect(during(scene, 3_600_000 / 4, () => undefined)).toEqual([]);
    expect(order(during(scene, 5000, () => scene.happen({ kind: 'crash', node: 'n1' })))).toEqual(['', 'n2']);
  });

  test('a new configuration that reaches nobody changes nothing', () => {
    const scene = atRest();
    for (const node of ['n1', 'n2', 'n3']) scene.happen({ kind: 'stale', node, forMs: 60_000 });
    expect(during(scene, 50_000, () => scene.happen({ kind: 'remove', address: scene.address }))).toEqual([]);
  });

  test('a leaving node finds somebody whose view is old, where all others were cordoned since', () => {
    const scene = atRest();
    scene.happen({ kind: 'stale', node: 'n3', forMs: 60_000 });
    scene.happen({ kind: 'cordon', node: 'n2' });
    scene.pass(1000);
    const changes = during(scene, 20_000, () => scene.happen({ kind: 'leave', node: 'n1' }));
    expect(order(changes)).not.toContain('');
    expect(scene.who).not.toBe('');
  });
});
