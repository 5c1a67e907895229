/**
 * What `ip -o monitor link address` (iproute2 6.1) prints: recorded on veth pairs, a bridge, a macvlan and a tun device. The
 * lines of bond, VLAN and dummy are written after the same pattern, since the kernel at hand had none.
 */
import { expect, test } from 'vitest';
import { parseLinkEvent } from '../../agents/speaker/view/linkevent.js';

const MAC = 'link/ether 02:00:00:00:00:10 brd ff:ff:ff:ff:ff:ff';

test.each([
  [
    'created',
    `2: v1@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    ${MAC}`,
    '2 v1 link interrupted',
  ],
  [
    'up without a carrier',
    `3: v0@v1: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1500 qdisc noqueue state LOWERLAYERDOWN group default \\    ${MAC}`,
    '3 v0 link interrupted',
  ],
  [
    'getting its carrier',
    `2: v1@v0: <NO-CARRIER,BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state LOWERLAYERDOWN group default \\    ${MAC}`,
    '2 v1 link',
  ],
  ['up', `3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \\    ${MAC}`, '3 v0 link'],
  [
    'down',
    `3: v0@v1: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN group default \\    ${MAC}`,
    '3 v0 link interrupted',
  ],
  [
    'enslaved',
    `2: v1@v0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP group default \\    ${MAC}`,
    '2 v1 link',
  ],
  [
    'a port of a bridge',
    '2: v1@v0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state UP \\    link/ether 02:00:00:00:00:11',
    '2 v1 link',
  ],
  [
    'no longer a port, and still there',
    'Deleted 2: v1@v0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state UP \\    link/ether 02:00:00:00:00:11',
    '2 v1 link',
  ],
  [
    'a bridge',
    `4: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default event FEATURE CHANGE \\    ${MAC}`,
    '4 br0 link',
  ],
  [
    'a bond that lost its last member',
    `6: bond0: <NO-CARRIER,BROADCAST,MULTICAST,MASTER,UP> mtu 1500 qdisc noqueue state DOWN group default qlen 1000\\    ${MAC}`,
    '6 bond0 link interrupted',
  ],
  [
    'a member of a bond',
    `3: eth1: <BROADCAST,MULTICAST,SLAVE,UP,LOWER_UP> mtu 1500 qdisc fq_codel master bond0 state UP group default qlen 1000\\    ${MAC}`,
    '3 eth1 link',
  ],
  [
    'a VLAN',
    `7: eth0.10@eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\\    ${MAC}`,
    '7 eth0.10 link',
  ],
  [
    'a dummy',
    `8: dummy0: <BROADCAST,NOARP,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN group default qlen 1000\\    ${MAC}`,
    '8 dummy0 link',
  ],
  [
    'a macvlan whose interface is down',
    `5: mv0@lan0: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noqueue state DOWN group default \\    ${MAC}`,
    '5 mv0 link interrupted',
  ],
  [
    'renamed, with another name besides',
    `3: lan0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \\    ${MAC}\\    altname verylongalternativename`,
    '3 lan0 link',
  ],
  [
    'removed',
    `Deleted 3: lan0@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    ${MAC}`,
    '3 lan0 link interrupted',
  ],
  [
    'moved to another namespace',
    `Deleted 7: c@if8: <BROADCAST,MULTICAST,M-DOWN> mtu 1500 qdisc noop state DOWN group default \\    ${MAC} new-netnsid 0 new-ifindex 7`,
    '7 c link interrupted',
  ],
  [
    'without Ethernet',
    '6: t0: <NO-CARRIER,POINTOPOINT,MULTICAST,NOARP,UP> mtu 1500 qdisc pfifo_fast state DOWN group default \\    link/none ',
    '6 t0 link interrupted',
  ],
  [
    'given a link-local address',
    '3: v0    inet6 fe80::ff:fe00:10/64 scope link \\       valid_lft forever preferred_lft forever',
    '3 v0 address',
  ],
  [
    'given one that is not proven yet',
    '3: v0    inet6 fe80::1 peer fe80::2/64 scope link tentative \\       valid_lft forever preferred_lft forever',
    '3 v0 address',
  ],
  [
    'without its link-local address',
    'Deleted 3: v0    inet6 fe80::1 peer fe80::2/64 scope link \\       valid_lft forever preferred_lft forever',
    '3 v0 address interrupted',
  ],
  [
    'without another address',
    'Deleted 3: v0    inet6 fd00::1/64 scope global \\       valid_lft forever preferred_lft forever',
    '3 v0 address',
  ],
  [
    'without a link-local address of IPv4',
    'Deleted 3: v0    inet 169.254.1.1/16 scope link v0\\       valid_lft forever preferred_lft forever',
    '3 v0 address',
  ],
  [
    'given an address with a label',
    '3: v0    inet 192.0.2.1/24 scope global v0:x\\       valid_lft forever preferred_lft forever',
    '3 v0 address',
  ],
])('an interface %s', (_, line, text) => {
  const event = parseLinkEvent(line);
  const said = event && `${event.index} ${event.name} ${event.subject}${event.interrupted ? ' interrupted' : ''}`;
  expect(said).toBe(text);
});

test.each([[''], ['Failed to open file'], ['3:'], ['x: v0: <UP>'], ['    link/ether 02:00:00:00:00:10']])(
  '%j is no event',
  (line) => {
    expect(parseLinkEvent(line)).toBeUndefined();
  },
);
