import { describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES, readManifests } from '../../agents/source/manifests.js';
import { formatYaml } from '../../agents/source/yamlwriter.js';
import { formatIssue } from '../../src/issue/issue.js';

const objectsIn = (text: string): unknown[] => readManifests(text, 'f.yaml').documents.map(({ object }) => object);
const problemsIn = (text: string): string[] => readManifests(text, 'f.yaml').issues.map(formatIssue);

describe('a scalar is what kubectl reads', () => {
  test.each([
    ['yes', true],
    ['no', false],
    ['on', true],
    ['Off', false],
    ['y', true],
    ['true', true],
    ['~', null],
    ['null', null],
    ['', null],
    ['0777', 511],
    ['0x1f', 31],
    ['0b11', 3],
    ['089', 89],
    ['1e3', 1000],
    ['.5e1', 5],
    ['e0', 'e0'],
    ['-e12', '-e12'],
    ['.', '.'],
    ['-.', '-.'],
    ['._', '._'],
    ['1.', 1],
    ['.5', 0.5],
    ['1_000', 1000],
    ['+5', 5],
    ['1.5', 1.5],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['2001:db8::1', '2001:db8::1'],
    ['12:34:56', '12:34:56'],
    ['02:00:00:00:00:01', '02:00:00:00:00:01'],
    ['1.5:30', '1.5:30'],
    ['2024-01-01', '2024-01-01'],
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['192.168.1.240-192.168.1.250', '192.168.1.240-192.168.1.250'],
    ['"quoted"', 'quoted'],
    ['"yes"', 'yes'],
    ["'0777'", '0777'],
    ['!!str 5', '5'],
    ['!!binary aGk=', 'aGk='],
  ])('%s', (text, value) => {
    expect(objectsIn(`a: ${text}`)).toEqual([{ a: value }]);
  });
});

describe('documents', () => {
  test.each([
    ['nothing', '', []],
    ['only comments', '# nothing here\n', []],
    ['several, empty ones between', 'a: 1\n---\n# nothing\n---\nb: 2\n...\n---\n', [{ a: 1 }, { b: 2 }]],
    ['JSON', '{"a": 1, "b": [true, null]}', [{ a: 1, b: [true, null] }]],
    ['JSON indented with tabs', '{\n\t"a": 1,\n\t"b": [\n\t\t1\n\t]\n}', [{ a: 1, b: [1] }]],
    ['a byte order mark', '\ufeffa: 1', [{ a: 1 }]],
    ['Windows line ends', 'a: 1\r\nb: 2\r\n', [{ a: 1, b: 2 }]],
    ['anchors and merge keys', 'a: &a {x: 1}\nb: {<<: *a, z: 2}', [{ a: { x: 1 }, b: { x: 1, z: 2 } }]],
    ['a version directive, which kubectl passes over', '%YAML 1.2\n---\na: yes', [{ a: true }]],
    ['something that is no object', '- 1\n', [[1]]],
  ])('%s', (_, text, objects) => {
    expect(objectsIn(text)).toEqual(objects);
    expect(problemsIn(text)).toEqual([]);
  });

  test('a key named __proto__ is a key', () => {
    const [object] = objectsIn('__proto__: {polluted: true}');
    expect(Object.hasOwn(Object(object), '__proto__')).toBe(true);
    expect(Object(object).polluted).toBeUndefined();
  });

  test('before a mistake are kept, those after it are not', () => {
    const { documents, issues } = readManifests('a: 1\n---\nb: b: c\n---\nd: 1\n', 'f.yaml');
    expect(documents.map(({ object }) => object)).toEqual([{ a: 1 }]);
    expect(issues).toHaveLength(1);
  });
});

