/** A group as a plain bar chart: one bar a row, its spread as a line over the end of the bar. */
import type { Group, Row } from './row.ts';
import { median, shown } from './stats.ts';

const WIDTH = 760;
const LABEL = 330;
const BAR = 300;
const STEP = 30;
const TOP = 44;

type Bar = { label: string; values: number[] };

export function svg(group: Group): string {
  const { unit, bars } = barsOf(group.rows);
  const height = TOP + bars.length * STEP + 12;
  const longest = Math.max(...bars.flatMap(({ values }) => values), Number.MIN_VALUE);
  const drawn = bars.map((bar, i) => draw(bar, TOP + i * STEP, BAR / longest));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="15" font-weight="600">${escaped(group.title)}: ${escaped(unit)}</text>
${drawn.join('\n')}
</svg>
`;
}

/** Bars need one unit: CPU a message where every row has it, else the rows that share the first one's unit. */
function barsOf(rows: readonly Row[]): { unit: string; bars: Bar[] } {
  if (rows.every(({ cpuUs, unit }) => cpuUs !== undefined && unit === 'datagrams/s')) {
    return { unit: 'µs of CPU a message', bars: rows.map(({ what, cpuUs }) => ({ label: what, values: cpuUs! })) };
  }
  const unit = rows[0]?.unit ?? '';
  const bars = rows.filter((row) => row.unit === unit).map(({ what, values }) => ({ label: what, values }));
  return { unit, bars };
}

function draw({ label, values }: Bar, y: number, scale: number): string {
  const length = (value: number) => (LABEL + value * scale).toFixed(1);
  const [low, high] = [length(Math.min(...values)), length(Math.max(...values))];
  const ours = label.startsWith('listenpost');
  return [
    `<text x="${LABEL - 10}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>`,
    `<rect x="${LABEL}" y="${y + 2}" width="${(median(values) * scale).toFixed(1)}" height="18" fill="${ours ? '#2563eb' : '#94a3b8'}"/>`,
    `<line x1="${low}" x2="${high}" y1="${y + 11}" y2="${y + 11}" stroke="#0f172a" stroke-width="1.5"/>`,
    `<text x="${Number(high) + 8}" y="${y + 15}">${shown(median(values))}</text>`,
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
