/** Completion for bash. Names of listeners are asked of the service. */
import type { CommandDefinition, CompletionValue, OptionDefinition } from './definitions.ts';

export function bash(commands: CommandDefinition[]): string {
  return `# bash completion of listenpost; load it with: source <(listenpost completion bash)
_listenpost() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} help' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${commands.flatMap(afterOptions).join('\n')}
    *)
      case "\${COMP_WORDS[1]} $current" in
${commands.map(optionWords).join('\n')}
${commands.map(argumentWords).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _listenpost listenpost
`;
}

/** What follows an option that takes a value. */
function afterOptions({ name, options }: CommandDefinition): string[] {
  return options
    .filter((option): option is OptionDefinition & { value: CompletionValue } => option.value !== undefined)
    .map(({ flags, value }) => `    ${flags.map((flag) => `'${name} ${flag}'`).join('|')}) ${action(value)} ;;`);
}

function optionWords({ name, options }: CommandDefinition): string {
  return `        '${name} -'*) words='${options.flatMap(({ flags }) => flags).join(' ')}' ;;`;
}

/** Every argument's words: bash does not say which of them is meant. */
function argumentWords({ name, arguments: all }: CommandDefinition): string {
  const values = all.map(({ value }) => value);
  if (values.includes('file')) return `        '${name} '*) return ;;`;
  const words = values.flatMap((value) => (typeof value === 'object' ? value.choices : []));
  return `        '${name} '*) words="${[...words, ...(values.includes('listener') ? [NAMES] : [])].join(' ')}" ;;`;
}

/** In vain where no service runs. */
const NAMES = '$(listenpost ls --names 2>/dev/null)';

/** An empty answer makes bash complete files. */
function action(value: CompletionValue): string {
  if (typeof value === 'object') return `words='${value.choices.join(' ')}'`;
  return value === 'listener' ? `words="${NAMES}"` : 'return';
}
