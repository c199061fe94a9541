/** Writes the messages that a wait brought, also when they were too few. */
import { type Message, WaitError } from '../../client/index.ts';
import type { Output } from '../session/output.ts';
import { type LineOptions, messageLine } from './lines.ts';

export async function showMessages(output: Output, options: LineOptions, waiting: Promise<Message[]>): Promise<void> {
  try {
    await show(output, options, await waiting);
  } catch (error) {
    if (error instanceof WaitError) await show(output, options, error.messages);
    throw error;
  }
}

async function show(output: Output, options: LineOptions, messages: Message[]): Promise<void> {
  for (const message of messages) await output.show(message, () => messageLine(message, options));
}
