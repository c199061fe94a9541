/** `listenpost completion`: scripts that complete commands, flags and names of listeners. */
import { Argument, type Command } from 'commander';
import { bash } from '../completion/bash.ts';
import { type CommandDefinition, definitionsOf } from '../completion/definitions.ts';
import { fish } from '../completion/fish.ts';
import { zsh } from '../completion/zsh.ts';
import { addExamples } from '../examples.ts';

const SHELLS: Record<string, (commands: CommandDefinition[]) => string> = { bash, zsh, fish };

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(SHELLS)))
    .action((shell: string) => void process.stdout.write(SHELLS[shell]!(definitionsOf(program))));
  addExamples(command, [
    ['source <(listenpost completion bash)', 'for this bash; put the line into ~/.bashrc for every one'],
    ['listenpost completion fish > ~/.config/fish/completions/listenpost.fish', 'for every fish'],
  ]);
}
