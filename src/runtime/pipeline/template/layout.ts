/**
 * Layout: places that depend on where they stand. Lengths are of what follows and checksums of what came before, so
 * paddings are made first, lengths from the right to the left, then checksums from the left to the right.
 */
import type { Arguments } from './arguments.ts';
import { CHECKSUMS, type Checksum } from './checksums.ts';
import { checkOutput, LARGEST_OUTPUT, spend } from './effort.ts';
import { ArgumentError } from './expression.ts';
import { integerWriter, leb128 } from './integers.ts';
import { TemplateFault } from './template-error.ts';

export type Laid =
  /** Fills up to `size` bytes from the start of the output on. */
  | { readonly lay: 'pad'; readonly size: number; readonly byte: number }
  /** @param write given the bytes that follow */
  | { readonly lay: 'length'; readonly size: number | null; write(following: number): Uint8Array }
  | { readonly lay: 'checksum'; readonly size: number; readonly from: number; readonly checksum: Checksum };

/** The place that its first word names; undefined when it is none of these, and no word is taken. */
export function laidPlace(words: Arguments): Laid | undefined {
  const name = words.peek() ?? '';
  if (!isLaidName(name)) return undefined;
  words.word(name);
  if (name === 'pad') return pad(words);
  if (Object.hasOwn(CHECKSUMS, name)) {
    const checksum = CHECKSUMS[name]!;
    const from = words.optionalNumber(name) ?? 0;
    if (from < 0) throw new ArgumentError(`${name} begins at an offset of the output, not at ${from}`);
    return { lay: 'checksum', size: checksum.size, from, checksum };
  }
  if (name === 'varint') {
    const plus = words.optionalNumber(name) ?? 0;
    return { lay: 'length', size: null, write: (following) => leb128(fitting(name, following + plus, 2 ** 31)) };
  }
  const plus = words.optionalNumber(name) ?? 0;
  const { size, largest, write } = integerWriter(name);
  const most = Number(largest);
  return { lay: 'length', size, write: (following) => write(BigInt(fitting(name, following + plus, most))) };
}

function isLaidName(name: string): boolean {
  return Object.hasOwn(CHECKSUMS, name) || /^(?:pad|varint|len(?:8|(?:16|32)(?:be|le)))$/.test(name);
}

function pad(words: Arguments): Laid {
  const size = words.number('pad');
  const byte = Number(words.expression('pad').integer ?? -1n);
  if (size < 0 || size > LARGEST_OUTPUT) throw new ArgumentError(`pad goes up to ${LARGEST_OUTPUT} bytes`);
  if (byte < 0 || byte > 255) throw new ArgumentError('pad needs a byte, e.g. 0x20');
  return { lay: 'pad', size, byte };
}

function fitting(name: string, length: number, largest: number): number {
  if (length >= 0 && length <= largest) return length;
  throw new TemplateFault(`${name}: ${length} does not fit`);
}

/** The output of parts, of which those that are bytes are filled in. */
export function lay(parts: readonly (Uint8Array | Laid)[]): Uint8Array {
  const filled = parts.map((part) =>
    part instanceof Uint8Array ? part : part.lay === 'checksum' ? new Uint8Array(part.size) : null,
  );
  padAll(parts, filled);
  let following = 0;
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]!;
    if (!(part instanceof Uint8Array) && part.lay === 'length') filled[i] = part.write(following);
    following += filled[i]!.length;
    checkOutput(following);
  }
  const output = Buffer.concat(filled as Uint8Array[]);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (!(part instanceof Uint8Array) && part.lay === 'checksum') sum(output, at, part);
    at += filled[i]!.length;
  }
  return output;
}

/** No padding stands behind a length whose size is not known before: that is refused when it is compiled. */
function padAll(parts: readonly (Uint8Array | Laid)[], filled: (Uint8Array | null)[]): void {
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (!(part instanceof Uint8Array) && part.lay === 'pad')
      filled[i] = Buffer.alloc(Math.max(0, part.size - at), part.byte);
    at += filled[i]?.length ?? (part as { size: number }).size;
  }
}

function sum(output: Uint8Array, at: number, { from, checksum }: Extract<Laid, { lay: 'checksum' }>): void {
  if (from > at) throw new TemplateFault(`the checksum begins at ${from}, behind its place at ${at}`);
  spend(at - from);
  output.set(checksum.of(output.subarray(from, at)), at);
}
