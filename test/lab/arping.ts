/** Who answers for an address, asked with Thomas Habets' arping, as an administrator would. */
import type { Host } from './network.js';

export interface AskOptions {
  /** @default eth0 */
  readonly interfaceName?: string;
  /** How long to wait for an answer. @default 1000 */
  readonly timeoutMs?: number;
}

/** The MAC that answers first when `host` asks for `address`; undefined when nobody does. Where arping itself fails, that is an error. */
export async function ask(
  host: Host,
  address: string,
  { interfaceName = 'eth0', timeoutMs = 1000 }: AskOptions = {},
): Promise<string | undefined> {
  const { code, stdout, stderr } = await host.run('arping', [
    '-r',
    '-C',
    '1',
    '-c',
    '1',
    '-w',
    String(timeoutMs / 1000),
    '-i',
    interfaceName,
    address,
  ]);
  if (code > 1 || stderr !== '') throw new Error(`arping ${address} on ${host.name} ended with ${code}: ${stderr}`);
  return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/m.exec(stdout)?.[0];
}
