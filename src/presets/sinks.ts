/** What only listens, and the two answers of the socketserver examples. */
import { BOTH, type Preset } from './preset.ts';

export const syslogSink: Preset<'syslogSink'> = {
  description: 'Takes syslog and keeps it; on TCP with counted octets or by lines (RFC 6587).',
  protocols: BOTH,
  expand: () => ({ framing: { type: 'octetCounting' }, responder: { type: 'none' } }),
};

export const statsdSink: Preset<'statsdSink'> = {
  description: 'Takes metrics of statsd and keeps them; on TCP by lines.',
  protocols: BOTH,
  expand: () => ({ framing: { type: 'line' }, responder: { type: 'none' } }),
};

export const upper: Preset<'upper'> = {
  description: "Answers in upper case, as the first example of Python's socketserver does.",
  protocols: BOTH,
  expand: ({ strip }) => ({ responder: { type: 'upper', strip } }),
};

export const threadName: Preset<'threadName'> = {
  description: 'Answers `{thread}: {message}`, as the threaded example of socketserver does.',
  protocols: BOTH,
  expand: () => ({ responder: { type: 'reply', text: '{{thread}}: {{text}}', template: true } }),
};
