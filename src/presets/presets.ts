/** The presets that there are, and what each stands for. */
import { PRESET_NAMES, type PresetName } from '../schemas/preset-names.ts';
import { type FilledParameters, type PresetSpec, presetParameters } from '../schemas/presets.ts';
import type { PresetList } from '../schemas/presets-view.ts';
import { dnsStatic } from './dns-static.ts';
import { ntp } from './ntp.ts';
import { type Expansion, type Preset, PresetError, type Protocol } from './preset.ts';
import { statsdSink, syslogSink, threadName, upper } from './sinks.ts';
import { chargen, daytime, discard, echo, qotd, time } from './small-services.ts';
import { smtpSink } from './smtp-sink.ts';

const PRESETS: { readonly [Name in PresetName]: Preset<Name> } = {
  discard,
  echo,
  chargen,
  daytime,
  time,
  qotd,
  upper,
  threadName,
  syslogSink,
  statsdSink,
  dnsStatic,
  smtpSink,
  ntp,
};

/** What a preset stands for. Throws PresetError, also where the protocol is not one of its own. */
export function expandPreset<Name extends PresetName>(
  { name, with: given }: Extract<PresetSpec, { name: Name }>,
  protocol: Protocol,
): Expansion {
  const preset: Preset<Name> = PRESETS[name];
  if (!preset.protocols.includes(protocol))
    throw new PresetError('/name', `${name} is for ${preset.protocols.join(' and ')}, this listener is ${protocol}`);
  const expansion = preset.expand({ ...defaultsOf(name), ...given }, protocol);
  if (protocol === 'tcp') return expansion;
  return { responder: expansion.responder };
}

/** Those that go with a protocol, or all, each with what it stands for by default. */
export function listPresets(protocol?: Protocol): PresetList {
  const names = PRESET_NAMES.filter((name) => protocol === undefined || PRESETS[name].protocols.includes(protocol));
  return { items: names.map((name) => shown(name, protocol ?? PRESETS[name].protocols[0]!)) };
}

function shown(name: PresetName, protocol: Protocol): PresetList['items'][number] {
  const { description, protocols } = PRESETS[name];
  const expansion = expandPreset({ type: 'preset', name }, protocol);
  return { name, description, protocols: [...protocols], protocol, ...expansion, with: presetParameters(name) };
}

function defaultsOf<Name extends PresetName>(name: Name): FilledParameters<Name> {
  const entries = Object.entries(presetParameters(name)).map(([key, schema]) => [key, schema.default]);
  return Object.fromEntries(entries) as FilledParameters<Name>;
}
