/** Preset: a responder that is there by name. It stands for plain ones, which is what a listener gets. */
import type { Framing } from '../schemas/framing.ts';
import type { PresetName } from '../schemas/preset-names.ts';
import type { FilledParameters } from '../schemas/presets.ts';
import type { PlainResponder } from '../schemas/responder.ts';

export type Protocol = 'udp' | 'tcp';

/** What a preset stands for. */
export type Expansion = {
  /** For a stream whose listener asks for no framing of its own. */
  framing?: Framing;
  responder: PlainResponder;
};

export type Preset<Name extends PresetName> = {
  description: string;
  /** Listeners that may use it. */
  protocols: readonly Protocol[];
  /** Throws PresetError for parameters that a schema can't judge. */
  expand(parameters: FilledParameters<Name>, protocol: Protocol): Expansion;
};

/** A parameter that can't be; `pointer` is relative to the responder. */
export class PresetError extends Error {
  readonly pointer: string;
  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}

export const BOTH: readonly Protocol[] = ['udp', 'tcp'];
