/** What rules wait for beside messages, and what can be asked then. */
import type { Rule, RuleEvent, RulesSpec } from '../../../schemas/rules.ts';
import { parseDuration, whyNotDuration } from '../../../schemas/units.ts';
import type { When } from '../../../schemas/when.ts';
import { RuleError } from './rule-error.ts';

/** Milliseconds that `idle` and `every` have at least, and how many different ones a list may have. */
const LEAST_TIME = 10;
const MOST_TIMES = 16;

/** What a rule waits for; `ms` of what goes by the clock. */
export type CompiledEvent = {
  readonly kind: 'message' | 'connect' | 'halfClose' | 'idle' | 'every';
  readonly ms: number;
  /** On datagrams a peer connects by its first message. */
  readonly hasMessage: boolean;
};

/** Throws RuleError, also for an event that the protocol does not have. */
export function compileEvent(
  { on = 'message', when = {} }: Rule,
  pointer: string,
  protocol: 'udp' | 'tcp',
): CompiledEvent {
  const { kind, ms } = eventOf(on, `${pointer}/on`);
  const hasMessage = kind === 'message' || (kind === 'connect' && protocol === 'udp');
  if (kind === 'halfClose' && protocol === 'udp')
    throw new RuleError(`${pointer}/on`, 'halfClose is for tcp, this listener is udp');
  if (!hasMessage) checkEventMatch(when as When, `${pointer}/when`);
  return { kind, ms, hasMessage };
}

function eventOf(on: RuleEvent, pointer: string): Omit<CompiledEvent, 'hasMessage'> {
  if (typeof on === 'string') return { kind: on, ms: 0 };
  const [kind, value] = 'idle' in on ? (['idle', on.idle] as const) : (['every', on.every] as const);
  const ms = parseDuration(value);
  if (ms === undefined) throw new RuleError(`${pointer}/${kind}`, whyNotDuration(value));
  if (ms < LEAST_TIME) throw new RuleError(`${pointer}/${kind}`, `must be at least ${LEAST_TIME}ms`);
  return { kind, ms };
}

/** What can be asked where there is no payload. */
const KNOWN_OF_EVENTS = new Set(['state', 'nth', 'remote', 'all', 'any', 'not']);

function checkEventMatch(when: When, pointer: string): void {
  const asked = Object.keys(when).find((member) => !KNOWN_OF_EVENTS.has(member));
  if (asked !== undefined)
    throw new RuleError(`${pointer}/${asked}`, 'is for messages: of an event only state, remote and nth can be asked');
  for (const [i, each] of (when.all ?? []).entries()) checkEventMatch(each, `${pointer}/all/${i}`);
  for (const [i, each] of (when.any ?? []).entries()) checkEventMatch(each, `${pointer}/any/${i}`);
  if (when.not !== undefined) checkEventMatch(when.not, `${pointer}/not`);
}

/** Each span of time is a timer of each peer or connection. */
export function checkTimes({ rules }: RulesSpec): void {
  const seen = new Set<string>();
  for (const [i, { on }] of rules.entries()) {
    if (typeof on !== 'object') continue;
    seen.add(JSON.stringify(eventOf(on, `/rules/${i}/on`)));
    if (seen.size > MOST_TIMES)
      throw new RuleError(
        `/rules/${i}/on`,
        `is one too many: a list has at most ${MOST_TIMES} times of idle and every`,
      );
  }
}
