/** The filters of messages in words. A file of its own: the help of the command line needs the words and no schemas. */
export const FILTER_DESCRIPTIONS = {
  direction: 'Only messages from (in) or to (out) the network.',
  remote: 'Only this peer: address, address:port, [v6]:port or CIDR.',
  connection: 'Only this connection.',
  since: 'Only from this moment on (RFC 3339).',
  until: 'Only before this moment (RFC 3339).',
  minSize: 'Only payloads of at least so many bytes.',
  maxSize: 'Only payloads of at most so many bytes.',
  text: 'Only payloads that contain this text; case-sensitive.',
  hex: 'Only payloads that contain these bytes; `??` is any byte.',
  regex: 'Only payloads that match this regular expression (RE2, linear time).',
  json: 'Only JSON payloads with this value at a pointer.',
  thread: 'Only what this thread handled.',
  rule: 'Only what this rule matched.',
  unmatched: 'Only messages that no rule matched.',
  kind: 'Kinds of record, a comma list: message, connection, gap, listener, problem; drop is coming with faults.',
} as const;
