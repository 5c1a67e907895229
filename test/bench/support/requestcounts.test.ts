import { expect, test } from 'vitest';
import { countedSince, readCounts } from './requestcounts.js';

const total = (labels: string, value: number): string => `apiserver_request_total{code="200",${labels}} ${value}`;

test('requests are counted by verb and resource, whatever else they differ in', () => {
  const counts = readCounts(
    [
      '# TYPE apiserver_request_total counter',
      total('resource="services",subresource="status",verb="PATCH"', 3),
      'apiserver_request_total{code="409",resource="services",subresource="status",verb="PATCH"} 2',
      total('resource="events",subresource="",verb="POST"', 1),
      'apiserver_request_duration_seconds_count{resource="events",verb="POST"} 9',
    ].join('\n'),
  );
  expect([...counts]).toEqual([
    ['PATCH services/status', 5],
    ['POST events', 1],
  ]);
});

test('watches are those that are open', () => {
  const counts = readCounts(
    [
      'apiserver_longrunning_requests{resource="services",subresource="",verb="WATCH"} 2',
      total('resource="services",subresource="",verb="WATCH"', 7),
    ].join('\n'),
  );
  expect([...counts]).toEqual([['WATCH services', 2]]);
});

test('what was never counted before counts from nothing', () => {
  const [before, after] = [
    new Map([['POST events', 2]]),
    new Map([
      ['POST events', 5],
      ['PATCH events', 1],
    ]),
  ];
  expect(['POST events', 'PATCH events', 'GET events'].map((key) => countedSince(before, after, key))).toEqual([3, 1, 0]);
});
