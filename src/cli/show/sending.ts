/** Follows a send to its end and shows what came of it: replies as data, the rest as talk. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Reply, type Send, SendError, type SendView } from '../../client/index.ts';
import { passedOverText } from '../../sends/import/account.ts';
import type { Output } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import { endpoint } from './lines.ts';
import { printable } from './printable.ts';
import { Progress } from './progress.ts';
import { bytes, count, elapsed } from './quantity.ts';

/** Milliseconds between two looks: the first, and the longest. */
const FIRST = 5;
const LONGEST = 200;
/** Milliseconds that an answer may take which is needed to cancel. */
const GRACE = 500;

/** Cancels it when the command ends before it does. Rejects with SendError when it failed. */
export async function follow({ output, signal, atEnd }: Session, starting: Promise<Send>): Promise<void> {
  const progress = new Progress(output.showsProgress ? process.stderr : undefined);
  atEnd(async () => {
    progress.end();
    const send = await Promise.race([starting.catch(() => undefined), sleep(GRACE, undefined, { ref: false })]);
    if (send?.state === 'running') output.say(`cancelled: ${summary((await send.cancel()).view)}`);
  });
  const send = await starting;
  output.warn(send.view.warnings);
  for (let pause = FIRST; send.state === 'running'; pause = Math.min(pause * 2, LONGEST)) {
    await sleep(pause, undefined, { signal });
    const { view } = await send.refresh();
    progress.update(view.progress, `${count(view.sent, 'payload')}, ${bytes(view.bytes)}`);
  }
  progress.end();
  await showResult(output, send);
}

async function showResult(output: Output, send: Send): Promise<void> {
  if (output.json) await output.object(send.view);
  else for (const reply of send.replies) await output.write(replyData(output, reply));
  if (send.state === 'failed') throw new SendError(send.view);
  output.say(summary(send.view));
}

/** As it came, on lines of its own; on a terminal without what that would obey. */
function replyData({ isTerminal }: Output, { bytes }: Reply): Uint8Array | string {
  if (isTerminal) return `${printable(bytes)}\n`;
  return bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);
}

function summary({ sent, bytes: size, remote, local, elapsedMs, errors, import: account }: SendView): string {
  const way = `${remote === null ? '' : ` to ${endpoint(remote)}`}${local === null ? '' : ` from ${endpoint(local)}`}`;
  const failed = errors === 0 ? '' : `, ${count(errors, 'error')}`;
  const left = account === undefined ? '' : passedOverText(account);
  return `sent ${count(sent, 'payload')}, ${bytes(size)}${way} in ${elapsed(elapsedMs)}${failed}${left}`;
}
