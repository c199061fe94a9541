/** Where the bytes of a send come from: the argument, a flag, a file, or standard input. */
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { type Command, Option } from 'commander';
import { UsageError } from '../session/failure.ts';

export type PayloadFlags = { hex?: string; base64?: string; file?: string; template?: boolean };
type PayloadText = { text: string } | { hex: string } | { base64: string };

export function addPayload(command: Command): Command {
  return command
    .addOption(new Option('--hex <digits>', 'payload as hex digits, e.g. "00 ff"'))
    .addOption(new Option('--base64 <text>', 'payload as base64'))
    .addOption(new Option('-f, --file <file>', 'payload from a file'));
}

/** Exactly one source must be given. */
export async function payloadOf(
  text: string | undefined,
  flags: PayloadFlags,
  signal: AbortSignal,
): Promise<PayloadText> {
  const { hex, base64, file } = flags;
  if ([text, hex, base64, file].filter((source) => source !== undefined).length !== 1) {
    throw new UsageError('give one payload: TEXT, --hex, --base64, --file, or - for standard input');
  }
  if (hex !== undefined) return { hex };
  if (base64 !== undefined) return { base64 };
  if (file === undefined && text !== '-') return { text: text! };
  const bytes = await readInput(file ?? '-', signal);
  return flags.template ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
}

/** A file, or standard input for `-`, which the signal ends. Rejects with the error of the system. */
export async function readInput(file: string, signal: AbortSignal): Promise<Buffer<ArrayBuffer>> {
  if (file !== '-') return Buffer.from(await readFile(file));
  if (process.stdin.isTTY) process.stderr.write('reading the payload from the terminal; Ctrl-D ends it\n');
  const pieces: Buffer[] = [];
  for await (const piece of addAbortSignal(signal, process.stdin)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
