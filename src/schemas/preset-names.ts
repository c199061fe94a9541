/** What presets are called. A file of its own: the command line needs the words and no schemas. */
export const PRESET_NAMES = [
  'discard',
  'echo',
  'chargen',
  'daytime',
  'time',
  'qotd',
  'upper',
  'threadName',
  'syslogSink',
  'statsdSink',
  'dnsStatic',
  'smtpSink',
  'ntp',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];
