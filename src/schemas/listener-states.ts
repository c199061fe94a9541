/** What a listener does, in a word. A file of its own: the command line needs the words and no schemas. */
export const LISTENER_STATES = [
  'opening',
  'listening',
  'paused',
  'degraded',
  'draining',
  'completed',
  'failed',
] as const;
export type ListenerState = (typeof LISTENER_STATES)[number];
