/** Links between pages lead somewhere: to a file that exists, and to a heading that is in it. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { anchors } from '../../tools/docs/markdown.ts';

const pages = globSync(['*.md', 'docs/**/*.md']).sort();

t.test('every link leads somewhere', async (t) => {
  const links = pages.flatMap((page) => linksIn(page).map((link) => ({ page, link })));
  t.ok(links.length > 50, 'links were found');
  for (const { page, link } of links) t.ok(leadsSomewhere(page, link), `${page}: ${link}`);
});

t.test('every page is linked from the index, or from a page that is', async (t) => {
  const seen = new Set<string>();
  const visit = (page: string): void => {
    if (seen.has(page) || !page.endsWith('.md')) return;
    seen.add(page);
    for (const link of linksIn(page)) visit(target(page, link).file);
  };
  visit('docs/README.md');
  const own = pages.filter((page) => page.startsWith('docs/') && !/^docs\/(decisions|benchmarks)\//.test(page));
  t.same(
    own.filter((page) => !seen.has(page)),
    [],
  );
});

/** Relative targets. */
function linksIn(page: string): string[] {
  const text = withoutFences(page).replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const { file, heading } = target(page, link);
  if (!existsSync(file)) return false;
  return heading === undefined || anchorsIn(file).includes(heading);
}

function target(page: string, link: string): { file: string; heading: string | undefined } {
  const [path = '', heading] = link.split('#');
  return { file: path === '' ? page : join(dirname(page), path), heading };
}

function anchorsIn(page: string): string[] {
  return anchors([...withoutFences(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!));
}

function withoutFences(page: string): string {
  return readFileSync(page, 'utf8').replace(/^\s*```[\s\S]*?^\s*```/gm, '');
}
