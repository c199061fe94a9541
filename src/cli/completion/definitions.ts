/** The commands as completions and the man page need them, read from commander's own definitions. */
import type { Argument, Command, Option } from 'commander';

/** What may stand somewhere. */
export type CompletionValue = { choices: readonly string[] } | 'listener' | 'file' | 'any';
export type OptionDefinition = {
  /** `-o`, `--output` */
  flags: string[];
  description: string;
  /** Undefined for a switch. */
  value: CompletionValue | undefined;
};
export type ArgumentDefinition = { name: string; description: string; value: CompletionValue; variadic: boolean };
export type CommandDefinition = {
  name: string;
  description: string;
  options: OptionDefinition[];
  arguments: ArgumentDefinition[];
};

export function definitionsOf(program: Command): CommandDefinition[] {
  return program.createHelp().visibleCommands(program).map(definitionOf);
}

function definitionOf(command: Command): CommandDefinition {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    arguments: command.registeredArguments.map(argumentOf),
  };
}

function optionOf(option: Option): OptionDefinition {
  const { short, long, required, optional, argChoices, description, flags } = option;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? '';
  const value = required || optional ? whatFits(placeholder, argChoices) : undefined;
  return { flags: [short, long].filter((flag) => flag !== undefined), description, value };
}

function argumentOf(argument: Argument): ArgumentDefinition {
  const { argChoices, variadic, description } = argument;
  const name = argument.name();
  return { name, description, variadic, value: whatFits(name, argChoices) };
}

/** Placeholders are words of the house, each with one meaning. */
function whatFits(placeholder: string, choices: readonly string[] | undefined): CompletionValue {
  if (choices !== undefined) return { choices };
  if (placeholder === 'listener' || placeholder === 'to' || placeholder === 'place') return 'listener';
  return placeholder === 'file' || placeholder === 'directory' ? 'file' : 'any';
}
