/**
 * A mail server that keeps what it is given (RFC 5321). Each mail is one message, dot-stuffed as it came, without the line
 * that ends it.
 */
import type { Framing } from '../schemas/framing.ts';
import type { FilledParameters } from '../schemas/presets.ts';
import type { RuleAction } from '../schemas/rule-action.ts';
import type { Rule } from '../schemas/rules.ts';
import type { When } from '../schemas/when.ts';
import type { Preset } from './preset.ts';

const LINES: Framing = { type: 'line', eol: '\r\n' };
/** Base64 of what AUTH LOGIN asks for. */
const USERNAME = 'VXNlcm5hbWU6';
const PASSWORD = 'UGFzc3dvcmQ6';
const GREETED = ['ready', 'mail', 'rcpt'];

export const smtpSink: Preset<'smtpSink'> = {
  description: 'Takes mail from any client of SMTP and keeps it; each mail is one message.',
  protocols: ['tcp'],
  expand: (parameters) => ({
    framing: LINES,
    responder: {
      type: 'rules',
      seed: 0,
      rules: [
        { name: 'greeting', on: 'connect', then: [says(`220 ${parameters.hostname} ESMTP`)] },
        ...mailRules(parameters.maxSize),
        ...(parameters.auth ? AUTH_RULES : []),
        ...HELPERS,
        ...helloRules(parameters),
        ...envelopeRules(parameters),
        rule('out-of-order', /^(MAIL|RCPT|DATA)\b/, says('503 5.5.1 bad sequence of commands')),
      ],
      otherwise: [says('500 5.5.1 command not known')],
    },
  }),
};

/** A longer mail is cut at `maxSize`; what follows of it is no command. */
function mailRules(maxSize: number): Rule[] {
  return [
    {
      name: 'too-long',
      when: { state: 'data', size: { min: maxSize } },
      then: [{ setFraming: LINES }, says('552 5.3.4 mail is too long'), { close: 'fin' }],
    },
    {
      name: 'mail',
      when: { state: 'data' },
      then: [{ setFraming: LINES }, says('250 2.0.0 kept'), { setState: 'ready' }],
    },
  ];
}

const AUTH_RULES: Rule[] = [
  { name: 'auth-user', when: { state: 'authUser' }, then: [says(`334 ${PASSWORD}`), { setState: 'authPassword' }] },
  {
    name: 'auth-password',
    when: { state: 'authPassword' },
    then: [says('235 2.7.0 welcome'), { setState: 'ready' }],
  },
  rule('auth-plain', /^AUTH PLAIN \S/, says('235 2.7.0 welcome'), { state: GREETED }),
  rule('auth-plain-asks', /^AUTH PLAIN\b/, says('334 '), { state: GREETED }, { setState: 'authPassword' }),
  rule('auth-login-user', /^AUTH LOGIN \S/, says(`334 ${PASSWORD}`), { state: GREETED }, { setState: 'authPassword' }),
  rule('auth-login', /^AUTH LOGIN\b/, says(`334 ${USERNAME}`), { state: GREETED }, { setState: 'authUser' }),
];

const HELPERS: Rule[] = [
  rule('quit', /^QUIT\b/, says('221 2.0.0 bye'), {}, { close: 'fin' }),
  rule('reset', /^RSET\b/, says('250 2.0.0 ok'), { state: GREETED }, { setState: 'ready' }),
  rule('noop', /^(NOOP|RSET)\b/, says('250 2.0.0 ok')),
  rule('vrfy', /^VRFY\b/, says('252 2.5.0 send some mail')),
  rule('help', /^HELP\b/, says('214 2.0.0 RFC 5321')),
];

function helloRules({ hostname, maxSize, auth }: FilledParameters<'smtpSink'>): Rule[] {
  const extensions = [
    hostname,
    `SIZE ${maxSize}`,
    'PIPELINING',
    '8BITMIME',
    'ENHANCEDSTATUSCODES',
    ...(auth ? ['AUTH PLAIN LOGIN'] : []),
    'SMTPUTF8',
  ];
  const lines = extensions.map((line, i) => `250${i === extensions.length - 1 ? ' ' : '-'}${line}`);
  return [
    rule('ehlo', /^EHLO\b/, says(lines.join('\r\n')), {}, { setState: 'ready' }),
    rule('helo', /^HELO\b/, says(`250 ${hostname}`), {}, { setState: 'ready' }),
  ];
}

function envelopeRules({ maxSize, reject }: FilledParameters<'smtpSink'>): Rule[] {
  const text: Framing = { type: 'delimiter', text: '\r\n.\r\n', maxFrame: maxSize };
  const refusals = reject.map((address, i) => ({
    name: `reject-${i + 1}`,
    when: {
      text: { startsWith: 'RCPT TO:', contains: `<${address}>`, ignoreCase: true },
      state: ['mail', 'rcpt'],
    },
    then: [says('550 5.1.1 no such recipient')],
  }));
  return [
    rule('sender', /^MAIL FROM: *<?[^<>]*>?/, says('250 2.1.0 ok'), { state: 'ready' }, { setState: 'mail' }),
    ...refusals,
    rule('recipient', /^RCPT TO: *<?[^<>]+>?/, says('250 2.1.5 ok'), { state: ['mail', 'rcpt'] }, { setState: 'rcpt' }),
    {
      name: 'data',
      when: { text: { regex: '^DATA\\s*$', ignoreCase: true }, state: 'rcpt' },
      then: [says('354 end with a line of one dot'), { setFraming: text }, { setState: 'data' }],
    },
  ];
}

/** Commands are read in either case. */
function rule(name: string, pattern: RegExp, reply: RuleAction, when: When = {}, ...more: RuleAction[]): Rule {
  return { name, when: { text: { regex: pattern.source, ignoreCase: true }, ...when }, then: [reply, ...more] };
}

function says(text: string): RuleAction {
  return { reply: { text } };
}
