/** What is allowed and most likely not meant. */
import { firstPlace } from '../template/pieces.ts';

type Payload = { text?: string; json?: unknown; template?: boolean };

/** Of a payload that holds a name of templates and is none. */
export function unfilled(pointer: string, { text, json, template = false }: Payload): string[] {
  if (template || (text === undefined && json === undefined)) return [];
  const place = firstPlace(text ?? JSON.stringify(json));
  if (place === undefined) return [];
  const field = text === undefined ? 'json' : 'text';
  return [`${pointer}/${field} holds ${place}, which goes out as it stands; with "template": true it is filled in`];
}
