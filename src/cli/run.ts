/** The commands of `listenpost`. Usage errors end with one line on stderr and exit code 2. */
import { styleText } from 'node:util';
import { Command, CommanderError, Option } from 'commander';
import { addSettings, ConfigError, configOf, withFile } from '../config/config.ts';
import type { ConfigurationFile } from '../config/file.ts';
import { dropServiceAddress } from '../environment.ts';
import { VERSION } from '../version.ts';
import { addHealthcheck } from './commands/healthcheck.ts';
import { addCommands } from './commands.ts';
import { addOverview } from './overview.ts';
import { reportFailure, USAGE } from './session/failure.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

/** Parses the arguments and runs the command they name. */
export async function run(argv: string[]): Promise<void> {
  process.stdout.on('error', outputBroke);
  const ignored = dropServiceAddress(process.env);
  try {
    await createProgram(ignored).parseAsync(argv);
  } catch (error) {
    process.exitCode = exitCode(error);
  }
}

/** The definitions alone: completions and the man page are made of them too. `notice` is what the log says at a start. */
export function createProgram(notice?: string): Command {
  const program = new Command('listenpost')
    .description('Programmable UDP and TCP endpoints for people who test networked software.')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) })
    .configureOutput({
      outputError: (text, write) => write(`${withExample(program, text.trim().replaceAll('\n', ' '))}\n`),
    });
  addServe(program, notice);
  addHealthcheck(program);
  addCommands(program);
  addOverview(program);
  return program;
}

/** A word that needs no quotes. */
const EXAMPLE = /e\.g\. ([\w./:-]*\w)/;

/** A flag that lacks its value is shown with one: that of its description. */
function withExample(program: Command, error: string): string {
  const [, flag] = /^error: option '(?:-\w, )?(--[\w-]+) .*' argument missing$/.exec(error) ?? [];
  const options = program.commands.flatMap((command) => command.options);
  const example = options
    .filter(({ long }) => long === flag)
    .map(({ description }) => EXAMPLE.exec(description)?.[1])
    .find((word) => word !== undefined);
  return example === undefined ? error : `${error}; write e.g. ${flag} ${example}`;
}

/** A reader that has enough, as `head` has, is no failure. */
function outputBroke(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = reportFailure(error);
}

function addServe(program: Command, notice: string | undefined): void {
  const serving = addSettings(program.command('serve').description('run the service')).addOption(
    new Option('--config <file>', 'settings and listeners in YAML; read again on SIGHUP').env('LISTENPOST_CONFIG'),
  );
  serving.action(async (options) => {
    // Only now: help, errors and the other commands need no server in memory.
    const file = options.config === undefined ? undefined : await readFile(options.config);
    const settings = withFile(options, file?.settings ?? {}, (name) => serving.getOptionValueSource(name));
    const config = configOf(settings);
    keepYoungGenerationSmall();
    const { serve } = await import('./serve.ts');
    await serve(config, file, notice);
  });
}

async function readFile(path: string): Promise<ConfigurationFile> {
  const { readConfigurationFile } = await import('../config/file.ts');
  return readConfigurationFile(path);
}

/** commander has written its own line already; ours is written here. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  return USAGE;
}
