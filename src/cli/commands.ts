/** The commands that talk to a service, in the order of the help. */
import type { Command } from 'commander';
import { addClear } from './commands/clear.ts';
import { addCompletion } from './commands/completion.ts';
import { addExport } from './commands/export.ts';
import { addListen } from './commands/listen.ts';
import { addLs } from './commands/ls.ts';
import { addPresets } from './commands/presets.ts';
import { addReplay } from './commands/replay.ts';
import { addReply } from './commands/reply.ts';
import { addReset } from './commands/reset.ts';
import { addRm } from './commands/rm.ts';
import { addRules } from './commands/rules.ts';
import { addSend } from './commands/send.ts';
import { addShow } from './commands/show.ts';
import { addTail } from './commands/tail.ts';
import { addValidate } from './commands/validate.ts';
import { addVerify } from './commands/verify.ts';
import { addWait } from './commands/wait.ts';

const COMMANDS = [
  addListen,
  addSend,
  addWait,
  addVerify,
  addTail,
  addLs,
  addShow,
  addReply,
  addRules,
  addPresets,
  addClear,
  addRm,
  addReset,
  addExport,
  addReplay,
  addValidate,
  addCompletion,
];

export function addCommands(program: Command): void {
  for (const add of COMMANDS) add(program);
}
