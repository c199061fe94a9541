/** Writes the listeners that are there as a configuration file, without what is a default anyway. */
import { isDeepStrictEqual } from 'node:util';
import { RawJson } from '../json/raw.ts';
import { fillSpec } from '../listeners/spec.ts';
import { type FullSpec, ListenerSpecSchema } from '../schemas/listener.ts';
import type { ListenerView } from '../schemas/listener-status.ts';
import { jsonMembers } from '../schemas/responder-json.ts';
import { jsonTextOf } from './exact.ts';
import { exactJson, exactYaml } from './exact-json.ts';
import { shortFraming, shortResponder } from './short-parts.ts';

const SPEC_FIELDS = Object.keys(ListenerSpecSchema.properties) as (keyof FullSpec)[];
const HEAD = '# Listeners of a Listenpost; read by: listenpost serve --config FILE\n';

/** YAML. A listener without a name gets one made of its id: a file tells listeners apart by their names. */
export function configurationText(listeners: readonly ListenerView[]): string {
  const items = listeners.map((view) => ({ name: view.name ?? `unnamed-${view.id.slice(2)}`, ...shortSpec(view) }));
  return HEAD + exactYaml({ listeners: items });
}

function shortSpec(view: ListenerView): Record<string, unknown> {
  const plain: FullSpec = fillSpec({ protocol: view.protocol });
  const responder = shortResponder(plainResponder(view.responder), view.protocol);
  const tcp = view.tcp && { ...view.tcp, framing: shortFraming(view.tcp.framing) };
  const written = { ...view, responder, ...(tcp && { tcp }) };
  const fields = SPEC_FIELDS.filter((field) => field !== 'name' && view[field] !== undefined);
  const entries = fields.map((field) => [field, short(written[field], plain[field])] as const);
  return { protocol: view.protocol, ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)) };
}

/**
 * A JSON payload that YAML would write in another way stands there as text: the bytes are the same. One with places
 * stays JSON, for there they are filled in otherwise than in text.
 */
function plainResponder(responder: FullSpec['responder']): FullSpec['responder'] {
  const copy = copied(responder) as FullSpec['responder'];
  for (const { holder, name } of [...jsonMembers(copy)]) {
    const json = holder[name];
    if (!(json instanceof RawJson)) continue;
    const exact = exactJson(json.text);
    const hasPlaces = holder.template === true && json.text.includes('{{');
    if (name === 'equals' || hasPlaces || jsonTextOf(exact) === json.text) holder[name] = exact;
    else {
      delete holder[name];
      holder.text = json.text;
    }
  }
  return copy;
}

/** What is JSON text stays the object that says so. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isPlain(value) || value instanceof RawJson) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copied(member)]));
}

/** The value without the parts that equal the default's; undefined when nothing is left. */
function short(value: unknown, byDefault: unknown): unknown {
  if (isDeepStrictEqual(value, byDefault)) return undefined;
  if (!isPlain(value) || !isPlain(byDefault) || 'type' in value) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, short(part, byDefault[key])] as const);
  return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
