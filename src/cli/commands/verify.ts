/** `listenpost verify`: what must, or must not, have arrived, with an explanation for a log. */
import { type Command, Option } from 'commander';
import { type Match, type Verdict, VerifyError, type VerifyOptions } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { duration, json, jsonList, whole } from '../options/values.ts';
import { UsageError } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';

type Flags = {
  match?: Match;
  textContains?: string;
  exactly?: number;
  atLeast?: number;
  atMost?: number;
  inOrder?: Match[];
  maxInterval?: string;
  within?: string;
  quietFor?: string;
  direction?: 'in' | 'out';
  unmatched?: boolean;
  after?: string;
};

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('verify what has arrived; exit code 1 and an explanation when it is not so')
    .argument('<listener>', 'listener by id or name')
    .option('--match <json>', 'what a message must look like, e.g. {"size": 4}', json)
    .option('--text-contains <text>', 'its payload contains this text')
    .addOption(new Option('--exactly <number>', 'so many').argParser(whole(0)).conflicts(['atLeast', 'atMost']))
    .addOption(
      new Option('--at-least <number>', 'so many or more (default: 1)').argParser(whole(0)).conflicts('atMost'),
    )
    .option('--at-most <number>', 'so many or fewer', whole(0))
    .option('--in-order <json>', 'instead: a list of matches, one message for each, in this order', jsonList)
    .option('--max-interval <duration>', 'between two of them in order', duration)
    .option('--within <duration>', 'how long it may take (default: it must be so now)', duration)
    .option('--quiet-for <duration>', 'then no further match for so long', duration)
    .addOption(new Option('--direction <way>', 'messages from or to the network (default: in)').choices(['in', 'out']))
    .option('--unmatched', 'only messages that no rule matched')
    .option('--after <cursor>', 'only what comes after: start, now, or a seq (default: start)');
  addExamples(addCommon(command), [
    ['listenpost verify statsd --text-contains "hits:1|c" --exactly 1 --within 2s', 'once, not twice'],
    ['listenpost verify statsd --exactly 0 --quiet-for 500ms', 'nothing came, and nothing comes'],
  ]).action(inSession(verify));
}

async function verify({ service, output, signal }: Session, ref: string, flags: Flags): Promise<void> {
  const wanted = terms(flags);
  const listener = await service.listener(ref);
  const verdict = await listener.verify({ ...wanted, signal }).catch(async (error) => {
    if (error instanceof VerifyError && output.json) await output.object(error.verdict);
    throw error;
  });
  if (output.json) await output.object(verdict);
  output.say(summary(verdict));
}

function summary({ explanation }: Verdict): string {
  return `passed: ${explanation}`;
}

function terms(flags: Flags): Omit<VerifyOptions, 'signal'> {
  const { inOrder, maxInterval, within, quietFor, direction, unmatched, after } = flags;
  const match = matchOf(flags);
  const count = countOf(flags);
  if (inOrder !== undefined && count !== undefined) throw new UsageError('--in-order says itself how many');
  return {
    ...(match !== undefined && { match }),
    ...(count !== undefined && { count }),
    ...(inOrder !== undefined && { inOrder }),
    ...(maxInterval !== undefined && { maxInterval }),
    ...(within !== undefined && { within }),
    ...(quietFor !== undefined && { quietFor }),
    ...(direction !== undefined && { direction }),
    ...(unmatched !== undefined && { unmatched }),
    ...(after !== undefined && { after }),
  };
}

function matchOf({ match, textContains }: Flags): Match | undefined {
  if (textContains === undefined) return match;
  const text: Match = { text: { contains: textContains } };
  return match === undefined ? text : { all: [match, text] };
}

function countOf({ exactly, atLeast, atMost }: Flags): VerifyOptions['count'] {
  if (exactly !== undefined) return { exactly };
  if (atMost !== undefined) return { atMost };
  return atLeast === undefined ? undefined : { atLeast };
}
