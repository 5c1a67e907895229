import { expect, onTestFinished, test } from 'vitest';
import { Recorder } from '../../agents/kube/recorder.js';
import { Transport } from '../../agents/kube/transport.js';
import type { ServiceEvent } from '../../agents/source/source.js';
import { testSignal } from '../support/folder.js';
import { answer, startHttps } from '../support/httpsserver.js';
import { until } from '../support/until.js';

interface Sent {
  readonly method: string;
  readonly name: string;
  readonly count: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `fates`: the codes of the first answers. */
async function open(fates: number[] = []): Promise<{ recorder: Recorder; sent: Sent[]; at: (ms: number) => void }> {
  const sent: Sent[] = [];
  const server = await startHttps(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text);
    const name = body.metadata?.name ?? request.url?.split('/').at(-1);
    sent.push({ method: request.method ?? '', name, count: body.count, body });
    const code = fates.shift() ?? 200;
    answer(response, code, code === 200 ? body : { kind: 'Status', code });
  });
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  let now = Date.UTC(2026, 0, 1);
  const recorder = new Recorder({
    ...{ transport, host: 'n1' },
    uidOf: (service) => (service === 'default/web' ? 'u1' : undefined),
    now: () => now,
  });
  void recorder.run(testSignal());
  const at = (ms: number): void => {
    now = Date.UTC(2026, 0, 1) + ms;
  };
  return { recorder, sent, at };
}

const event = (fields: Partial<ServiceEvent> = {}): ServiceEvent => ({
  ...{ type: 'Normal', reason: 'nodeAssigned', message: 'announcing', service: 'default/web', component: 'metallb-speaker' },
  ...fields,
});
const short = ({ method, name, count }: Sent): string => `${method} ${name} ${count}`;

test('an event is told as kubectl shows it, and counted when it comes again', async () => {
  const { recorder, sent, at } = await open();
  recorder.record(event());
  at(5000);
  recorder.record(event());
  await until('both are sent', () => sent.length === 2);
  const [first, second] = sent;
  expect(first?.body).toMatchObject({
    involvedObject: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'web', uid: 'u1' },
    ...{ type: 'Normal', reason: 'nodeAssigned', message: 'announcing', count: 1 },
    ...{ firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z' },
    source: { component: 'metallb-speaker', host: 'n1' },
  });
  expect(second).toEqual({
    ...{ method: 'PATCH', name: first?.name, count: 2 },
    body: { count: 2, lastTimestamp: '2026-01-01T00:00:05Z' },
  });
});

test('a series that the API server has forgotten goes on as a new object', async () => {
  const { recorder, sent } = await open([200, 404]);
  recorder.record(event());
  recorder.record(event());
  await until('it was made again', () => sent.length === 3);
  const name = sent[0]?.name;
  expect(sent.map(short)).toEqual([`POST ${name} 1`, `PATCH ${name} 2`, `POST ${name} 2`]);
});

test('what cannot be told now is told later, in order; what is refused is dropped', async () => {
  const { recorder, sent } = await open([503, 200, 403]);
  for (const message of ['one', 'two', 'three']) recorder.record(event({ message }));
  await until('all were tried', () => sent.length === 4);
  expect(sent.map(({ body }) => body['message'])).toEqual(['one', 'one', 'two', 'three']);
});

test('nothing is told of a Service that is gone', async () => {
  const { recorder, sent } = await open();
  recorder.record(event({ service: 'default/gone' }));
  recorder.record(event());
  await until('the other is sent', () => sent.length > 0);
  expect(sent.map(({ name }) => name)).toEqual([expect.stringMatching(/^web\./)]);
});
