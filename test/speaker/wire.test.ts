/**
 * The wire thread's state, without a network: its captures are of an interface that is not there.
 */
import { expect, test } from 'vitest';
import type { ToView } from '../../agents/speaker/messages.js';
import { Wire } from '../../agents/speaker/wire/wire.js';
import { NO_BALLOT } from '../../src/layer2/ballot.js';

const IFACE = {
  name: 'absent0',
  index: 77,
  mac: '02:00:00:00:00:77',
  up: true,
  carrier: true,
  broadcast: true,
  noArp: false,
  generation: 0,
};

function start(): { readonly wire: Wire; readonly posted: ToView[] } {
  const posted: ToView[] = [];
  const post = (message: ToView): void => void posted.push(message);
  const wire = new Wire({
    node: 'n1',
    port: 0,
    peers: [],
    gossip: {},
    spread: false,
    announceRate: 6000,
    refreshMs: 0,
    failbackMs: 0,
    onConflict: 'defend',
    proxies: [],
    post,
  });
  return { wire, posted };
}

test('an interface that comes after the end is not opened: this node would answer beside its successors', async () => {
  const { wire, posted } = start();
  wire.receive({ type: 'announcements', ballot: NO_BALLOT, prefixes: [], known: [], stale: false });
  wire.receive({ type: 'interfaces', interfaces: [IFACE] });
  expect(posted).toMatchObject([{ type: 'issues', issues: [{ code: 'CAPTURE_FAILED' }] }, { type: 'captures' }]);
  await wire.stop();
  posted.length = 0;
  wire.receive({ type: 'interfaces', interfaces: [] });
  wire.receive({ type: 'interfaces', interfaces: [{ ...IFACE, name: 'absent1' }] });
  expect(posted).toEqual([]);
});

test('an interface that cannot be captured is told of until it can be or is gone, and logged once', async () => {
  const { wire, posted } = start();
  wire.receive({ type: 'announcements', ballot: NO_BALLOT, prefixes: [], known: [], stale: false });
  for (const interfaces of [[IFACE], [IFACE], [], []]) {
    wire.receive({ type: 'interfaces', interfaces });
    // Each is opened in a turn of the loop of its own.
    await new Promise(setImmediate);
  }
  expect(posted).toMatchObject([
    { type: 'issues', issues: [{ code: 'CAPTURE_FAILED', path: 'absent0' }] },
    { type: 'captures', failed: [{ code: 'CAPTURE_FAILED', path: 'absent0' }] },
    { type: 'captures', failed: [] },
  ]);
  await wire.stop();
});
