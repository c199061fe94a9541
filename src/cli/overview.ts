/** What the help of the program says beyond its commands; the man page says the same. */
import type { Command } from 'commander';
import { addExamples, addHelpSection } from './examples.ts';

export const EXIT_CODES: [code: string, meaning: string][] = [
  ['0', 'done, satisfied, passed'],
  ['1', 'not done: not satisfied in time, not passed, not sent, refused by the service, service not reachable'],
  ['2', 'wrong usage: a flag, a value or a combination of them'],
  ['130', 'ended by Ctrl-C (143: by SIGTERM, 129: by SIGHUP)'],
];

export function addOverview(program: Command): void {
  addExamples(program, [
    ['listenpost serve', 'run the service'],
    ['listenpost listen udp 9000 --echo', 'in a second terminal: answer datagrams and print them'],
    ['listenpost send udp 127.0.0.1:9000 "Hola server" --expect-reply 1', 'in a third'],
  ]);
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  addHelpSection(program, 'Exit codes:', codes.join('\n'));
}
