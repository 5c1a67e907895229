import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Transport } from '../../agents/kube/transport.js';
import type { KnownService } from '../../agents/source/known.js';
import { KubernetesStatus, type ShownState } from '../../agents/source/kubestatus.js';
import type { KubeObject } from '../../src/api/object.js';
import { readService } from '../../src/api/service.js';
import type { PlainObject } from '../../src/api/value.js';
import { type Issue, issue } from '../../src/issue/issue.js';
import { shownService } from '../../src/kube/servicestatus.js';
import { testSignal } from '../support/folder.js';
import { answer, startHttps } from '../support/httpsserver.js';
import { until } from '../support/until.js';

type Stored = PlainObject & { readonly metadata: PlainObject & { readonly name: string; readonly resourceVersion: string } };

/** A Service as an API server has it. */
const stored = (name: string, version: number, fields: PlainObject = {}): Stored => ({
  metadata: { name, namespace: 'default', resourceVersion: String(version), uid: `uid-${name}` },
  spec: { type: 'LoadBalancer' },
  ...fields,
});
const wanted = (name: string, ip: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', annotations: { 'metallb.io/ip-allocated-from-pool': 'p' } },
  status: {
    conditions: [{ type: 'arpeggio/Allocated', status: 'True', reason: 'GENERAL_POOL', message: '' }],
    loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] },
  },
});
/** A Service that shows what we wrote. */
function showing(name: string, version: number, ip: string): Stored {
  const { status, metadata } = wanted(name, ip);
  const object = stored(name, version, { status });
  return { ...object, metadata: { ...object.metadata, annotations: metadata.annotations } };
}

const known = (object: Stored): KnownService => {
  const view = readService(object);
  if (!view.ok) throw new Error('it is a Service');
  return { view: view.value, shown: shownService(object) };
};

/** A Service as it is listed, with who wrote its addresses, the last one last. */
function writtenBy(...managers: readonly string[]): PlainObject {
  const fieldsV1 = { 'f:status': { 'f:loadBalancer': { 'f:ingress': {} } } };
  const managedFields = [
    ...managers.map((manager, i) => ({ manager, operation: 'Update', fieldsV1, time: `2026-01-01T00:00:0${i}Z` })),
    { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:spec': {} }, time: '2026-01-01T00:00:59Z' },
  ];
  return { metadata: { name: 'a', managedFields } };
}

const OWN_STATE: KubeObject = {
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata: { name: 'controller' } },
};

const FORBIDDEN =
  'services "a" is forbidden: User "u" cannot patch resource "services/status" in API group "" in the namespace "default"';

function gate(): [held: Promise<void>, release: () => void] {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  return [held, release];
}

/** What becomes of one write: a code, or the connection ends. */
type Fate = number | 'lost';

interface World {
  readonly status: KubernetesStatus;
  /** `a from 1`: a Service, and the version that the patch was made for. */
  readonly writes: string[];
  readonly issues: Issue[];
  /** Statuses of the controller's own ConfigurationState. */
  readonly states: PlainObject[];
  /** What the next writes come to; after them all succeed. */
  readonly fates: Fate[];
  /** Who has written addresses, if the API server is asked. */
  readonly writers: string[];
  mayWrite: boolean;
  /** Answers wait for it. */
  held: Promise<unknown>;
  /** The end of the term. */
  end(): void;
  /** Service by name whose status may not be written. */
  forbidden: string;
  /** What should be shown from now on. */
  want(...objects: readonly KubeObject[]): void;
  /** A Service as the watch tells it. */
  tell(object: Stored): boolean;
  /** A Service as a new list has it, of which nobody is told. */
  list(object: Stored): void;
}

