/** The connect phase: how a listener meets those who connect, or send to it, before a byte is read. */
import { type Static, Type } from '@sinclair/typebox';
import { MaybeDuration, MaybeInteger, OneOf, strict } from './parts.ts';

export const ACCEPT_MODES = ['accept', 'refuse', 'blackhole', 'reset', 'stall'] as const;
export type AcceptMode = (typeof ACCEPT_MODES)[number];

export const AcceptSchema = Type.Object(
  {
    mode: Type.Optional(
      OneOf(ACCEPT_MODES, {
        default: 'accept',
        description:
          '`refuse` answers SYN with RST and keeps the port; `blackhole` leaves SYNs unanswered, open connections go on; `reset` accepts, then resets; `stall` accepts and never reads. `refuse` and `blackhole` need the native engine (Linux), else 422.',
        examples: ['accept'],
      }),
    ),
    for: Type.Optional(
      MaybeDuration({
        default: null,
        description: 'After this long it is `accept` again; null: when it is changed. It ends with the process, too.',
        examples: [null],
      }),
    ),
    times: Type.Optional(
      MaybeInteger({
        minimum: 1,
        maximum: 1_000_000_000,
        default: null,
        description:
          '`reset` and `stall`: after so many connections, over all threads, it is `accept` again; null: no such bound. It ends with the process, too.',
        examples: [null],
      }),
    ),
  },
  { ...strict, description: 'What becomes of those who connect. A PATCH replaces it whole.' },
);

export const UnreachableSchema = Type.Boolean({
  default: false,
  description:
    'Datagrams are answered with ICMP port unreachable while the port stays held. Needs the native engine (Linux), else 422.',
  examples: [false],
});

/** With every default filled in. */
export type Accept = {
  [K in keyof Static<typeof AcceptSchema>]-?: Exclude<Static<typeof AcceptSchema>[K], undefined>;
};