describe('a mistake is told with its place', () => {
  test.each([
    ['a tab', 'a:\n\tb: 1', 'f.yaml:2:1 a tab where spaces must stand'],
    ['two colons', 'a: 1\nb: c: d', 'f.yaml:2:4 a second "key:" inside a value'],
    ['an open quote', 'a: "x', 'f.yaml:1:6 the file ends, or the indentation, before a closing "'],
    ['an open bracket', 'a:\n  b: [1, 2\n', 'f.yaml:3:1 the file ends, or the indentation, before a closing ]'],
    ['a file cut short', 'metadata:\n  name: x\n  names', 'f.yaml:3:3 implicit map keys need to be followed by map values'],
    ['wrong indentation', 'a:\n  - b\n c: 1', 'f.yaml:3:1 indented differently'],
    ['a reserved character', 'a: @x', 'f.yaml:1:4 a value that begins with a character YAML reserves'],
    ['a key given twice', 'x: 1\ny: 2\nx: 3', 'f.yaml:3:1 the key "x" is given twice'],
    ['a key given twice, deep down', 'a:\n  - b: 1\n    b: 2', 'f.yaml:3:5 the key "b" is given twice'],
    ['an unknown alias', 'a: *nope', 'f.yaml:1:4 the alias *nope has no anchor &nope before it'],
    ['an alias inside itself', 'a: &x [*x]', 'f.yaml:1:8 the alias *x stands inside the value it stands for'],
  ])('%s', (_, text, told) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining(`YAML_MALFORMED ${told}`)]);
  });
});

describe('what could exhaust the process is refused', () => {
  const bomb = Array.from({ length: 9 }, (_, i) => {
    const below = i === 0 ? 'x' : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array(9).fill(below).join(',')}]\n`;
  }).join('');

  test.each([
    ['aliases of aliases', bomb, 'its aliases expand to more than is read'],
    ['deep flow nesting', '['.repeat(1_000_000), 'nested more than 200 levels deep'],
    ['deep sequences', '- '.repeat(500_000), 'nested more than 200 levels deep'],
    ['deep mappings', '{"a":'.repeat(300_000), 'nested more than 200 levels deep'],
    ['explicit keys', '? '.repeat(300_000), 'nested more than 200 levels deep'],
    [
      'deep indentation',
      Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
      'nested more than 200 levels deep',
    ],
  ])('%s', (_, text, told) => {
    expect(problemsIn(text)).toEqual([expect.stringContaining(told)]);
  });

  test('a huge file', () => {
    expect(problemsIn('#'.repeat(MAX_FILE_BYTES + 1))).toEqual([
      'FILE_UNREADABLE f.yaml the file is bigger than 8 MiB, and is not read',
    ]);
  });
});

describe('locate', () => {
  const text = `# a pool
apiVersion: metallb.io/v1beta1
metadata:
  name: x
  annotations:
    metallb.io/address-pool: p
spec:
  addresses:
    - 192.0.2.1
    - 192.0.2.2
  flow: {a: [1, 2]}
  foo: bar
  empty:
---
second: document
`;
  const documents = readManifests(text, 'f.yaml').documents;

  test.each([
    ['', 2, 1],
    ['metadata.name', 4, 9],
    ['spec.addresses', 8, 3],
    ['spec.addresses[1]', 10, 7],
    ['spec.addresses[7]', 8, 3],
    ['spec.flow.a[1]', 11, 17],
    ['spec.foo', 12, 8],
    ['spec.empty', 13, 3],
    ['spec.nope.deeper', 7, 1],
    ['nope', 2, 1],
    ['metadata.annotations["metallb.io/address-pool"]', 6, 30],
    ['metadata.annotations.metallb.io/address-pool', 6, 30],
  ])('%s', (path, line, column) => {
    expect(documents[0]?.locate(path)).toEqual({ file: 'f.yaml', line, column });
  });

  test('knows the documents apart', () => {
    expect(documents[1]?.locate('second')).toEqual({ file: 'f.yaml', line: 15, column: 9 });
  });
});

test('what the writer writes, the reader reads back', () => {
  const value = {
    words: [
      'yes',
      'no',
      'on',
      '0777',
      '0o17',
      '1e3',
      '12:34:56',
      '02:00:00:00:00:01',
      '2024-01-01',
      '~',
      '',
      ' x',
      'a: b',
      '# c',
    ],
    addresses: ['192.168.1.240', '2001:db8::1', '1:2:3:4:5:6:7:8'],
    text: 'two\nlines\n',
    shared: Array(3).fill({ a: 1 }),
    number: 7,
    nothing: null,
  };
  expect(objectsIn(formatYaml(value))).toEqual([value]);
  expect(formatYaml({ mac: '02:00:00:00:00:01', big: 9223372036854775807n })).toBe(
    'mac: "02:00:00:00:00:01"\nbig: 9223372036854775807\n',
  );
});