async function open(...objects: readonly Stored[]): Promise<World> {
  const services = new Map(objects.map((object) => [`default/${object.metadata.name}`, known(object)]));
  const [writes, issues, fates, states]: [string[], Issue[], Fate[], PlainObject[]] = [[], [], [], []];
  const writers = ['other-controller', 'arpeggio-controller'];
  let version = 100;
  const server = await startHttps(async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'GET') return answer(response, 200, { items: [writtenBy(...writers)] });
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text);
    if (body.kind === 'ConfigurationState' && body.status !== undefined) states.push(body.status);
    const [, name = ''] = /\/services\/([^/]+)\/status/.exec(request.url ?? '') ?? [];
    writes.push(`${name} from ${body.metadata.resourceVersion}`);
    await world.held;
    const fate = name !== '' && name === world.forbidden ? 403 : (fates.shift() ?? 200);
    if (fate === 'lost') request.socket.destroy();
    else if (fate !== 200)
      answer(response, fate, { kind: 'Status', code: fate, message: fate === 403 ? FORBIDDEN : `HTTP ${fate}` });
    else {
      const metadata = { ...body.metadata, name, namespace: 'default', resourceVersion: String(++version) };
      answer(response, 200, { metadata, spec: { type: 'LoadBalancer' }, status: body.status });
    }
  });
  const transport = new Transport({ access: server.access(), userAgent: 'test' });
  onTestFinished(() => transport.close());
  const none = { objects: new Map() };
  const state: ShownState = {
    services: { objects: services },
    pools: none,
    advertisements: none,
    states: none,
    announced: undefined,
  };
  const wants = new Map<string, KubeObject>();
  const held: Promise<unknown> = Promise.resolve();
  const world = { writes, issues, fates, states, writers, mayWrite: true, held, forbidden: '', wants };
  const status = new KubernetesStatus({
    ...{ transport, state, namespace: 'metallb-system', host: 'c', component: 'controller', owner: Promise.resolve(undefined) },
    ownState: OWN_STATE,
    wanted: (service) => world.wants.get(service),
    mayWrite: () => world.mayWrite,
    report: (one) => void issues.push(one),
  });
  const term = new AbortController();
  status.run(AbortSignal.any([testSignal(), term.signal]));
  const tell = (object: Stored): boolean => {
    const key = `default/${object.metadata.name}`;
    const before = services.get(key)?.shown;
    services.set(key, known(object));
    return status.onService(key, before, services.get(key)?.shown);
  };
  const list = (object: Stored): void => void services.set(`default/${object.metadata.name}`, known(object));
  const want = (...objects: readonly KubeObject[]): void => {
    for (const object of objects) world.wants.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
    status.writeStatus('controller', objects);
  };
  return Object.assign(world, { status, tell, list, want, end: () => term.abort() });
}

const idle = ({ status }: World): Promise<unknown> => until('everything is written', () => status.depth === 0);
/** A write more, which shows that none of before is to come. */
const written = (world: World, count: number): Promise<unknown> => until('it is written', () => world.writes.length >= count);

test('what is not as it should be is written, once', async () => {
  const world = await open(stored('a', 1), stored('b', 2));
  const all = [wanted('a', '192.0.2.1'), wanted('b', '192.0.2.2')];
  world.want(...all);
  await written(world, 2);
  world.want(...all);
  await idle(world);
  expect(world.writes.sort()).toEqual(['a from 1', 'b from 2']);
});

test('what comes back by the watch is known as our own, and a later change is not', async () => {
  const world = await open(stored('a', 1));
  world.want(wanted('a', '192.0.2.1'));
  await written(world, 1);
  await idle(world);
  await until('the answer is there', () => world.tell(showing('a', 101, '192.0.2.1')));
  expect(world.tell(showing('a', 102, '203.0.113.9'))).toBe(false);
  world.want(wanted('a', '192.0.2.1'));
  await written(world, 2);
  expect(world.writes).toEqual(['a from 1', 'a from 102']);
});

test('a list that is newer than an answer counts', async () => {
  const world = await open(stored('a', 1));
  world.want(wanted('a', '192.0.2.1'));
  await written(world, 1);
  await idle(world);
  world.list(stored('a', 300));
  await until('what it shows is written over', () => {
    world.want(wanted('a', '192.0.2.1'));
    return world.writes.includes('a from 300');
  });
});

