/** `listenpost rules`: what the rules of a listener counted, or what they would do with messages. */
import type { Command } from 'commander';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { paint } from '../session/output.ts';
import { inSession, type Session } from '../session/session.ts';
import { endpoint } from '../show/lines.ts';
import { spacedHex } from '../show/printable.ts';
import { table } from '../show/table.ts';

type TestFlags = { state?: string; hex?: true };

export function addRules(program: Command): void {
  const command = program.command('rules').description('look at the rules of a listener, or try them');
  addExamples(command, [['listenpost rules show pop3', 'hits, and what is left of times']]);
  const status = command
    .command('show')
    .description('what each rule has counted')
    .argument('<listener>', 'listener by id or name');
  addCommon(status).action(inSession(show));
  const trial = command
    .command('test')
    .description('what the rules would do with messages; nothing is sent')
    .argument('<listener>', 'listener by id or name')
    .argument('<text...>', 'messages, one after the other')
    .option('--hex', 'the messages are hex digits')
    .option('--state <name>', 'the state to begin in');
  addExamples(addCommon(trial), [
    ['listenpost rules test pop3 "USER bob" QUIT', 'two messages of one peer'],
    ['listenpost rules test device --hex "0007 01 ff"', 'a binary one'],
  ]).action(inSession(test));
}

async function show({ service, output }: Session, ref: string): Promise<void> {
  const status = await (await service.listener(ref)).rules.get();
  if (output.json) {
    await output.object(status);
    return;
  }
  const rows = status.items.map(({ name, enabled, hits, remaining }) => [
    name,
    enabled ? 'yes' : 'no',
    `${hits}`,
    `${remaining ?? '-'}`,
  ]);
  const [head = '', ...lines] = table([['RULE', 'ENABLED', 'HITS', 'LEFT'], ...rows]);
  await output.line([paint('bold', head), ...lines].join('\n'));
  output.say(`unmatched: ${status.unmatched}`);
}

async function test(
  { service, output }: Session,
  ref: string,
  texts: string[],
  { state, hex }: TestFlags,
): Promise<void> {
  const { rules } = await service.listener(ref);
  const trials = await rules.test(
    hex ? texts.map((digits) => ({ hex: digits })) : texts,
    state === undefined ? {} : { state },
  );
  for (const [i, trial] of trials.entries()) {
    if (output.json) await output.object(trial);
    else await output.line(lines(texts[i]!, trial).join('\n'));
  }
}

type Trial = Awaited<ReturnType<Awaited<ReturnType<Session['service']['listener']>>['rules']['test']>>[number];

function lines(text: string, { rule, others, actions, state }: Trial): string[] {
  const done = actions.length === 0 ? ['nothing'] : actions.map(words);
  return [
    `${JSON.stringify(text)}: ${rule ?? 'no rule'}, then state ${state}`,
    ...done.map((what) => `  ${what}`),
    ...others.map((other) => `  not ${other.rule}: ${other.why}`),
  ];
}

/** What is done: to whom, what, how long, how. */
function words({ do: what, from, protocol, to, ms, mode, framing, ...sent }: Trial['actions'][number]): string {
  const where = to === undefined ? undefined : `${protocol} ${endpoint(to)}`;
  const by = from === 'newPort' ? 'from a new port' : from === 'listener' ? "from the listener's port" : undefined;
  const time = ms === undefined ? undefined : `${Math.round(ms * 10) / 10} ms`;
  return [what, where, payloadWords(sent), by, time, mode, framing].filter((part) => part !== undefined).join(' ');
}

function payloadWords({ text, base64, error }: Pick<Trial['actions'][number], 'text' | 'base64' | 'error'>) {
  if (error !== undefined) return `nothing: ${error}`;
  if (text !== undefined) return JSON.stringify(text);
  return base64 === undefined ? undefined : `hex ${spacedHex(Buffer.from(base64, 'base64'))}`;
}
