/**
 * Templates: a payload with `{{name}}` places. Compiled once to parts, so filling one in is a concatenation. Inserted bytes
 * stay as they are: `{{text}}` is byte-exact whatever the encoding. Names are those of the HTTP contract; main compiles
 * a template at creation too, for the 400.
 */
import { PayloadError, type PayloadInput, payloadBytes } from '../../../schemas/payload.ts';
import type { Request } from '../request.ts';
import type { TemplateOptions } from './arguments.ts';
import { beginWork, checkOutput, LARGEST_OUTPUT } from './effort.ts';
import { type Laid, lay } from './layout.ts';
import { piecesOf } from './pieces.ts';
import { compilePlace, NO_SCOPE } from './placeholder.ts';
import { TemplateError } from './template-error.ts';

export type Template = {
  /** There are no places: `render` gives the same bytes each time. */
  readonly fixed: boolean;
  /** Throws TemplateFault when a place can't be filled in. */
  render(request: Request): Uint8Array;
};

type Fill = (request: Request) => Uint8Array;
type Part = Uint8Array | Fill | Laid;

/** Places of one template. */
const MOST_PLACES = 1000;

/**
 * Throws TemplateError for a name that does not exist. Braces without a partner are plain bytes.
 * @param source text or bytes; hex digits where the form is hex; JSON text where it is json
 */
export function compileTemplate(source: Uint8Array | string, options: Partial<TemplateOptions> = {}): Template {
  const full = { ...NO_SCOPE, ...options };
  const parts: Part[] = [];
  let places = 0;
  for (const piece of piecesOf(source, full.form)) {
    if (piece instanceof Uint8Array) parts.push(piece);
    else {
      if (++places > MOST_PLACES)
        throw new TemplateError(piece.inner.trim(), `there are more than ${MOST_PLACES} places`);
      parts.push(compilePlace(piece, full));
    }
  }
  checkPaddings(parts);
  return assemble(parts);
}

/** The template of a payload, in the form it came in; base64 is bytes. Throws TemplateError and PayloadError. */
export function payloadTemplate(payload: PayloadInput, scope: Partial<Omit<TemplateOptions, 'form'>> = {}): Template {
  const { form, source } = templateSource(payload);
  return compileTemplate(source, { ...scope, form });
}

/** What a payload is as the source of a template. Throws PayloadError. */
export function templateSource(payload: PayloadInput): { form: TemplateOptions['form']; source: Uint8Array } {
  const { hex, ...others } = payload;
  if (hex === undefined) {
    const form = payload.text === undefined && payload.base64 === undefined ? 'json' : 'text';
    return { form, source: payloadBytes(payload) };
  }
  // Digits and places are told apart later; here only that there is no other payload.
  payloadBytes({ ...others, hex: '' });
  return { form: 'hex', source: Buffer.from(hex) };
}

/** Which member of a payload is wrong, by an error of `payloadTemplate`; undefined for another error. */
export function wrongMember(payload: PayloadInput, error: unknown): string | undefined {
  if (error instanceof PayloadError) return error.field;
  if (!(error instanceof TemplateError)) return undefined;
  return (['text', 'hex', 'base64'] as const).find((form) => payload[form] !== undefined) ?? 'json';
}

function isLaid(part: Part): part is Laid {
  return !(part instanceof Uint8Array) && typeof part !== 'function';
}

/** How much is padded depends on what is before, and the size of a varint on what follows. */
function checkPaddings(parts: readonly Part[]): void {
  const varint = parts.findIndex((part) => isLaid(part) && part.lay === 'length' && part.size === null);
  const isBehind = varint !== -1 && parts.some((part, i) => i > varint && isLaid(part) && part.lay === 'pad');
  if (isBehind)
    throw new TemplateError('pad', '{{pad}} can not stand behind {{varint}}: each would wait for the other');
}

function assemble(parts: readonly Part[]): Template {
  if (parts.every((part) => part instanceof Uint8Array)) {
    const bytes = Uint8Array.from(Buffer.concat(parts));
    if (bytes.length > LARGEST_OUTPUT) throw new TemplateError('', `is longer than ${LARGEST_OUTPUT} bytes`);
    return { fixed: true, render: () => bytes };
  }
  const isPlain = !parts.some(isLaid);
  return {
    fixed: false,
    render(request) {
      beginWork();
      const filled = fillAll(parts, request);
      return isPlain ? Buffer.concat(filled as Uint8Array[]) : lay(filled);
    },
  };
}

function fillAll(parts: readonly Part[], request: Request): (Uint8Array | Laid)[] {
  let length = 0;
  return parts.map((part) => {
    if (isLaid(part)) return part;
    const bytes = typeof part === 'function' ? part(request) : part;
    length += bytes.length;
    checkOutput(length);
    return bytes;
  });
}
