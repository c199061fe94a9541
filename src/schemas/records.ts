/** The words for records that the API publishes and chunks encode by place: a new one goes to the end. */
export const KINDS = ['message', 'connection', 'gap', 'drop', 'listener', 'problem'] as const;
export const GAP_REASONS = [
  'kernel',
  'overload',
  'full',
  'paused',
  'closed',
  'lost',
  'restart',
  'evicted',
  'cleared',
  'damaged',
] as const;
export type GapReason = (typeof GAP_REASONS)[number];