test('a Service that somebody changed meanwhile is written as soon as that is known', async () => {
  const world = await open(stored('a', 1));
  world.fates.push(409);
  world.want(wanted('a', '192.0.2.1'));
  await written(world, 1);
  world.tell(stored('a', 7, { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }));
  await until('it is written', () => world.writes.includes('a from 7'));
  expect(world.issues).toEqual([]);
});

test('one that was refused need not wait after it changed, though that is no news; another goes on to', async () => {
  const world = await open(stored('a', 1), stored('b', 2));
  world.fates.push(422, 422);
  world.want(wanted('a', '192.0.2.1'), wanted('b', '192.0.2.2'));
  await until('both are told', () => world.issues.length === 2);
  world.tell(stored('a', 7));
  await written(world, 3);
  await until('one waits', () => world.status.depth === 1);
  expect(world.writes.slice(2)).toEqual(['a from 7']);
});

test.each<[string, Fate]>([
  ['is lost', 'lost'],
  ['is asked to wait', 429],
])('a write that %s pauses all, is told once, and comes again', async (_, fate) => {
  const world = await open(stored('a', 1), stored('b', 2));
  world.fates.push(fate);
  world.want(wanted('a', '192.0.2.1'));
  await written(world, 2);
  await idle(world);
  expect(world.writes).toEqual(['a from 1', 'a from 1']);
  expect(world.issues.map(({ code }) => code)).toEqual(['KUBE_API_UNAVAILABLE']);
});

test('a Service that is gone is forgotten, and one that is refused holds up no other', async () => {
  const world = await open(stored('a', 1), stored('b', 2), stored('c', 3));
  world.fates.push(404, 422);
  world.want(wanted('a', '192.0.2.1'), wanted('b', '192.0.2.2'), wanted('c', '192.0.2.3'));
  await written(world, 3);
  expect(world.writes.sort()).toEqual(['a from 1', 'b from 2', 'c from 3']);
  await until('one waits', () => world.status.depth === 1);
});

test('one that may not write writes what is wanted as soon as it may: its lease was only renewed late', async () => {
  const world = await open(stored('a', 1));
  world.mayWrite = false;
  world.want(wanted('a', '192.0.2.1'));
  await pause(50);
  expect(world.writes).toEqual([]);
  world.mayWrite = true;
  await written(world, 1);
  expect(world.writes).toEqual(['a from 1']);
});

test('one whose term is over writes nothing more, though the next term is its own', async () => {
  const world = await open(stored('a', 1));
  world.mayWrite = false;
  world.want(wanted('a', '192.0.2.1'));
  world.end();
  world.mayWrite = true;
  await pause(500);
  expect(world.writes).toEqual([]);
});

test.each<[string, Fate]>([
  ['taken', 200],
  ['lost', 'lost'],
])('what is taken back while it is written is written as it was, whether that was %s or not', async (_, fate) => {
  const world = await open(showing('a', 1, '192.0.2.1'));
  const [held, release] = gate();
  world.held = held;
  world.fates.push(fate);
  world.want(wanted('a', '192.0.2.2'));
  await written(world, 1);
  world.want(wanted('a', '192.0.2.1'));
  // The watch may be sooner than the answer.
  world.tell(showing('a', 101, '192.0.2.2'));
  release();
  await written(world, 2);
  await idle(world);
  expect(world.writes).toEqual(['a from 1', 'a from 101']);
});

test('what was made and written, and the watch has not told yet, is not written again', async () => {
  const world = await open(stored('a', 1));
  const state: KubeObject = {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState', metadata: { name: 'controller' } },
    status: { result: 'Valid' },
  };
  // Made, its status written, and there already when it is made again.
  world.fates.push(200, 200, 409);
  world.want(state);
  await written(world, 2);
  await idle(world);
  world.want(state);
  await written(world, 3);
  await idle(world);
  world.want(wanted('a', '192.0.2.1'));
  await until('a is written', () => world.writes.includes('a from 1'));
  expect(world.writes).toHaveLength(4);
});

/** As somebody else would have written it. */
const given = (name: string, version: number, ip: string): Stored =>
  stored(name, version, { status: { loadBalancer: { ingress: [{ ip }] } } });

