/**
 * The command blocks of a page. A block is a fence marked `sh` or `bash`; a fence marked `text` or `json` right below it
 * shows what it prints. Comments that readers don't see steer the run:
 *
 *     <!-- not run: it starts the service -->     the next block is left out
 *     <!-- service: --allow-bind 0.0.0.0/0 -->    from here on a fresh service, started with these flags
 */
export type Output = { language: 'text' | 'json'; text: string };
export type Block = { line: number; code: string; notRun?: string; output?: Output };
/** Blocks that share a service and a shell. */
export type Section = { flags: string[]; blocks: Block[] };

type Fence = { line: number; end: number; language: string; text: string };

const COMMANDS = new Set(['sh', 'bash']);
const OUTPUTS = new Set(['text', 'json']);
const MARKER = /^\s*<!--\s*(not run|service):\s*(.*?)\s*-->\s*$/;

/** The sections of a page that hold commands. */
export function sectionsOf(markdown: string): Section[] {
  const lines = markdown.split('\n');
  const fences = fencesOf(lines);
  const sections: Section[] = [{ flags: [], blocks: [] }];
  let notRun: string | undefined;
  for (let line = 0; line < lines.length; line++) {
    const [, marker, value = ''] = MARKER.exec(lines[line]!) ?? [];
    if (marker === 'service') sections.push({ flags: value.split(/\s+/).filter(Boolean), blocks: [] });
    if (marker === 'not run') notRun = value;
    const fence = fences.get(line);
    if (fence === undefined) continue;
    if (COMMANDS.has(fence.language)) {
      sections.at(-1)!.blocks.push(block(fence, { notRun, output: outputBelow(lines, fence, fences) }));
    }
    notRun = undefined;
    line = fence.end;
  }
  return sections.filter(({ blocks }) => blocks.length > 0);
}

function block({ line, text }: Fence, more: { notRun: string | undefined; output: Output | undefined }): Block {
  const { notRun, output } = more;
  return {
    line: line + 1,
    code: text,
    ...(notRun === undefined ? {} : { notRun }),
    ...(output === undefined ? {} : { output }),
  };
}

/** The output fence of a block: only blank lines may stand between. */
function outputBelow(lines: string[], { end }: Fence, fences: Map<number, Fence>): Output | undefined {
  let line = end + 1;
  while (lines[line]?.trim() === '') line++;
  const fence = fences.get(line);
  if (fence === undefined || !OUTPUTS.has(fence.language)) return undefined;
  return { language: fence.language as Output['language'], text: fence.text };
}

/** Fences by the index of their first line. Those inside a list are taken without their indentation. */
function fencesOf(lines: string[]): Map<number, Fence> {
  const fences = new Map<number, Fence>();
  for (let line = 0; line < lines.length; line++) {
    const [, indent = '', language = ''] = /^(\s*)```(\w*)\s*$/.exec(lines[line]!) ?? [];
    if (!lines[line]!.trim().startsWith('```')) continue;
    const closing = lines.findIndex((text, at) => at > line && text.trim() === '```');
    const end = closing === -1 ? lines.length : closing;
    const text = lines.slice(line + 1, end).map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text));
    fences.set(line, { line, end, language, text: `${text.join('\n')}\n` });
    line = end;
  }
  return fences;
}
