/**
 * Where an agent listens, as an option says it.
 */
import { InvalidArgumentError } from 'commander';

export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) throw new InvalidArgumentError('Write port, host:port or [address]:port.');
  return { host: match[1]?.replace(/^\[|\]$/g, '') ?? '0.0.0.0', port };
}
