/** What is wrong with a configuration, one thing after the other: its form, then what a create would refuse. */
import { isDeepStrictEqual } from 'node:util';
import { type InputError, ProblemError } from '../errors.ts';
import { buildValidator, inputErrors } from '../http/validation.ts';
import { illFormedAt } from '../json/ill-formed.ts';
import { fillSpec } from '../listeners/spec.ts';
import type { ListenerSpec } from '../schemas/listener.ts';
import { HALF_CHARACTER } from '../schemas/payload.ts';
import { jsonMembers } from '../schemas/responder-json.ts';
import { exactAt, jsonTextOf } from './exact.ts';
import { withoutFault } from './fault-isolation.ts';
import { configurationSchema } from './schema.ts';

export type NamedSpec = ListenerSpec & { name: string };
export type Content = { settings?: Record<string, unknown>; listeners?: NamedSpec[] };
/** `pointer` is into the file. */
export type ConfigurationProblem = { pointer: string; message: string };

type Validate = { (content: unknown): boolean; errors?: unknown };

/**
 * Once it is through without a problem, JSON of payloads stands in `content` as text, to leave as it was written.
 * @param exact the same with nothing lost, see exact.ts
 */
export function* configurationProblems(content: Content, exact: unknown): Generator<ConfigurationProblem> {
  const malformed = [...formProblems(content)];
  yield* malformed;
  if (typeof content !== 'object' || Array.isArray(content)) return;
  const { listeners = [] } = content;
  if (!Array.isArray(listeners)) return;
  yield* repeatedNames(listeners);
  const own = byListener(malformed);
  for (const [i, spec] of listeners.entries()) {
    const pointer = `/listeners/${i}`;
    const rest = wellFormed(
      spec,
      (own.get(i) ?? []).map((problem) => problem.pointer.slice(pointer.length)),
    );
    if (rest === undefined) continue;
    const unwritable = [...jsonProblems(exact, rest, i)];
    yield* unwritable;
    if (unwritable.length === 0) yield* specProblems(rest, pointer);
  }
}

/** The problems of each listener, by its place. */
export function byListener(problems: readonly ConfigurationProblem[]): Map<number, ConfigurationProblem[]> {
  const found = new Map<number, ConfigurationProblem[]>();
  for (const problem of problems) {
    const [, place] = /^\/listeners\/(\d+)(?=\/|$)/.exec(problem.pointer) ?? [];
    if (place === undefined) continue;
    const own = found.get(Number(place));
    if (own === undefined) found.set(Number(place), [problem]);
    else own.push(problem);
  }
  return found;
}

/** What is left of a listener without the parts that have not their form; undefined when it is none any more. */
function wellFormed(spec: NamedSpec, pointers: readonly string[]): NamedSpec | undefined {
  let rest: ListenerSpec | undefined = spec;
  for (const pointer of pointers) if (rest !== undefined) rest = withoutFault(rest, pointer);
  if (rest === undefined || pointers.length === 0) return rest as NamedSpec | undefined;
  return [...formProblems({ listeners: [rest] })].length === 0 ? (rest as NamedSpec) : undefined;
}

let compiled: Validate | undefined;

function* formProblems(content: unknown): Generator<ConfigurationProblem> {
  compiled ??= buildValidator({}, {})({ httpPart: 'body', schema: configurationSchema() } as never) as Validate;
  const validate = compiled;
  if (!validate(content)) {
    for (const { pointer, detail } of inputErrors(validate.errors as never, 'body')) yield { pointer, message: detail };
  }
  const illFormed = illFormedAt(content);
  if (illFormed !== undefined) yield { pointer: illFormed, message: HALF_CHARACTER };
}

/** Names tell listeners apart when the file is read again. */
function* repeatedNames(listeners: readonly Partial<NamedSpec>[]): Generator<ConfigurationProblem> {
  const names = new Set<string>();
  for (const [i, spec] of listeners.entries()) {
    const name = spec?.name;
    if (typeof name !== 'string') continue;
    if (names.has(name)) yield { pointer: `/listeners/${i}/name`, message: `${name} is used twice` };
    names.add(name);
  }
}

/** JSON leaves, and compares, as it is written in the file. */
function* jsonProblems(exact: unknown, { responder }: NamedSpec, i: number): Generator<ConfigurationProblem> {
  if (responder === undefined) return;
  for (const { holder, name, textName, path: inside } of [...jsonMembers(responder)]) {
    if (holder[name] === undefined) continue;
    const path = ['listeners', i, 'responder', ...inside, name];
    try {
      holder[textName] = jsonTextOf(exactAt(exact, path));
      delete holder[name];
    } catch (error) {
      yield { pointer: `/${path.join('/')}`, message: (error as Error).message };
    }
  }
}

/** What a create refuses first; then what it refuses once that is out of the way, and so on. */
function* specProblems(spec: NamedSpec, prefix: string): Generator<ConfigurationProblem> {
  for (let rest: ListenerSpec | undefined = spec; rest !== undefined; ) {
    const fault = faultOf(rest);
    if (fault === undefined) return;
    yield { pointer: prefix + fault.pointer, message: fault.detail };
    const next = withoutFault(rest, fault.pointer);
    rest = isDeepStrictEqual(next, rest) ? undefined : next;
  }
}

function faultOf(spec: ListenerSpec): Pick<InputError, 'pointer' | 'detail'> | undefined {
  try {
    fillSpec(spec);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.errors?.[0] ?? { pointer: '', detail: error.message };
  }
}
