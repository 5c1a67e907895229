import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

test.each(['agent', 'controller', 'speaker', 'lint', 'plan'])(
  '%s --help needs nobody who reads it to its end',
  async (command) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'agents/cli/main.ts', command, '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code, said }).toEqual({ code: 0, said: '' });
  },
);
