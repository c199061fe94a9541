/** What may go wrong with a send beside what is refused: the codes of its `error`, and what each means. */
export const SEND_ERRORS = {
  no_reply: 'The replies that were expected did not come, in time or before the peer closed',
  connection_refused: 'Nobody listens there',
  connection_reset: 'The peer, or something on the way, reset the connection',
  timed_out: 'No connection came about in time',
  unreachable: 'No way leads to the network or the host',
  network_error: 'Any other error of the network; the detail names it',
  framing_error: 'What came back is not in the framing that was asked for',
  template_error: 'A template could not be filled in',
} as const;

export type SendErrorCode = keyof typeof SEND_ERRORS;
