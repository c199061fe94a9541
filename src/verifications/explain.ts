import { RawJson, stringifyRaw } from '../json/raw.ts';
import type { Match } from '../schemas/match.ts';
import type { NearMiss } from '../schemas/reads.ts';
import type { Count, Found, Verification } from './verification.ts';

const SHOWN_SEQS = 20;

export function explainCount(asked: Verification, found: Found[], passed: boolean, nearMisses: NearMiss[]): string {
  const { count, match, within } = asked;
  if (passed) return `${messages(found.length)} matched, as expected${seqs(found)}.`;
  const exceeded = found.length > count.most;
  const head = `Expected ${countText(count)}${matching(match)}${within > 0 ? ` within ${within} ms` : ''}`;
  return lines(
    `${head}, but ${exceeded ? 'more came: ' : 'got '}${found.length}${seqs(found)}.`,
    exceeded ? [] : nearMisses,
  );
}

type Order = { steps: Match[]; step: number; found: Found[]; late: Found | undefined; nearMisses: NearMiss[] };

export function explainOrder(asked: Verification, { steps, step, found, late, nearMisses }: Order): string {
  if (step === steps.length) return `All ${steps.length} came in order${seqs(found)}.`;
  const place = `step ${step + 1} of ${steps.length}${matching(steps[step])}`;
  if (late !== undefined) {
    return `Expected ${place} at most ${asked.maxInterval} ms after the one before, but seq ${late.seq} came later${seqs(found)}.`;
  }
  const after = found.length === 0 ? '' : ` after seq ${found.at(-1)!.seq}`;
  return lines(
    `Expected ${place}${after}${asked.within > 0 ? ` within ${asked.within} ms` : ''}, but it did not come.`,
    nearMisses,
  );
}

export function explainQuiet({ quietFor }: Verification, first: string, stray: Found | undefined): string {
  if (stray === undefined) return `${first} Then it was quiet for ${quietFor} ms.`;
  return `${first} But seq ${stray.seq} matched too, within the ${quietFor} ms that should have been quiet.`;
}

function lines(head: string, nearMisses: NearMiss[]): string {
  if (nearMisses.length === 0) return head;
  const near = nearMisses.flatMap(({ seq, why, diff }) => {
    const line = `  seq ${seq}: ${why}`;
    if (diff === undefined) return [line];
    const marks = caret(diff.expected, diff.actual);
    return [line, `    expected  ${diff.expected}`, `    actual    ${diff.actual}`, `              ${marks}`];
  });
  return [head, 'Nearest:', ...near].join('\n');
}

/** `^^` under each byte that differs. */
function caret(expected: string, actual: string): string {
  const were = actual === '' ? [] : actual.split(' ');
  const marks = expected.split(' ').map((byte, i) => (byte === '??' || byte === were[i] ? '  ' : '^^'));
  return marks.join(' ').trimEnd();
}

function countText({ least, most }: Count): string {
  if (least === most) return most === 0 ? 'no message' : `exactly ${messages(most)}`;
  return most === Number.POSITIVE_INFINITY ? `at least ${messages(least)}` : `at most ${messages(most)}`;
}

function matching(match: Match | undefined): string {
  return match === undefined || Object.keys(match).length === 0 ? '' : ` matching ${stringifyRaw(shown(match))}`;
}

/** As it was asked: values to compare with as they were written. */
function shown(match: Match): unknown {
  const { all, any, not, json, ...rest } = match;
  return {
    ...(all && { all: all.map(shown) }),
    ...(any && { any: any.map(shown) }),
    ...(not && { not: shown(not) }),
    ...rest,
    ...(json && { json: shownJson(json) }),
  };
}

function shownJson({ equalsText, ...json }: NonNullable<Match['json']>): unknown {
  return equalsText === undefined ? json : { ...json, equals: new RawJson(equalsText) };
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function seqs(found: Found[]): string {
  if (found.length === 0) return '';
  const shown = found.slice(0, SHOWN_SEQS).map(({ seq }) => seq);
  return ` (seq ${shown.join(', ')}${found.length > SHOWN_SEQS ? ', …' : ''})`;
}
