/** HTTP in a lab: a server that answers with its host's name, and curl. */
import type { ChildProcess } from 'node:child_process';
import { compileNative } from './native.js';
import type { Host } from './network.js';

/** Serves 200 with the host's name on every address of `host`. Resolves once it listens; ends with the network. */
export async function serve(host: Host, port = 80, text: string = host.name): Promise<ChildProcess> {
  const child = host.spawn(await compileNative('httpd'), [String(port), text], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error(`the HTTP server ended on ${host.name}`)));
  });
  return child;
}

export interface HttpAnswer {
  /** The status, 0 when there was no answer. */
  readonly code: number;
  readonly body: string;
}

export async function curl(host: Host, url: string, timeoutMs = 2000): Promise<HttpAnswer> {
  const { stdout } = await host.run('curl', ['-s', '-m', String(timeoutMs / 1000), '-w', '\n%{http_code}', url]);
  const cut = stdout.lastIndexOf('\n');
  return { code: Number(stdout.slice(cut + 1)), body: stdout.slice(0, Math.max(cut, 0)) };
}
