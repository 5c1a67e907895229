import { describe, expect, test } from 'vitest';
import { CLIENT, CONTROL_PLANE, cgroupHierarchies, nodePlans, onEthernet, podNetwork, routes, tokenFile } from './layout.js';

const nodes = nodePlans(3);

describe('a cluster on one machine', () => {
  test("has Nodes with addresses and networks of Pods that are each other's of none", () => {
    expect(nodes.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
    const addresses = [CONTROL_PLANE, CLIENT, ...nodes.map(({ address }) => address)];
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(new Set(nodes.map(({ podSubnet }) => podSubnet)).size).toBe(3);
    expect(onEthernet(CLIENT)).toBe('192.168.1.100/24');
  });

  test.each([
    [
      'the control plane',
      CONTROL_PLANE,
      ['10.244.1.0/24 via 192.168.1.11', '10.244.2.0/24 via 192.168.1.12', '10.244.3.0/24 via 192.168.1.13'],
    ],
    ['a Node', '192.168.1.12', ['default via 192.168.1.1', '10.244.1.0/24 via 192.168.1.11', '10.244.3.0/24 via 192.168.1.13']],
  ])('has ways from %s to the Pods of all others', (_, own, expected) => {
    expect(routes(own, nodes)).toEqual(expected);
  });

  test('gives Pods addresses of their Node', () => {
    expect(nodes.map(podNetwork)).toEqual(
      nodes.map(({ podSubnet }) =>
        expect.objectContaining({ ipam: expect.objectContaining({ ranges: [[{ subnet: podSubnet }]] }) }),
      ),
    );
  });

  test('knows its administrator and its Nodes by their tokens', () => {
    expect(tokenFile('secret', new Map([['n1', 'other']]))).toBe(
      'secret,administrator,administrator,system:masters\nother,system:node:n1,n1,system:nodes',
    );
  });
});

const HEAD = '#subsys_name\thierarchy\tnum_cgroups\tenabled\n';
test.each<[string, string, readonly string[]]>([
  ['each by itself', 'cpuset\t3\t1\t1\ncpu\t1\t1\t1\n', ['cpuset', 'cpu']],
  ['two on one', 'cpu\t2\t1\t1\nmemory\t4\t32\t1\ncpuacct\t2\t1\t1\n', ['cpu,cpuacct', 'memory']],
  ['one that nobody mounted, one that is off', 'hugetlb\t0\t1\t1\nmemory\t4\t1\t0\n', []],
  ['only version 2', 'cpu\t0\t9\t1\nmemory\t0\t9\t1\n', []],
])('hierarchies of cgroup controllers: %s', (_, text, expected) => {
  expect(cgroupHierarchies(HEAD + text)).toEqual(expected);
});
