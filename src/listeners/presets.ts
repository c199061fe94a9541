/** Specs without presets: a listener gets what they stand for. */
import { invalidField } from '../errors.ts';
import type { Expansion, Protocol } from '../presets/preset.ts';
import { PresetError } from '../presets/preset.ts';
import { expandPreset } from '../presets/presets.ts';
import type { ListenerSpec } from '../schemas/listener.ts';
import type { PlainResponder, Responder } from '../schemas/responder.ts';

export type PlainSpec = Omit<ListenerSpec, 'responder'> & { responder?: PlainResponder };

/** The spec with what its preset stands for, framing included where it asks for none. Throws a 400. */
export function withoutPreset(spec: ListenerSpec): PlainSpec {
  const { responder } = spec;
  if (responder?.type !== 'preset') return spec as PlainSpec;
  const { framing, responder: plain } = expanded(responder, spec.protocol);
  if (framing === undefined || spec.tcp?.framing !== undefined) return { ...spec, responder: plain };
  return { ...spec, responder: plain, tcp: { ...spec.tcp, framing } };
}

/** The responder a preset stands for. Throws a 400. */
export function plainResponder(responder: Responder, protocol: Protocol): PlainResponder {
  return responder.type === 'preset' ? expanded(responder, protocol).responder : responder;
}

function expanded(responder: Extract<Responder, { type: 'preset' }>, protocol: Protocol): Expansion {
  try {
    return expandPreset(responder, protocol);
  } catch (error) {
    if (error instanceof PresetError) throw invalidField(`/responder${error.pointer}`, error.message);
    throw error;
  }
}
