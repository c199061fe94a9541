/** `listenpost listen`: a listener for as long as the command runs, its messages on standard output. */
import { Argument, type Command, Option } from 'commander';
import { type Listener, type ListenerSpec, type Responder, UnreachableError } from '../../client/index.ts';
import type { Framing } from '../../schemas/framing.ts';
import { PRESET_NAMES, type PresetName } from '../../schemas/preset-names.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { json, label, whole } from '../options/values.ts';
import { FAILED, UsageError } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';
import { lossWords, showFeed } from '../show/feed.ts';
import { count as counted } from '../show/quantity.ts';

type Flags = {
  name?: string;
  host?: string;
  label?: Record<string, string>;
  echo?: boolean;
  upper?: boolean;
  reply?: string;
  template?: boolean;
  responder?: Responder;
  preset?: PresetName;
  with?: object;
  framing?: Framing;
  threads?: number;
  strict?: boolean;
  count?: number;
  hex?: boolean;
  keep?: boolean;
};

/** How long replies in flight may take when enough messages have come. */
const DRAIN = '1s';

export function addListen(program: Command): void {
  const command = program
    .command('listen')
    .description('create a listener, print what arrives, remove it on Ctrl-C')
    .addArgument(new Argument('<protocol>', 'transport protocol').choices(['udp', 'tcp']))
    .addArgument(new Argument('[port]', 'port; 0 takes any free one').argParser(whole(0, 65_535)).default(0))
    .option('--name <name>', 'unique name of the listener')
    .option('--host <address>', 'local address; other than loopback must be allowed by the service')
    .option('--label <key:value>', 'label; may be repeated', label)
    .addOption(new Option('--echo', 'answer with the same bytes').conflicts(['upper', 'reply', 'responder', 'preset']))
    .addOption(new Option('--upper', 'answer in upper case').conflicts(['reply', 'responder', 'preset']))
    .addOption(new Option('--reply <text>', 'answer with this text').conflicts(['responder', 'preset']))
    .option('--template', 'fill in {{text}}, {{n}}, {{remote.address}} and the like in --reply')
    .addOption(new Option('--responder <json>', 'answer as the API says').argParser(json).conflicts('preset'))
    .addOption(new Option('--preset <name>', 'answer as one of these, see listenpost presets').choices(PRESET_NAMES))
    .addOption(new Option('--with <json>', 'parameters of --preset').argParser(json))
    .addOption(
      new Option(
        '--framing <how>',
        'how TCP is cut into messages: a type as the API has it, e.g. line, or its JSON',
      ).argParser(framing),
    )
    .option('--strict', 'waits and verifications fail by a message that no rule matched')
    .option('--threads <number>', 'sockets on the port, one a thread', whole(1, 16))
    .option('--count <number>', 'end after so many messages have come in', whole(1))
    .option('--hex', 'show payloads as hex digits')
    .option('--keep', 'leave the listener there at the end');
  addExamples(addCommon(command), [
    ['listenpost listen udp 9000', 'print datagrams until Ctrl-C'],
    ['listenpost listen tcp 2323 --framing line --upper', 'answer each line in upper case'],
    ['listenpost listen tcp 2525 --preset smtpSink', 'take mail'],
    ['listenpost listen udp --json --count 3', 'any free port, three messages as JSON, then end'],
  ]).action(inSession(listen));
}

/** 1 when the listener went before as many messages had come as were wanted. */
async function listen(session: Session, protocol: 'udp' | 'tcp', port: number, flags: Flags): Promise<number> {
  const { output, signal } = session;
  const { count = Infinity, hex, keep = false } = flags;
  const creating = session.service.listen(specOf(protocol, port, flags));
  let got = 0;
  const words = lossWords(output, session.service.url);
  let isLost = false;
  const remove = async () => {
    const closing = (await creating.catch(() => undefined))?.close(got >= count ? { drain: DRAIN } : {});
    // With the service the listener is lost: it was told already.
    await closing?.catch((error) => (isLost && error instanceof UnreachableError ? undefined : Promise.reject(error)));
  };
  if (!keep) session.atEnd(remove);
  const listener = await creating;
  const feed = listener.events({
    signal,
    hold: !keep,
    ...(output.json && hex ? { payload: 'hex' } : {}),
    onLost: () => {
      isLost = true;
      words.onLost?.();
    },
    onBack: () => {
      isLost = false;
      words.onBack?.();
    },
  });
  await feed.opened();
  if (output.json) await output.object(listener.view);
  output.warn(listener.view.warnings);
  output.say(greeting(listener, keep));
  const isEnough = ({ direction }: { direction: string }) => direction === 'in' && ++got >= count;
  await showFeed(feed, { output, flags, onMessage: isEnough });
  if (got >= count || signal.aborted) return 0;
  output.say(`the listener is gone after ${counted(got, 'message')}`);
  return flags.count === undefined ? 0 : FAILED;
}

function greeting({ url, name, id }: Listener, keep: boolean): string {
  return `listening on ${url} as ${name ?? id}; Ctrl-C ends it${keep ? ' and keeps the listener' : ''}`;
}

function specOf(protocol: 'udp' | 'tcp', port: number, flags: Flags): ListenerSpec {
  const { name, host, label, threads, framing, strict } = flags;
  if (framing !== undefined && protocol === 'udp') throw new UsageError('--framing is for tcp');
  const responder = responderOf(flags);
  return {
    protocol,
    port,
    ...(name === undefined ? {} : { name }),
    ...(host === undefined ? {} : { host }),
    ...(label === undefined ? {} : { labels: label }),
    ...(threads === undefined ? {} : { threads }),
    ...(strict === undefined ? {} : { strict }),
    ...(framing === undefined ? {} : { tcp: { framing } }),
    ...(responder === undefined ? {} : { responder }),
  };
}

/** A type that needs no more, or the whole as JSON. */
function framing(text: string): Framing {
  return text.trimStart().startsWith('{') ? (json(text) as unknown as Framing) : ({ type: text } as Framing);
}

function responderOf({ echo, upper, reply, template = false, preset, ...flags }: Flags): Responder | undefined {
  if (template && reply === undefined) throw new UsageError('--template goes with --reply');
  if (flags.with !== undefined && preset === undefined) throw new UsageError('--with goes with --preset');
  if (preset !== undefined)
    return { type: 'preset', name: preset, ...(flags.with && { with: flags.with }) } as Responder;
  if (echo) return { type: 'echo' };
  if (upper) return { type: 'upper' };
  return reply === undefined ? flags.responder : { type: 'reply', text: reply, template };
}
