/** What `--help` says, of the program and of each of its commands. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GENERATED, page } from './markdown.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const run = promisify(execFile);

export async function commandLinePage(): Promise<string> {
  const overview = await help();
  const sections = await Promise.all(commandsIn(overview).map((command) => section(command)));
  return page([
    '# Command line',
    '',
    GENERATED,
    '',
    'Flags beat the environment, the environment beats the defaults. A wrong flag or value ends with one line that names',
    'it, and exit code 2. A duration has its unit: `500ms`, `5s`, `2m`.',
    '',
    ...fenced(overview),
    ...sections.flat(),
  ]);
}

/** A command, and those below it. */
async function section(...command: string[]): Promise<string[]> {
  const text = await help(...command);
  const below = await Promise.all(commandsIn(text).map((name) => section(...command, name)));
  return [`## listenpost ${command.join(' ')}`, '', ...fenced(text), ...below.flat()];
}

function fenced(text: string): string[] {
  return ['```text', text.trimEnd(), '```', ''];
}

async function help(...command: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MAIN, ...command, '--help'], { env: environment() });
  return sameOnAnyMachine(stdout);
}

/** What is set, or how wide a terminal is, must not show. */
function environment(): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return { PATH, NO_COLOR: '1', COLUMNS: '80' };
}

/** The default of `--threads` depends on the number of cores. */
function sameOnAnyMachine(text: string): string {
  return text.replace(/(threads of the shared pool \(default: )\d+/, (_all, before: string) => `${before}2 to 4`);
}

function commandsIn(overview: string): string[] {
  const [, commands = ''] = overview.split('\nCommands:\n');
  return [...commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1]!).filter((name) => name !== 'help');
}
