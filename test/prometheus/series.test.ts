import { expect, test } from 'vitest';
import { formatFamilies } from '../../agents/runtime/exposition.js';
import { parseExposition, selector, seriesOf } from './series.js';

test('what agents show is read, whatever a label says', () => {
  const labels = { ip: '192.168.1.240', odd: 'a\\n"b"\n},{' };
  const text = formatFamilies([
    { name: 'one', type: 'gauge', help: 'x', samples: [{ labels, value: 1 }, { value: 2.5 }] },
    { name: 'two', type: 'counter', help: 'y', samples: [] },
  ]);
  expect(parseExposition(text)).toEqual([
    { name: 'one', labels, value: 1 },
    { name: 'one', labels: {}, value: 2.5 },
  ]);
});

test('something else is refused', () => {
  expect(() => parseExposition('<html>\n')).toThrow('no sample: <html>');
});

test("a sample's own label stays, and a target has `up`", () => {
  const series = seriesOf({ job: 'metallb-speaker', node: 'target', __address__: 'x:1' }, 'a{node="n1"} 1\n');
  expect(series.map(selector)).toEqual(['up{job="metallb-speaker",node="target"}', 'a{job="metallb-speaker",node="n1"}']);
});
