/** Puts frames on the wire exactly as given: malformed, random, cut short or too long ones included. */
import { compileNative } from './native.js';
import type { Host } from './network.js';

export interface InjectOptions {
  /** @default 1 */
  readonly count?: number;
  /** @default eth0 */
  readonly interfaceName?: string;
}

/** False when the kernel refuses the frame (shorter than an Ethernet header, longer than the MTU allows). */
export async function inject(
  host: Host,
  frame: Uint8Array,
  { count = 1, interfaceName = 'eth0' }: InjectOptions = {},
): Promise<boolean> {
  const input = `${Buffer.from(frame).toString('hex')}\n`;
  const { code } = await host.run(await compileNative('inject'), [interfaceName, '-', String(count)], { input });
  return code === 0;
}
