/** Completion for fish. */
import type { CommandDefinition, CompletionValue, OptionDefinition } from './definitions.ts';

export function fish(commands: CommandDefinition[]): string {
  return `# fish completion of listenpost; load it with: listenpost completion fish | source
complete -c listenpost -f
${commands.flatMap(lines).join('\n')}
`;
}

function lines({ name, description, options, arguments: all }: CommandDefinition): string[] {
  const here = `complete -c listenpost -n '__fish_seen_subcommand_from ${name}'`;
  return [
    `complete -c listenpost -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...options.map((option) => `${here}${optionText(option)}`),
    ...all.map(({ value }) => `${here}${action(value)}`).filter((line) => line !== here),
  ];
}

function optionText({ flags, description, value }: OptionDefinition): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join('');
  return `${names}${value === undefined ? '' : ` -r${action(value)}`} -d ${quoted(description)}`;
}

function action(value: CompletionValue): string {
  if (typeof value === 'object') return ` -a ${quoted(value.choices.join(' '))}`;
  return { listener: ` -a '(listenpost ls --names 2>/dev/null)'`, file: ' -F', any: '' }[value];
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
