/** The report as Markdown: the summary of ratios first, then every group with its rows. */
import type { Finding, Group, Row } from './row.ts';
import { median, shown, spread } from './stats.ts';

/** What was measured on, and when. */
export type Setting = { title: string; value: string }[];

export function markdown(groups: readonly Group[], setting: Setting): string {
  const parts = [
    '# Benchmarks',
    'Written by `npm run bench`: the real service process beside its peers, all in one run. Read the ratios, not the\n' +
      'absolute figures. A ratio is taken round by round and the median is shown, so that what else the machine did hits both\nsides alike.',
    table(
      ['', ''],
      setting.map(({ title, value }) => [title, value]),
    ),
    '## Summary',
    summary(groups),
    ...groups.map(section),
    '## How it is measured',
    HOW,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The table of ratios alone, as it is printed. */
export function summary(groups: readonly Group[]): string {
  const findings = groups.flatMap((group) => group.findings);
  return table(['what', 'median', 'spread', 'at least', 'aim', ''], findings.map(findingCells));
}

function verdict({ ratios, better, least, aim, judged, digits = 3 }: Finding): 'aim met' | 'met' | 'short' {
  const worst = better === 'higher' ? Math.min(...ratios) : Math.max(...ratios);
  const value = Number((judged === 'worst' ? worst : median(ratios)).toPrecision(digits));
  const reaches = (goal: number) => (better === 'higher' ? value >= goal : value <= goal);
  if (reaches(aim)) return 'aim met';
  return reaches(least) ? 'met' : 'short';
}

function findingCells(finding: Finding): string[] {
  const { what, ratios, better, least, aim, digits } = finding;
  const sign = better === 'higher' ? '≥' : '≤';
  return [
    what,
    shown(median(ratios), digits),
    spread(ratios, digits),
    `${sign} ${least}`,
    `${sign} ${aim}`,
    verdict(finding),
  ];
}

function section({ name, title, about, rows, notes }: Group): string {
  const cells = rows.map(rowCells);
  const parts = [
    `## ${title}`,
    about,
    table(['', 'unit', 'median', 'spread', 'CPU a message, µs', 'lost'], cells),
    `![${title}](${name}.svg)`,
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
  ];
  return parts.join('\n\n');
}

function rowCells({ what, unit, values, cpuUs, lost }: Row): string[] {
  const cpu = cpuUs === undefined ? '' : `${median(cpuUs).toFixed(2)} (${spread(cpuUs)})`;
  return [what, unit, shown(median(values)), spread(values), cpu, lost === undefined ? '' : percent(median(lost))];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share === 0 ? 0 : 2)} %`;
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const HOW = `- Senders and clients are C programs of \`bench/peers\` (sendmmsg, recvmmsg, epoll), compiled when the run begins; UDP load is
  one flow of 64-byte datagrams over loopback.
- Rounds go over all subjects in turn. The subject's CPU is user and system time of all its threads, from
  \`/proc/PID/stat\` or getrusage, over the messages that it got.
- Sender, receiver and client share the machine's cores. Where there are two, a receiver under a full-speed flood has one.`;
