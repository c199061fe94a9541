/** `listenpost presets`: responders that are there by name, and their parameters. */
import { Argument, type Command, Option } from 'commander';
import type { Preset } from '../../client/index.ts';
import { PRESET_NAMES, type PresetName } from '../../schemas/preset-names.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { UsageError } from '../session/failure.ts';
import { paint } from '../session/output.ts';
import { inSession, type Session } from '../session/session.ts';
import { table } from '../show/table.ts';

type Flags = { protocol?: 'udp' | 'tcp' };

export function addPresets(program: Command): void {
  const command = program
    .command('presets')
    .description('list the responders that are there by name')
    .addArgument(new Argument('[name]', 'one of them, with its parameters').choices(PRESET_NAMES))
    .addOption(new Option('--protocol <protocol>', 'only for this protocol').choices(['udp', 'tcp']));
  addExamples(addCommon(command), [
    ['listenpost presets', 'all of them'],
    ['listenpost presets smtpSink', 'its parameters'],
    ['listenpost presets dnsStatic --json', 'and the rules it stands for'],
  ]).action(inSession(presets));
}

async function presets({ service, output }: Session, name: PresetName | undefined, query: Flags): Promise<void> {
  const { protocol } = query;
  const all = await service.presets(protocol === undefined ? {} : { protocol });
  const items = name === undefined ? all : all.filter((preset) => preset.name === name);
  if (items.length === 0) throw new UsageError(`${name} is not for ${protocol}`);
  if (output.json) for (const item of items) await output.object(item);
  else if (name === undefined) await output.line(listing(items));
  else await output.line(details(items[0]!));
}

function listing(items: readonly Preset[]): string {
  const rows = items.map(({ name, protocols, description }) => [name, protocols.join(' '), description]);
  const [head = '', ...lines] = table([['NAME', 'FOR', 'DOES'], ...rows]);
  return [paint('bold', head), ...lines].join('\n');
}

type Parameter = { default?: unknown; description?: string };

function details({ description, protocols, with: parameters }: Preset): string {
  const entries = Object.entries(parameters as Record<string, Parameter>);
  const rows = entries.map(([name, parameter]) => [
    name,
    parameter.description ?? '',
    JSON.stringify(parameter.default) ?? '',
  ]);
  const [head = '', ...lines] = table([['PARAMETER', 'DOES', 'DEFAULT'], ...rows]);
  const shown = rows.length === 0 ? ['no parameters'] : [paint('bold', head), ...lines];
  return [`${description} For ${protocols.join(' and ')}.`, ...shown].join('\n');
}
