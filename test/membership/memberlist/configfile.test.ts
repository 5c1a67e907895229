import { describe, expect, test } from 'vitest';
import { formatIssue } from '../../../src/issue/issue.js';
import { durationMs, parseConfigFile, unheededIssue } from '../../../src/membership/memberlist/configfile.js';
import { LAN, WAN } from '../../../src/membership/memberlist/settings.js';

/** As memberlist's own defaults would be written. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  TCPTimeout: '10s',
  IndirectChecks: 3,
  RetransmitMult: 4,
  SuspicionMult: 4,
  SuspicionMaxTimeoutMult: 6,
  PushPullInterval: '30s',
  ProbeTimeout: '500ms',
  ProbeInterval: '1s',
  DisableTcpPings: false,
  AwarenessMaxMultiplier: 8,
  GossipNodes: 3,
  GossipInterval: '200ms',
  GossipToTheDeadTime: '30s',
  GossipVerifyIncoming: true,
  GossipVerifyOutgoing: true,
  EnableCompression: true,
  HandoffQueueDepth: 1024,
  UDPBufferSize: 1400,
  QueueCheckInterval: '30s',
};
const AS_WAN = {
  ...{ TCPTimeout: '30s', SuspicionMult: 6, PushPullInterval: '1m', ProbeInterval: '5s', ProbeTimeout: '3s' },
  ...{ GossipNodes: 4, GossipInterval: '500ms', GossipToTheDeadTime: '1m0s' },
};
const file = (change: Readonly<Record<string, unknown>> = {}): string => JSON.stringify({ ...DEFAULTS, ...change }, null, 2);
const read = (text: string): unknown => {
  const result = parseConfigFile(text, 'config.json');
  return result.ok ? result.value : result.issues.map(formatIssue);
};

describe("MetalLB's config.json", () => {
  test.each<[string, Readonly<Record<string, unknown>>, object]>([
    ['as the defaults are', {}, { tuning: LAN, unheeded: [] }],
    ['as of a WAN', AS_WAN, { tuning: WAN, unheeded: [] }],
    ['without TCP pings', { DisableTcpPings: true }, { tuning: { ...LAN, disableTcpPings: true }, unheeded: [] }],
    ['with fewer helpers than one', { IndirectChecks: 0 }, { tuning: { ...LAN, indirectChecks: 0 }, unheeded: [] }],
    [
      'with what means nothing here',
      { GossipVerifyIncoming: false, EnableCompression: false, HandoffQueueDepth: 4096, QueueCheckInterval: '1m' },
      { tuning: LAN, unheeded: ['GossipVerifyIncoming', 'EnableCompression', 'HandoffQueueDepth', 'QueueCheckInterval'] },
    ],
    ['with a default that means nothing, written otherwise', { QueueCheckInterval: '0.5m' }, { tuning: LAN, unheeded: [] }],
  ])('%s', (_, change, expected) => {
    expect(read(file(change))).toEqual(expected);
  });

  test.each(Object.keys(DEFAULTS))('without %s is refused', (key) => {
    const text = file({ [key]: undefined });
    expect(read(text)).toEqual([`MEMBERLIST_CONFIG_INVALID config.json:1:1 it has no ${key}; every key is required`]);
  });

  test.each<[string, string, string]>([
    ['nothing', '', 'config.json:1:1 it is not JSON: '],
    ['a list', '[]', 'config.json:1:1 it is not an object of keys'],
    ['no JSON', '{\n  "TCPTimeout": 10s\n}', 'config.json:2:19 it is not JSON: '],
    ['JSON that is cut short', '{\n  "TCPTimeout": ', 'config.json:2:17 it is not JSON: '],
    ['a key of other letters', file({ probeInterval: '1s' }), 'config.json:21:3 probeInterval: there is no such key'],
    ['a number for a time', file({ ProbeInterval: 1 }), 'config.json:9:3 ProbeInterval: 1 is not a duration such as'],
    ['a time without a unit', file({ TCPTimeout: '10' }), 'config.json:2:3 TCPTimeout: "10" is not a duration'],
    ['an empty time', file({ TCPTimeout: '' }), 'config.json:2:3 TCPTimeout: "" is not a duration'],
    ['a time below 0', file({ TCPTimeout: '-1s' }), 'config.json:2:3 TCPTimeout: "-1s" is not a duration'],
    ['a time that turns gossip off', file({ GossipInterval: '0s' }), 'GossipInterval: "0s" is less than a millisecond'],
    ['a text for a number', file({ GossipNodes: '3' }), 'GossipNodes: "3" is not a whole number from 1 to 1000'],
    ['a fraction', file({ SuspicionMult: 1.5 }), 'SuspicionMult: 1.5 is not a whole number from 1 to 1000'],
    [
      'packets too small for a message',
      file({ UDPBufferSize: 100 }),
      'UDPBufferSize: 100 is not a whole number from 1000 to 65507',
    ],
    ['a number for a switch', file({ DisableTcpPings: 1 }), 'DisableTcpPings: 1 is not true or false'],
    ['a text for what means nothing', file({ EnableCompression: 'yes' }), 'EnableCompression: "yes" is not a boolean'],
    ['null', file({ IndirectChecks: null }), 'IndirectChecks: null is not a whole number'],
  ])('with %s is refused, and it says where', (_, text, expected) => {
    const found = read(text) as readonly string[];
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^MEMBERLIST_CONFIG_INVALID config\.json:\d+:\d+ /);
    expect(found[0]).toContain(expected);
  });

  test('names once what means nothing here', () => {
    const { unheeded } = read(file({ EnableCompression: false, HandoffQueueDepth: 1 })) as { unheeded: readonly string[] };
    const told = unheededIssue({ tuning: LAN, unheeded }, 'config.json');
    expect(told === undefined ? '' : formatIssue(told)).toBe(
      'FLAG_IGNORED EnableCompression, HandoffQueueDepth of config.json mean nothing here',
    );
    expect(unheededIssue({ tuning: LAN, unheeded: [] }, 'config.json')).toBeUndefined();
  });
});

test.each<[string, number | undefined]>([
  ['1s', 1000],
  ['1m30s', 90_000],
  ['2h45m', 9_900_000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1.s', 1000],
  ['+200ms', 200],
  ['100us', 0.1],
  ['100µs', 0.1],
  ['5ns', 0.000005],
  ['0', 0],
  ['', undefined],
  ['s', undefined],
  ['1', undefined],
  ['1 s', undefined],
  ['1s ', undefined],
  ['1d', undefined],
  ['-1s', undefined],
  ['1s2', undefined],
])('a duration %j', (text, expected) => {
  expect(durationMs(text)).toBe(expected);
});
