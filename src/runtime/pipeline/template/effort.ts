/**
 * Bounds of what one message may cost: of the output, and of what is made on the way to it. A template that takes a large
 * message apart a thousand times must not hold up the thread.
 */
import { TemplateFault } from './template-error.ts';

/** Bytes that a template may give. */
export const LARGEST_OUTPUT = 1024 * 1024;
/** Bytes read and made within places for one message. */
const MOST_WORK = 32 * 1024 * 1024;

let work = 0;

/** Before a message is filled in. Rendering is one step, so one count serves all. */
export function beginWork(): void {
  work = 0;
}

/** Before so many bytes are read or made. Throws TemplateFault beyond the bound. */
export function spend(bytes: number): void {
  work += bytes;
  if (work > MOST_WORK) throw new TemplateFault(`takes more than ${MOST_WORK} bytes of work`);
}

/** Throws TemplateFault for an output that is too long. */
export function checkOutput(length: number): void {
  if (length > LARGEST_OUTPUT) throw new TemplateFault(`is longer than ${LARGEST_OUTPUT} bytes`);
}
