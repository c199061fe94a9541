/** A time server of RFC 5905: answers requests of clients (mode 3), and those alone, so that two can't feed each other. */
import type { Preset } from './preset.ts';

/** One millisecond in the fractions of NTP, as a pair so that it stays exact: 2^32 in 1000. */
const FRACTIONS = 2n ** 32n;
/** Of the first byte: version and mode. The mode of an answer is one more; the leap bits say whether the clock is right. */
const VERSION_AND_MODE = 0x3f;
const ALARM = 0xc0;
/** 2^-20 of a second. */
const PRECISION = 'ec';

export const ntp: Preset<'ntp'> = {
  description: 'Tells the time to clients of NTP and SNTP (RFC 5905); its clock may be wrong by as much as you like.',
  protocols: ['udp'],
  expand({ stratum, reference, offset }) {
    const now = nowWith(BigInt(offset));
    const hex = [
      `{{u8 add field.head ${stratum === 0 ? ALARM + 1 : 1}}}`,
      byte(stratum),
      '{{bytes 2 3}}',
      PRECISION,
      '00000000 00000000',
      Buffer.from(reference.padEnd(4, '\0'), 'latin1').toString('hex'),
      now,
      '{{bytes 40 48}}',
      now,
      now,
    ].join(' ');
    return {
      responder: {
        type: 'rules',
        seed: 0,
        fields: { head: { at: 0, as: 'u8', mask: VERSION_AND_MODE }, mode: { at: 0, as: 'u8', mask: 7 } },
        rules: [
          {
            name: 'client',
            when: { size: { min: 48 }, fields: { mode: 3 } },
            then: [{ reply: { hex, template: true } }],
          },
        ],
      },
    };
  },
};

function nowWith(milliseconds: bigint): string {
  if (milliseconds === 0n) return '{{u64be now ntp}}';
  return `{{u64be add now ntp ${(milliseconds * FRACTIONS) / 1000n}}}`;
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
