/**
 * Where JSON stands in a responder: payloads, and values to compare with. Inside the program it is carried as its text,
 * under another name, so that it leaves and compares as it was written.
 */

import { type ActionList, actionLists } from './action-lists.ts';
import type { Match } from './match.ts';
import type { Responder } from './responder.ts';
import type { When } from './when.ts';

export type JsonMember = {
  /** The object that has it, to be read and changed. */
  holder: Record<string, unknown>;
  /** Its name as published, and that of its text inside the program. */
  name: 'json' | 'equals';
  textName: 'jsonText' | 'equalsText';
  /** Where the holder is in the responder. */
  path: (string | number)[];
};

export function* jsonMembers(responder: Responder): Generator<JsonMember> {
  if (responder.type === 'reply') yield payload(responder, []);
  if (responder.type !== 'rules') return;
  for (const [i, { when }] of responder.rules.entries())
    if (when !== undefined) yield* ofMatch(when as When, ['rules', i, 'when']);
  for (const list of actionLists(responder)) yield* ofActions(list);
}

function* ofActions({ actions, path }: ActionList): Generator<JsonMember> {
  for (const [i, { reply, send }] of actions.entries()) {
    if (reply !== undefined) yield payload(reply, [...path, i, 'reply']);
    if (send !== undefined) yield payload(send, [...path, i, 'send']);
  }
}

function* ofMatch({ json, all = [], any = [], not }: Match, path: JsonMember['path']): Generator<JsonMember> {
  if (json !== undefined) {
    yield { holder: json as Record<string, unknown>, name: 'equals', textName: 'equalsText', path: [...path, 'json'] };
  }
  for (const [i, each] of all.entries()) yield* ofMatch(each, [...path, 'all', i]);
  for (const [i, each] of any.entries()) yield* ofMatch(each, [...path, 'any', i]);
  if (not !== undefined) yield* ofMatch(not, [...path, 'not']);
}

function payload(holder: object, path: JsonMember['path']): JsonMember {
  return { holder: holder as Record<string, unknown>, name: 'json', textName: 'jsonText', path };
}

/** A copy in which each text is what `publish` makes of it, under the published name. */
export function withPublishedJson<R extends Responder>(
  responder: R,
  publish: (text: string, member: JsonMember) => unknown,
): R {
  const copy = structuredClone(responder);
  for (const member of [...jsonMembers(copy)]) {
    const { holder, name, textName } = member;
    if (holder[textName] === undefined) continue;
    holder[name] = publish(holder[textName] as string, member);
    delete holder[textName];
  }
  return copy;
}
