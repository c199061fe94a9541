/** The flags that every command that talks to a service has. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_URL } from './service-url.ts';

export type CommonFlags = {
  url?: string;
  token?: string;
  json?: boolean;
  quiet?: boolean;
  /** Of those commands that have it. */
  timeout?: string;
};

/** Their heading in the help. */
export const COMMON_GROUP = 'Service and output:';

export function addCommon(command: Command): Command {
  const options = [
    new Option('--url <url>', `where the service is (default: ${DEFAULT_URL})`).env('LISTENPOST_URL').argParser(url),
    new Option('--token <secret>', 'bearer token of the service').env('LISTENPOST_TOKEN'),
    new Option('--json', 'print the objects of the API, one a line'),
    new Option('-q, --quiet', 'say nothing on standard error but errors'),
    new Option('--no-color', 'no colors; NO_COLOR does the same'),
  ];
  for (const option of options) command.addOption(option.helpGroup(COMMON_GROUP));
  return command.on('option:no-color', forgetColor);
}

/** A URL; `host:port` alone will do. An empty variable of the environment is as good as none. */
function url(text: string): string {
  const full = text === '' || /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (full === '' || (URL.canParse(full) && !/\s/.test(full))) return full;
  throw new InvalidArgumentError(`Expected a URL, e.g. ${DEFAULT_URL}.`);
}

/** styleText and commander both look at these. */
function forgetColor(): void {
  process.env.NO_COLOR = '1';
  delete process.env.FORCE_COLOR;
  delete process.env.CLICOLOR_FORCE;
}
