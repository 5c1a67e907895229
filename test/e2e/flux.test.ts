/**
 * A GitOps engine brings `dist/` to an empty cluster: in one pass, without a wait for anything, and the next finds nothing to do.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../constructs/support.js';
import { until } from '../support/until.js';
import { ADDRESS, fluxSync, hasFlux, LAYERS, type Synced, WEB } from './flux.js';
import { canHaveRealCluster, RealCluster } from './realcluster.js';

interface Metadata {
  readonly namespace?: string;
  readonly name: string;
  readonly generation?: number;
  readonly resourceVersion: string;
}

interface Kustomization {
  readonly metadata: Metadata;
  readonly status: {
    readonly lastAppliedRevision: string;
    readonly lastAttemptedRevision: string;
    readonly inventory: { readonly entries: readonly { readonly id: string }[] };
    readonly history: readonly { readonly lastReconciledStatus: string; readonly totalReconciliations: number }[];
  };
}

interface Event {
  readonly type: string;
  readonly message: string;
}

const LONG_MS = 300_000;
const DIST = join(ROOT, 'dist');
const cluster = new RealCluster();

describe.runIf(canHaveRealCluster() && hasFlux())('Flux', () => {
  let synced: Synced;
  beforeAll(async () => {
    await cluster.up();
    synced = await fluxSync(cluster);
  }, LONG_MS);

  afterAll(async () => {
    await cluster.down();
  }, LONG_MS);

  const listed = async <T>(words: string): Promise<readonly T[]> =>
    (JSON.parse(await cluster.kubectl(`${words} -o json`)) as { items: T[] }).items;
  const kustomizations = (): Promise<readonly Kustomization[]> => listed('get kustomizations -n flux-system');
  const events = (): Promise<readonly Event[]> => listed('get events -n flux-system');
  /** What each pass that wrote anything says of it. */
  const changes = async (): Promise<readonly string[]> =>
    (await events()).map(({ message }) => message).filter((message) => /^\S+ (created|configured)$/m.test(message));

  /** Everything in `dist/`, and what tells whether somebody wrote it, its status left aside. */
  async function written(): Promise<readonly string[]> {
    const objects = await listed<{ kind: string; metadata: Metadata }>(`get -k ${DIST}`);
    return objects.map(({ kind, metadata }) => {
      const { namespace = '', name, generation, resourceVersion } = metadata;
      return `${kind} ${namespace}/${name} ${generation ?? resourceVersion}`;
    });
  }

  /** Another pass, of the layers. */
  async function lookAgain(why: string): Promise<void> {
    const its = `kustomization/${LAYERS} -n flux-system`;
    const ask = `kubectl annotate ${its} --overwrite reconcile.fluxcd.io/requestedAt=${why}`;
    const done = `kubectl wait ${its} --for=jsonpath={.status.lastHandledReconcileAt}=${why} --timeout=120s`;
    const { code, stderr } = await cluster.command(['shell', 'sh', '-ec', `${ask}; ${done}`]);
    expect([code, stderr]).toEqual([0, '']);
  }

  const answer = (): Promise<string> =>
    until(
      'the client is answered',
      async () => {
        const { stdout } = await cluster.command(['shell', 'client', 'curl', '-s', '--max-time', '2', `http://${ADDRESS}/`]);
        return stdout === '' ? undefined : stdout;
      },
      LONG_MS,
    );

  test(
    'is done with an empty cluster after one pass, and the client reaches a Service',
    async () => {
      console.log(`healthy after ${synced.readyMs} ms, answered after ${synced.answeredMs} ms`);
      const [all, said, objects] = await Promise.all([kustomizations(), events(), written()]);
      expect(all.map(({ metadata }) => metadata.name)).toEqual([LAYERS, WEB]);
      for (const { status } of all) {
        expect(status).toMatchObject({ lastAppliedRevision: synced.revision, lastAttemptedRevision: synced.revision });
        expect(status.history).toMatchObject([{ lastReconciledStatus: 'ReconciliationSucceeded', totalReconciliations: 1 }]);
      }
      expect(said.filter(({ type }) => type !== 'Normal')).toEqual([]);
      const entries = all.find(({ metadata }) => metadata.name === LAYERS)?.status.inventory.entries ?? [];
      expect(entries).toHaveLength(objects.length);
      expect(await answer()).toBe('from a real Pod');
    },
    LONG_MS,
  );

  test(
    'finds nothing to do the next time',
    async () => {
      const [before, said] = await Promise.all([written(), changes()]);
      expect(said.length).toBeGreaterThan(1);
      await lookAgain('second');
      const [after, saidSince, [layers]] = await Promise.all([written(), changes(), kustomizations()]);
      expect([after, saidSince]).toEqual([before, said]);
      expect(layers?.status.history).toMatchObject([{ totalReconciliations: 2 }]);
    },
    LONG_MS,
  );

  test(
    'mends what somebody changed: a number of controllers, a pool that is gone',
    async () => {
      const said = await changes();
      await cluster.kubectl('scale deployment controller -n metallb-system --replicas=2');
      await cluster.kubectl('annotate ipaddresspool primary-pool -n metallb-system arpeggio.dev/allow-delete=true');
      await cluster.kubectl('delete ipaddresspool primary-pool -n metallb-system');
      await lookAgain('third');
      expect(await cluster.kubectl('get deployment controller -n metallb-system -o jsonpath={.spec.replicas}')).toBe('1');
      expect(await cluster.kubectl('get ipaddresspool -n metallb-system -o name')).toContain('/primary-pool');
      expect(await answer()).toBe('from a real Pod');
      const mended = (await changes()).filter((message) => !said.includes(message)).flatMap((message) => message.split('\n'));
      expect(mended.sort()).toEqual([
        'Deployment/metallb-system/controller configured',
        'IPAddressPool/metallb-system/primary-pool created',
      ]);
    },
    LONG_MS,
  );

  test(
    'removes everything but the kinds, although a Service has an address',
    async () => {
      await cluster.kubectl(`delete kustomization ${LAYERS} -n flux-system --timeout=120s`);
      await cluster.kubectl('wait --for=delete namespace/metallb-system --timeout=120s');
      const left = (await cluster.kubectl(`get -k ${DIST} --ignore-not-found -o name`)).trim().split('\n');
      expect(left.map((name) => name.split('/')[0])).toEqual(Array(4).fill('customresourcedefinition.apiextensions.k8s.io'));
    },
    LONG_MS,
  );
});
