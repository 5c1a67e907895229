/**
 * Flags of MetalLB that mean nothing here: accepted, so that its manifests start, and said to mean nothing.
 */
import { type Command, Option } from 'commander';

/** Each as `--name` or `--name <value>`. */
export function addIgnored(command: Command, flags: readonly string[]): void {
  for (const one of flags) command.addOption(new Option(one, 'means nothing here').hideHelp());
}

export function tellIgnored(command: Command, flags: readonly string[]): void {
  for (const one of flags) {
    const option = new Option(one);
    if (command.getOptionValue(option.attributeName()) !== undefined) process.stderr.write(`${option.long} means nothing here\n`);
  }
}
