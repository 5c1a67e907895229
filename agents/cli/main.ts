/**
 * The `arpeggio` command. Each command is a file beside this one; results go to stdout, everything else to stderr; wrong usage
 * exits with 2.
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { agentCommand } from './agent.js';
import { lintCommand } from './lint.js';
import { planCommand } from './plan.js';

const program = new Command('arpeggio')
  .description('A Layer 2 load balancer for bare-metal Kubernetes, written, reviewed and operated as code.')
  .version(packageJson.version, '-V, --version')
  .showHelpAfterError('Usage: arpeggio <command> [options]   (--help lists the commands)')
  .exitOverride()
  .addCommand(agentCommand())
  .addCommand(lintCommand())
  .addCommand(planCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said what is wrong. Help and version end with 0, every wrong use with 2.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
