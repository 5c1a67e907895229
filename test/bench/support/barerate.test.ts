import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/apiserver.js';
import { type Call, caller } from '../../support/call.js';
import { install } from '../../support/install.js';
import { describeWithApiServer } from '../../support/withapiserver.js';
import { bareRate, type Way } from './barerate.js';
import { CONNECTIONS, createServices, forEach, SERVICES_PATH } from './services.js';

interface Service {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly ports: readonly { readonly nodePort?: number }[] };
  readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } };
}

describeWithApiServer('a bare writer', () => {
  let api: ApiServer;
  let controller: Call;
  let names: readonly string[];

  beforeAll(async () => {
    api = await startApiServer();
    await install(api);
    controller = caller({ ...api.endpoint, token: await api.token('controller') }, { connections: CONNECTIONS });
    names = await createServices(api.call, 40, 'web');
  });
  afterAll(() => api?.stop());

  const services = async (): Promise<readonly Service[]> => {
    const { body } = await api.call('GET', SERVICES_PATH);
    return (body as { items: Service[] }).items.filter(({ metadata }) => names.includes(metadata.name));
  };
  const versions = async (): Promise<readonly string[]> =>
    (await services()).map(({ metadata: { name, resourceVersion } }) => `${name} ${resourceVersion}`);

  test('finds the Services there that it asked for, without node ports', async () => {
    const made = await services();
    expect(made.map(({ metadata }) => metadata.name)).toEqual([...names].sort());
    expect(made.flatMap(({ spec }) => spec.ports.flatMap(({ nodePort }) => nodePort ?? []))).toEqual([]);
  });

  test.each<[Way, round: number]>([
    ['merge', 0],
    ['strategic', 1],
    ['apply', 2],
  ])('gives each of them another address, by %s', async (way, round) => {
    expect(await bareRate(controller, way, names, round)).toBeGreaterThan(0);
    const addresses = (await services()).map(({ metadata: { name }, status }) => [name, status.loadBalancer.ingress?.[0]?.ip]);
    const expected = names.map((name, i) => [name, `10.0.0.${i + round * names.length}`]);
    expect(new Map(addresses as [string, string][])).toEqual(new Map(expected as [string, string][]));
  });

  test('changes nothing when it writes the same again', async () => {
    await bareRate(controller, 'merge', names, 3);
    const before = await versions();
    await bareRate(controller, 'merge', names, 3);
    expect(await versions()).toEqual(before);
  });

  test('says what an API server refuses', async () => {
    await expect(bareRate(controller, 'merge', ['nobody'], 0)).rejects.toThrow('services "nobody" not found');
  });
});

test('work is done once for each, as much at a time as there are connections', async () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const done: number[] = [];
  let [underWay, most] = [0, 0];
  await forEach(items, async (item) => {
    most = Math.max(most, ++underWay);
    await new Promise(setImmediate);
    underWay--;
    done.push(item);
  });
  expect([done.toSorted((a, b) => a - b), most]).toEqual([items, CONNECTIONS]);
});
