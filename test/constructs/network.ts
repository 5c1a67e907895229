/** What tests of constructs need of an app: an empty chart, and what synth says of it. */
import { App, Chart } from 'cdk8s';
import { beforeEach, vi } from 'vitest';
import { Subnet } from '../../constructs/index.js';

export const emptyChart = (): Chart => new Chart(new App(), 'net', { disableResourceNameHashes: true });

/** Every error of the app with the path of the construct that tells it, as cdk8s collects them. */
export const errorsOf = (chart: Chart): readonly (readonly [string, string])[] =>
  chart.node.root.node
    .findAll()
    .flatMap((construct) => construct.node.validate().map((text) => [construct.node.path, text] as const));

export const lanIn = (chart: Chart): Subnet =>
  new Subnet(chart, 'lan', {
    cidr: '192.168.1.0/24',
    gateway: '192.168.1.1',
    dhcp: ['192.168.1.100-192.168.1.199'],
    nodes: ['192.168.1.10-192.168.1.12'],
    reserved: ['192.168.1.250'],
  });

/** `run` without its warnings. */
export function quietly<T>(run: () => T): T {
  const spy = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return run();
  } finally {
    spy.mockRestore();
  }
}

/** The lines of standard error, which warnings are written to; anew for each test. */
export function catchWarnings(): readonly string[] {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text).trimEnd()) > 0);
    return () => spy.mockRestore();
  });
  return lines;
}
