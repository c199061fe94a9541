/** Examples of a command: in its help, and in the man page. */
import type { Command } from 'commander';

/** A command line, and what it does. */
export type Example = [line: string, does: string];

const EXAMPLES = new WeakMap<Command, Example[]>();

export function addExamples(command: Command, examples: Example[]): Command {
  EXAMPLES.set(command, examples);
  const lines = examples.map(([line, does]) => `  # ${does}\n  $ ${line}\n`);
  return addHelpSection(command, 'Examples:', lines.join('\n').trimEnd());
}

/** A titled text below what commander itself writes. */
export function addHelpSection(command: Command, title: string, text: string): Command {
  return command.addHelpText('after', () => `\n${command.createHelp().styleTitle(title)}\n${text}`);
}

export function examplesOf(command: Command): Example[] {
  return EXAMPLES.get(command) ?? [];
}
