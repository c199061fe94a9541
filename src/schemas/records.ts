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

/** What a connection record tells: that it was opened or closed, that its TLS handshake failed, that it was not let in. */
export const PHASES = ['opened', 'closed', 'tlsFailed', 'refused'] as const;
export type Phase = (typeof PHASES)[number];

/** Who or what closed a connection; the first cause counts. */
export const CLOSE_REASONS = [
  'peerFin',
  'peerRst',
  'requested',
  'responder',
  'idle',
  'limit',
  'deleted',
  'rebound',
  'shutdown',
  'failed',
  'error',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Which side of a forward a record belongs to. */
export const LEGS = ['client', 'upstream'] as const;
export type Leg = (typeof LEGS)[number];
