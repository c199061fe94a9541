/** Completion for zsh. */
import type { ArgumentDefinition, CommandDefinition, CompletionValue, OptionDefinition } from './definitions.ts';

export function zsh(commands: CommandDefinition[]): string {
  return `#compdef listenpost
# zsh completion of listenpost; load it with: source <(listenpost completion zsh)
_listenpost_listeners() {
  local -a names=(\${(f)"$(listenpost ls --names 2>/dev/null)"})
  compadd -a names
}
_listenpost() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(({ name, description }) => `      ${quoted(`${name}:${description}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  (( CURRENT-- ))
  shift words
  case $words[1] in
${commands.map(branch).join('\n')}
  esac
}
if [[ \${funcstack[1]} == _listenpost ]]; then _listenpost "$@"; else compdef _listenpost listenpost; fi
`;
}

function branch({ name, options, arguments: all }: CommandDefinition): string {
  const specs = [...options.flatMap(optionSpecs), ...all.map(argumentSpec)];
  return `    ${name})\n      _arguments \\\n${specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n')} ;;`;
}

function optionSpecs({ flags, description, value }: OptionDefinition): string[] {
  const text = `[${description.replace(/[[\]\\]/g, '\\$&')}]`;
  const [repeatable, rest] = ['*', value === undefined ? '' : `:value:${action(value)}`];
  return flags.map((flag) => `${flag === '--label' ? repeatable : ''}${flag}${text}${rest}`);
}

function argumentSpec({ name, value, variadic }: ArgumentDefinition, index: number): string {
  return `${variadic ? '*' : index + 1}:${name}:${action(value)}`;
}

function action(value: CompletionValue): string {
  if (typeof value === 'object') return `(${value.choices.join(' ')})`;
  return { listener: '_listenpost_listeners', file: '_files', any: ' ' }[value];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
