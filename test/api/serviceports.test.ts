import { describe, expect, test } from 'vitest';
import { portMistakes } from '../../src/api/serviceports.js';

describe('the ports of a Service', () => {
  test.each<[string, Parameters<typeof portMistakes>[0], readonly string[]]>([
    ['may be one without a name', [{ port: 80 }], []],
    [
      'may be one number over two protocols',
      [
        { name: 'a', port: 53 },
        { name: 'b', port: 53, protocol: 'UDP' },
      ],
      [],
    ],
    [
      'need names where they are several',
      [{ port: 80 }, { name: 'b', port: 443 }],
      ['spec.ports[0].name: is missing; a Service with 2 ports names each of them'],
    ],
    [
      'have different names',
      [
        { name: 'a', port: 80 },
        { name: 'a', port: 443 },
      ],
      ['spec.ports[1].name: another port is named "a" too'],
    ],
    [
      'have different numbers',
      [
        { name: 'a', port: 80 },
        { name: 'b', port: 80, protocol: 'TCP' },
      ],
      ['spec.ports[1].port: another port is TCP/80 too'],
    ],
  ])('%s', (_, ports, expected) => {
    expect(portMistakes(ports).map(({ code, path, message }) => [code, `${path}: ${message}`])).toEqual(
      expected.map((text) => ['SERVICE_INVALID', text]),
    );
  });
});
