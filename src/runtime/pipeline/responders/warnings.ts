/** What is allowed and most likely not meant. */
import type { FullSpec } from '../../../schemas/listener.ts';
import { jsonMembers } from '../../../schemas/responder-json.ts';
import { firstPlace } from '../template/pieces.ts';

type Payload = { text?: string | undefined; json?: unknown; template?: boolean | undefined };

/** Warnings shown at most. */
const MOST = 10;

/** What a listener's spec says, where one that makes or changes it should be told. */
export function specWarnings({ responder, strict }: Pick<FullSpec, 'responder' | 'strict'>): string[] {
  const warnings = [...payloadWarnings(responder)];
  if (strict && responder.type !== 'rules') warnings.unshift('/strict does nothing here: the responder has no rules');
  return warnings.slice(0, MOST);
}

function* payloadWarnings(responder: FullSpec['responder']): Generator<string> {
  for (const { holder, name, path } of jsonMembers(responder)) {
    if (name !== 'json') continue;
    const { text, jsonText: json, template } = holder as Payload & { jsonText?: string };
    const pointer = ['/responder', ...path].join('/');
    yield* unfilled(pointer, { text, json, template }, responder.type === 'rules');
  }
}

/** Of a payload that holds a name of templates and is none. */
export function unfilled(pointer: string, { text, json, template = false }: Payload, hasRules = false): string[] {
  if (template || (text === undefined && json === undefined)) return [];
  const place = firstPlace(text ?? (typeof json === 'string' ? json : JSON.stringify(json)), hasRules);
  if (place === undefined) return [];
  const field = text === undefined ? 'json' : 'text';
  return [`${pointer}/${field} holds ${place}, which goes out as it stands; with "template": true it is filled in`];
}
