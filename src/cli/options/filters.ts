/** The filters of messages as flags. What they mean is said once, for the API too. */
import { type Command, Option } from 'commander';
import type { Filter } from '../../client/index.ts';
import { FILTER_DESCRIPTIONS } from '../../schemas/filter-descriptions.ts';

/** Their heading in the help. */
export const FILTER_GROUP = 'Filters, together an "and":';

type Name = keyof typeof FILTER_DESCRIPTIONS;
/** `--hex` and `--json` say how output is written, so these two filters have other names. */
export type FilterFlags = Omit<Filter, 'hex' | 'json'> & { bytes?: string; value?: string };

const FLAGS: [name: Name, flag: string][] = [
  ['direction', '--direction <way>'],
  ['remote', '--remote <peer>'],
  ['connection', '--connection <id>'],
  ['since', '--since <time>'],
  ['until', '--until <time>'],
  ['minSize', '--min-size <bytes>'],
  ['maxSize', '--max-size <bytes>'],
  ['text', '--text <text>'],
  ['hex', '--bytes <hex>'],
  ['regex', '--regex <pattern>'],
  ['json', '--value </pointer=value>'],
  ['thread', '--thread <name>'],
  ['rule', '--rule <name>'],
  ['unmatched', '--unmatched'],
  ['kind', '--kind <kinds>'],
];

export function addFilters(command: Command): Command {
  for (const [name, flag] of FLAGS) {
    const option = new Option(flag, phrase(FILTER_DESCRIPTIONS[name])).helpGroup(FILTER_GROUP);
    command.addOption(name === 'direction' ? option.choices(['in', 'out']) : option);
  }
  return command;
}

/** The filter that the flags of a command make. */
export function filterOf(flags: FilterFlags): Filter {
  const named = { ...flags, hex: flags.bytes, json: flags.value } as Record<string, unknown>;
  const given = FLAGS.map(([name]) => [name, named[name]] as const).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Filter;
}

/** A sentence of the schema as the help writes it. */
function phrase(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}
