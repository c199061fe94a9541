/** Outcome: what a rule says is to be done, compiled, and the state that follows. */
import { isIP } from 'node:net';
import type { Field } from '../../../matching/fields.ts';
import { canonicalAddress, literalHost } from '../../../net/address.ts';
import { encodeExtras } from '../../../records/chunk.ts';
import { PayloadError, payloadBytes } from '../../../schemas/payload.ts';
import type { RuleAction } from '../../../schemas/rule-action.ts';
import { parseDuration, whyNotDuration } from '../../../schemas/units.ts';
import { createCodec } from '../../framing/codecs.ts';
import type { Action, ActionPayload, Decision } from '../behavior.ts';
import { NEVER_ANSWERED } from '../reply-policy.ts';
import { payloadTemplate, wrongMember } from '../template/compile.ts';
import type { CaptureReader } from './captures.ts';
import { compileDelay } from './delays.ts';
import { draw } from './draws.ts';
import { RuleError } from './rule-error.ts';

export type Outcome = {
  readonly decision: Decision;
  /** The state from now on; null: the same. */
  readonly state: string | null;
};

/** What actions may refer to. */
export type ActionScope = {
  readonly protocol: 'udp' | 'tcp';
  readonly rule: string;
  /** They are for messages, not for events. */
  readonly isMessage: boolean;
  /** A message is there, also where a peer of datagrams connects by it. */
  readonly hasMessage: boolean;
  readonly seed: number;
  /** How many delays of the rule were drawn before. */
  readonly takeDelay: () => number;
  /** Milliseconds of silence after which a peer is forgotten. */
  readonly idle: number;
  readonly fields: ReadonlyMap<string, Field>;
  readonly captures: CaptureReader | null;
};

const STREAM_ONLY = new Set(['close', 'halfClose', 'pauseReading', 'setFraming']);
/** What can't be done once our side has ended. */
const NEEDS_OUR_SIDE = new Set(['reply', 'halfClose', 'setFraming', 'hold']);

/** Throws RuleError. */
export function compileActions(
  actions: readonly RuleAction[],
  pointer: string,
  scope: ActionScope,
  mark: { unmatched?: boolean },
): Outcome {
  const compiled: Action[] = [];
  let state: string | null = null;
  let ended: string | undefined;
  for (const [i, action] of actions.entries()) {
    const at = `${pointer}/${i}`;
    const [kind] = Object.keys(action) as (keyof RuleAction)[];
    if (kind === undefined) throw new RuleError(at, 'is empty');
    if (ended === 'close') throw new RuleError(at, 'comes after the end of the connection');
    if (ended === 'halfClose' && NEEDS_OUR_SIDE.has(kind)) throw new RuleError(at, 'comes after the end of our side');
    if (scope.protocol === 'udp' && STREAM_ONLY.has(kind))
      throw new RuleError(`${at}/${kind}`, 'is for tcp, this listener is udp');
    if (kind === 'setState') state = action.setState!;
    else compiled.push(...COMPILERS[kind](action, `${at}/${kind}`, scope));
    if (kind === 'close' || kind === 'halfClose') ended = kind;
  }
  const rule = scope.rule === '' ? {} : { rule: scope.rule, extras: encodeExtras({ rule: scope.rule }) };
  const blocks = compiled.some((action) => action.do === 'setFraming' || action.do === 'hold');
  return { decision: { actions: compiled, ...rule, ...mark, blocks }, state };
}

type Compile = (action: RuleAction, pointer: string, scope: ActionScope) => Action[];

const COMPILERS: Readonly<Record<Exclude<keyof RuleAction, 'setState'>, Compile>> = {
  reply: ({ reply }, pointer, scope) => [replyAction(reply!, pointer, scope)],
  send: ({ send }, pointer, scope) => [sendAction(send!, pointer, scope)],
  delay({ delay }, pointer, { seed, rule, takeDelay }) {
    const sampler = compileDelay(delay!, pointer);
    if (typeof sampler === 'number') return sampler === 0 ? [] : [{ do: 'delay', ms: sampler }];
    // Where it stands in its rule: the rule may stand elsewhere in another list.
    const place = `${rule} ${pointer.replace(/^\/rules\/\d+/, '')}`;
    const ms = () => {
      const index = 2 * takeDelay();
      return sampler(draw(seed, place, index), draw(seed, place, index + 1));
    };
    return [{ do: 'delay', ms }];
  },
  close: ({ close }) => [{ do: 'close', mode: close! }],
  halfClose: () => [{ do: 'halfClose' }],
  pauseReading: ({ pauseReading }, pointer) => [{ do: 'pauseReading', ms: duration(pauseReading!, pointer) }],
  hold({ hold }, pointer, { isMessage }) {
    if (!isMessage) throw new RuleError(pointer, 'is for messages: an event has none to be answered');
    return [{ do: 'hold', ms: duration(hold!, pointer) }];
  },
  ignore: () => [],
  setFraming({ setFraming }, pointer) {
    try {
      createCodec(setFraming!);
    } catch (error) {
      if (error instanceof PayloadError) throw new RuleError(`${pointer}/${error.field}`, error.message);
      throw error;
    }
    return [{ do: 'setFraming', framing: setFraming! }];
  },
};

function duration(value: string | number, pointer: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined) throw new RuleError(pointer, whyNotDuration(value));
  return milliseconds;
}

function replyAction(reply: NonNullable<RuleAction['reply']>, pointer: string, scope: ActionScope): Action {
  const { raw, from } = reply;
  if (from !== undefined && scope.protocol === 'tcp')
    throw new RuleError(`${pointer}/from`, 'is for datagrams: a connection has one socket');
  const how = {
    ...(raw === true ? { raw } : {}),
    ...(from === undefined ? {} : { from: from === 'listener' ? from : { newPort: scope.idle } }),
  };
  return { do: 'send', payload: payloadOf(reply, pointer, scope), ...how };
}

function sendAction(send: NonNullable<RuleAction['send']>, pointer: string, scope: ActionScope): Action {
  const { protocol, to } = send;
  if (isIP(to.host) === 0 && to.host !== 'localhost')
    throw new RuleError(`${pointer}/to/host`, 'must be an address or localhost: rules look up no names');
  if (protocol === 'udp' && NEVER_ANSWERED.has(to.port))
    throw new RuleError(`${pointer}/to/port`, 'is one of a service that answers by itself: rules send nothing there');
  const destination = { protocol, to: { host: canonicalAddress(literalHost(to.host)), port: to.port } };
  return { do: 'sendTo', destination, payload: payloadOf(send, pointer, scope), rule: scope.rule };
}

type Payload = NonNullable<RuleAction['send'] | RuleAction['reply']>;

function payloadOf(given: Payload, pointer: string, { fields, captures, hasMessage }: ActionScope): ActionPayload {
  if (given.template !== true) return decoded(given, pointer);
  try {
    const template = payloadTemplate(given, { fields, captures, hasMessage, hasState: true });
    return (request) => template.render(request);
  } catch (error) {
    const member = wrongMember(given, error);
    if (member === undefined) throw error;
    throw new RuleError(`${pointer}/${member}`, (error as Error).message);
  }
}

function decoded(reply: Payload, pointer: string): Uint8Array {
  try {
    return payloadBytes(reply);
  } catch (error) {
    if (error instanceof PayloadError) throw new RuleError(`${pointer}/${error.field}`, error.message);
    throw error;
  }
}
