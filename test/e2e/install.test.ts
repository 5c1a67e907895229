import { App } from 'cdk8s';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentNamespace, Crds, Install, Rbac } from '../../constructs/index.js';
import { METALLB_NAMESPACE } from '../../src/api/object.js';
import { type ApiServer, startApiServer } from '../support/apiserver.js';
import { describeWithApiServer } from '../support/withapiserver.js';

interface Applied {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly template?: { readonly metadata: object; readonly spec: object } };
}

const app = new App();
const layers = [
  new Crds(app, '00-crds'),
  new AgentNamespace(app, '05-namespace'),
  new Rbac(app, '10-rbac'),
  new Install(app, '15-install', { image: 'arpeggio:1' }),
].map((chart) => chart.toJson() as Applied[]);
const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: layers.flat() });

describeWithApiServer('an install', () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApiServer();
  });
  afterAll(() => api?.stop());

  test('applies to an empty cluster at once, and changes nothing the second time', async () => {
    const first = await api.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], list);
    // Whatever an API server would warn of is there too.
    expect([first.code, first.stderr]).toEqual([0, '']);
    const versions = async (): Promise<string> => {
      const path = ['get', 'all,pdb,networkpolicy,role,rolebinding,sa', '-n', METALLB_NAMESPACE];
      return (await api.kubectl([...path, '-o', 'jsonpath={range .items[*]}{.kind}/{.metadata.name}:{.metadata.resourceVersion} {end}'])).stdout;
    };
    const before = await versions();
    expect(before).toMatch(/Deployment\/controller:\d+/);
    expect((await api.kubectl(['apply', '--server-side', '--validate=strict', '-f', '-'], list)).code).toBe(0);
    expect(await versions()).toBe(before);
  });

  test.each([
    ['Deployment', 'restricted', 0],
    ['DaemonSet', 'restricted', 1],
    ['DaemonSet', 'privileged', 0],
  ])('the Pod of its %s in a namespace that is %s: kubectl ends with %i', async (kind, level, code) => {
    const namespace = `pods-${kind.toLowerCase()}-${level}`;
    const labels = { 'pod-security.kubernetes.io/enforce': level };
    expect((await api.call('POST', '/api/v1/namespaces', { metadata: { name: namespace, labels } })).status).toBe(201);
    const template = layers.flat().find((one) => one.kind === kind)?.spec?.template;
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { ...template?.metadata, name: 'one', namespace } };
    const made = await api.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(pod));
    expect([made.code, made.stderr]).toEqual([code, code === 0 ? '' : expect.stringContaining('violates PodSecurity')]);
  });

  test('deletes as cleanly', async () => {
    const { code, stderr } = await api.kubectl(['delete', '--wait=false', '-f', '-'], list);
    expect([code, stderr.replace(/^Warning: deleting cluster-scoped resources.*\n/gm, '')]).toEqual([0, '']);
    const { body } = await api.call('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles');
    const { items } = body as { items: { metadata: { name: string } }[] };
    expect(items.filter(({ metadata }) => metadata.name.startsWith('arpeggio'))).toEqual([]);
  });
});
