import { readFileSync } from 'node:fs';
import { App, Chart } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { Rbac } from '../../constructs/index.js';
import { AGENT_RULES, type PolicyRule, REVIEW_RULES } from '../../constructs/rbacrules.js';

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
}

const app = new App();
const objects = new Rbac(app, 'rbac').toJson() as Written[];

test('the roles are as they were', async () => {
  await expect(app.synthYaml()).toMatchFileSnapshot('../golden/constructs/rbac.yaml');
});

test('a chart with a namespace gives it to none of the objects', () => {
  const chart = new Chart(new App(), 'outer', { namespace: 'shop' });
  expect(new Rbac(chart, 'rbac').toJson()).toEqual(objects);
});

test('with metrics over HTTPS, both may ask who scrapes, and a role says who may', () => {
  const secure = new Rbac(new App(), 'rbac', { secureMetrics: true }).toJson() as Written[];
  expect(secure).toHaveLength(objects.length + 1);
  const written = (name: string): readonly PolicyRule[] =>
    secure.filter(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name).flatMap(({ rules = [] }) => rules);
  for (const { serviceAccount, cluster } of AGENT_RULES) {
    expect(written(`arpeggio-${serviceAccount}`)).toEqual([...cluster, ...REVIEW_RULES]);
  }
  expect(written('arpeggio-metrics-reader')).toEqual([{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]);
});

test('every role is bound to the account it is for, once', () => {
  const bound = objects.flatMap(({ roleRef, subjects = [] }) =>
    roleRef === undefined ? [] : subjects.map(({ name, namespace }) => `${roleRef.kind} ${roleRef.name}: ${namespace}/${name}`),
  );
  const expected = AGENT_RULES.flatMap(({ serviceAccount: name }) =>
    ['ClusterRole', 'Role'].map((kind) => `${kind} arpeggio-${name}: metallb-system/${name}`),
  );
  expect(bound).toEqual(expected);
});

describe.each(AGENT_RULES.map((rules) => [rules.serviceAccount, rules]))(
  'the rules of the %s',
  (name, { cluster, namespaced }) => {
    const all = [...cluster, ...namespaced];

    test('are those of its roles', () => {
      const written = objects.filter(({ metadata, rules }) => metadata.name === `arpeggio-${name}` && rules !== undefined);
      expect(written.map(({ rules }) => rules)).toEqual([cluster, namespaced]);
    });

    test('name each group, resource and verb: none stands for all', () => {
      const words = all.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) => [
        ...apiGroups,
        ...resources,
        ...resourceNames,
        ...verbs,
      ]);
      expect(words.filter((word) => word.includes('*'))).toEqual([]);
    });

    test('do not allow the same twice', () => {
      const allowed = all.flatMap(({ apiGroups, resources, verbs, resourceNames = ['any'] }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((one) => verbs.flatMap((verb) => resourceNames.map((each) => `${verb} ${group} ${one} ${each}`))),
        ),
      );
      expect(allowed.filter((one, i) => allowed.indexOf(one) !== i)).toEqual([]);
    });

    test('write nothing that git owns', () => {
      const owned = [
        'services',
        'ipaddresspools',
        'l2advertisements',
        'namespaces',
        'nodes',
        'endpointslices',
        'pods',
        'deployments',
      ];
      const written = all.filter(({ verbs }) => verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)));
      expect(written.flatMap(({ resources }) => resources).filter((resource) => owned.includes(resource))).toEqual([]);
    });
  },
);

test('a speaker has no verb on what a controller writes of Services and pools', () => {
  const speaker = AGENT_RULES.find(({ serviceAccount }) => serviceAccount === 'speaker');
  const resources = [...(speaker?.cluster ?? []), ...(speaker?.namespaced ?? [])].flatMap((rule) => rule.resources);
  expect(resources).toContain('servicel2statuses/status');
  expect(
    resources.filter((one) => ['services/status', 'ipaddresspools/status', 'l2advertisements/status'].includes(one)),
  ).toEqual([]);
});

test('the page of docs has a row for each rule, in their order, and no other', () => {
  const page = readFileSync(new URL('../../docs/rbac.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\|([^|]+)\|([^|]+)\|([^|]+)\|.*\|$/gm)].map(([, ...cells]) =>
    cells.map((cell) => cell.trim()).join(' | '),
  );
  const row = ({ apiGroups, resources, resourceNames, verbs }: PolicyRule): string => {
    const names = resourceNames === undefined ? '' : ` (${resourceNames.join(', ')})`;
    return [apiGroups.join(', ') || 'core', `${resources.join(', ')}${names}`, verbs.join(', ')].join(' | ');
  };
  expect(rows.filter((one) => !/^(Group|---)/.test(one))).toEqual(
    AGENT_RULES.flatMap(({ cluster, namespaced }) => [...cluster, ...namespaced]).map(row),
  );
});
