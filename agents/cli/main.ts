/**
 * The `arpeggio` command. Each command is a file beside this one, loaded only when it is asked for: an agent runs for months and
 * should not hold what `plan` needs. Results go to stdout, everything else to stderr; wrong usage exits with 2.
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { forgetEmpty, fromGo } from './metallbflags.js';

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['agent', async () => (await import('./agent.js')).agentCommand()],
  ['controller', async () => (await import('./controller.js')).controllerCommand()],
  ['lint', async () => (await import('./lint.js')).lintCommand()],
  ['plan', async () => (await import('./plan.js')).planCommand()],
  ['speaker', async () => (await import('./speaker.js')).speakerCommand()],
]);

const [, , name = '', ...rest] = process.argv;
const isAgent = ['agent', 'controller', 'speaker'].includes(name);

/** Whoever reads only the first lines of an answer has what he wants. */
function letReaderGo(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

const program = new Command('arpeggio')
  .description('A Layer 2 load balancer for bare-metal Kubernetes, written, reviewed and operated as code.')
  .version(packageJson.version, '-V, --version')
  .showHelpAfterError('Usage: arpeggio <command> [options]   (--help lists the commands)')
  .exitOverride();

// The log of an agent, which goes on without a reader, is not written here.
if (!isAgent) letReaderGo();
else program.on('beforeAllHelp', letReaderGo);

const asked = COMMANDS.get(name);
for (const load of asked === undefined ? COMMANDS.values() : [asked]) program.addCommand(await load());
const [command] = program.commands;
const isOfMetalLB = asked !== undefined && (name === 'controller' || name === 'speaker');
if (isOfMetalLB) forgetEmpty(process.env);

try {
  const words = isOfMetalLB && command !== undefined ? [name, ...fromGo(rest, command)] : process.argv.slice(2);
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said what is wrong. Help and version end with 0, every wrong use with 2.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
