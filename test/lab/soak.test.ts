/**
 * Addresses come and go at random while clients ask for all of them: a minute, or as long as `npm run soak` says.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { generator } from '../support/random.js';
import { until } from '../support/until.js';
import { type ArpEvent, capture } from './capture.js';
import { Cluster, type LogLine } from './cluster.js';
import { manifest, pool, service } from './manifests.js';

const SECONDS = Number(process.env['ARPEGGIO_SOAK_SECONDS'] ?? 60);
/** Owned throughout. */
const STAYS = '192.168.1.240';
const COME_AND_GO = Array.from({ length: 8 }, (_, i) => `192.168.1.${241 + i}`);

const POOL = manifest(pool('pool', ['192.168.1.240-192.168.1.250']));
const serviceWith = (address: string): string => manifest([service(`s-${address.split('.')[3]}`, { address })]);

/** When an address was owned, at most: from the write that asked for it to the word that it is withdrawn, in ms since 1970. */
interface Span {
  readonly from: number;
  /** When the file was removed again. It may be written anew before that has been noticed: that is another span. */
  removed: number;
  to: number;
}

test('no request for an address owned throughout is unanswered, and none for one that is not owned is answered', {
  timeout: (SECONDS + 60) * 1000,
}, async () => {
  const seed = Date.now() % 1_000_000;
  const random = generator(seed);
  await using lab = await Cluster.create({ nodes: ['n1'] });
  await lab.write('pool.yaml', POOL);
  await lab.write('stays.yaml', serviceWith(STAYS));
  const agent = lab.start('n1');
  await agent.logged((line) => line.event === 'serviceAnnounced' && line['ip'] === STAYS);
  await using heard = await capture(lab.client);
  const ask = (address: string, everyS: string) =>
    lab.client.spawn('arping', ['-r', '-i', 'eth0', '-W', everyS, '-c', '10000000', address], { stdio: 'ignore' });
  const asking = [ask(STAYS, '0.005'), ...COME_AND_GO.map((address) => ask(address, '0.05'))];

  const spans = new Map<string, Span[]>(COME_AND_GO.map((address) => [address, []]));
  const present = new Set<string>();
  const endAt = Date.now() + SECONDS * 1000;
  let changes = 0;
  while (Date.now() < endAt) {
    const address = COME_AND_GO[Math.floor(random() * COME_AND_GO.length)] ?? '';
    const file = `${address}.yaml`;
    if (present.delete(address)) {
      const last = spans.get(address)?.at(-1);
      if (last !== undefined) last.removed = Date.now();
      await lab.remove(file);
    } else {
      present.add(address);
      spans.get(address)?.push({ from: Date.now(), removed: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY });
      await lab.write(file, serviceWith(address));
    }
    changes++;
    await sleep(20 + random() * 600);
  }
  // The last requests may be on the way when they are told to end.
  const ended = Promise.all(asking.map((child) => once(child, 'exit')));
  for (const child of asking) child.kill();
  await ended;
  await until(
    'the last request is answered',
    () => answersTo(heard.events, STAYS).length >= requestsFor(heard.events, STAYS).length,
  );
  const events = await heard.stop();

  const told = `seed ${seed}, ${changes} changes`;
  expect(requestsFor(events, STAYS).length, told).toBeGreaterThan(SECONDS * 50);
  expect(answersTo(events, STAYS).length, told).toBe(requestsFor(events, STAYS).length);
  endSpans(spans, agent.log);
  const wrong = COME_AND_GO.flatMap((address) =>
    answersTo(events, address).filter(({ atNs }) => !isWithin(spans.get(address) ?? [], Number(atNs / 1_000_000n))),
  );
  expect(wrong, told).toEqual([]);
  const answered = COME_AND_GO.filter((address) => answersTo(events, address).length > 0);
  expect(answered.length, told).toBeGreaterThan(0);
});

const requestsFor = (events: readonly ArpEvent[], address: string): ArpEvent[] =>
  events.filter((one) => one.outgoing && one.operation === 1 && one.targetAddress === address && one.senderAddress !== address);

const answersTo = (events: readonly ArpEvent[], address: string): ArpEvent[] =>
  events.filter((one) => !one.outgoing && one.operation === 2 && one.senderAddress === address && one.targetAddress !== address);

/** Each withdrawal ends the spans whose files were gone by then. A write that was taken back at once may never have been seen. */
function endSpans(spans: ReadonlyMap<string, readonly Span[]>, log: readonly LogLine[]): void {
  for (const line of log) {
    if (line.event !== 'serviceWithdrawn') continue;
    const at = Date.parse(String(line['ts']));
    for (const span of spans.get(String(line['ip'])) ?? []) if (span.removed <= at && span.to > at) span.to = at;
  }
}

/** A clock in a log line has whole milliseconds. */
const isWithin = (spans: readonly Span[], at: number): boolean => spans.some(({ from, to }) => at >= from - 1 && at <= to + 1);
