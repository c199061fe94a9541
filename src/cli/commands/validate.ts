/** `listenpost validate`: what is wrong with configuration files. Needs no service. */
import type { Command } from 'commander';
import type { FileCheck } from '../../config/check.ts';
import { ConfigError } from '../../config/config.ts';
import { addExamples } from '../examples.ts';
import { USAGE } from '../session/failure.ts';
import { count } from '../show/quantity.ts';

type Flags = { json?: boolean; quiet?: boolean };

export function addValidate(program: Command): void {
  const command = program
    .command('validate')
    .description('check configuration files without a service; exit code 0 when they are right, 2 when not')
    .argument('<file...>', 'YAML or JSON, as serve --config takes it')
    .option('--json', 'print the problems as objects, one a line')
    .option('-q, --quiet', 'say nothing about files that are right');
  addExamples(command, [
    ['listenpost validate listenpost.yaml', 'each problem as file:line: what is wrong'],
    ['listenpost validate *.yaml && listenpost serve --config listenpost.yaml', 'start only with what is right'],
  ]).action(validate);
}

async function validate(files: string[], flags: Flags): Promise<void> {
  // Only now: the other commands need no schemas in memory.
  const { checkConfigurationFile } = await import('../../config/check.ts');
  for (const file of files) {
    try {
      const check = checkConfigurationFile(file);
      report(file, check, flags);
      if (check.problems.length > 0) process.exitCode = USAGE;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = USAGE;
    }
  }
}

function report(file: string, { problems, listeners }: FileCheck, { json = false, quiet = false }: Flags): void {
  for (const problem of problems) {
    const { line, message } = problem;
    process.stdout.write(`${json ? JSON.stringify(problem) : `${file}:${line}: ${message}`}\n`);
  }
  if (problems.length === 0 && !quiet) process.stderr.write(`${file}: ${count(listeners, 'listener')}, no problem\n`);
}