test('who else gives addresses is named, once', async () => {
  const world = await open(stored('a', 1), stored('b', 2));
  world.writers.splice(0, 2, 'arpeggio-controller', 'controller');
  world.tell(given('a', 3, '192.0.2.1'));
  await until('it is told', () => world.issues.length > 0);
  world.tell(given('b', 4, '192.0.2.2'));
  world.want(wanted('b', '192.0.2.2'));
  await written(world, 1);
  expect(world.issues.map(({ code, object, message }) => [code, object?.name, message])).toEqual([
    [
      'SECOND_CONTROLLER',
      'a',
      expect.stringMatching(
        /^controller \(so MetalLB's is called\) gave an address to default\/a while this controller serves it/,
      ),
    ],
  ]);
});

test.each<[string, readonly string[], readonly Stored[]]>([
  ['was there before', ['controller'], [given('a', 1, '192.0.2.1'), stored('b', 2)]],
  ['is of a replica of ours', ['controller', 'arpeggio-controller'], [stored('a', 1), stored('b', 2)]],
])('nobody is named for an address that %s', async (_, writers, before) => {
  const world = await open(...before);
  world.writers.splice(0, 2, ...writers);
  world.tell(given('a', 3, '192.0.2.1'));
  // Whoever is asked of has been asked of before this is written.
  world.want(wanted('b', '192.0.2.2'));
  await written(world, 1);
  await idle(world);
  expect(world.issues).toEqual([]);
});

test('who writes over a status again and again is named, and left alone for a while', async () => {
  const world = await open(stored('a', 1));
  const { status: ours, metadata } = wanted('a', '192.0.2.1');
  const mine = (version: number): Stored => ({
    ...stored('a', version, { status: ours }),
    metadata: { ...stored('a', version).metadata, ...{ annotations: metadata.annotations } },
  });
  world.want(wanted('a', '192.0.2.1'));
  for (let round = 1; round <= 3; round++) {
    await written(world, round);
    await idle(world);
    // What was written comes by the watch, and then what another has written over it.
    world.tell(mine(100 + 10 * round));
    world.tell(stored('a', 105 + 10 * round, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } }));
    world.want(wanted('a', '192.0.2.1'));
  }
  await until('it is told', () => world.issues.length > 0);
  expect(world.issues.map(({ code, object }) => [code, object?.name])).toEqual([['STATUS_CONTESTED', 'a']]);
  expect(world.issues[0]?.message).toMatch(/^other-controller writes over the status of default\/a /);
  expect(world.status.contested).toEqual(['default/a']);
  await until('it waits', () => world.status.depth === 1);
  expect(world.writes.filter((one) => one.startsWith('a'))).toHaveLength(3);
});

const refusedIn = ({ states }: World): unknown => {
  const conditions = states.at(-1)?.['conditions'] as readonly PlainObject[] | undefined;
  return conditions?.find(({ type }) => type === 'arpeggio/Refused')?.['message'];
};
const SAYS =
  'KUBE_FORBIDDEN status of Service objects cannot be written: u may not patch services/status in the namespace default';

test('what it may not write its state says, beside what was decided', async () => {
  const world = await open(stored('a', 1));
  world.forbidden = 'a';
  world.want(wanted('a', '192.0.2.1'), { ...OWN_STATE, status: { result: 'Valid', conditions: [] } });
  await until('the state says so', () => String(refusedIn(world)).startsWith(SAYS));
  expect(world.states.at(-1)).toMatchObject({ result: 'Valid', errorSummary: expect.stringContaining(SAYS) });
});

test('what keeps it from deciding anything its state says before anything was decided', async () => {
  const world = await open();
  const missing = issue('KUBE_KIND_MISSING', '', 'no such kind');
  world.status.onTrouble('IPAddressPool objects', missing);
  await until('the state says so', () => refusedIn(world) === 'KUBE_KIND_MISSING no such kind');
  expect(world.states.at(-1)).toMatchObject({ result: 'Unknown', errorSummary: 'KUBE_KIND_MISSING no such kind' });
  world.status.onTrouble('IPAddressPool objects', undefined);
  await until('the state says so no more', () => refusedIn(world) === '');
});
