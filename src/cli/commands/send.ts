/** `listenpost send`: a transmission on demand; its replies on standard output. */
import { Argument, type Command, Option } from 'commander';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { addPayload, type PayloadFlags, payloadOf } from '../options/payload.ts';
import { type Destination, destination, duration, numeric, whole } from '../options/values.ts';
import { UsageError } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';
import { follow } from '../show/sending.ts';

type Flags = PayloadFlags & {
  count?: number;
  rate?: number;
  interval?: string;
  duration?: string;
  expectReply?: number;
  timeout?: string;
  from?: string;
  halfClose?: boolean;
  connections?: number;
};

export function addSend(program: Command): void {
  const command = program
    .command('send')
    .description('send a payload, once or many times; print the replies')
    .addArgument(new Argument('<protocol>', 'transport protocol').choices(['udp', 'tcp']))
    .addArgument(new Argument('<to>', 'host:port, [v6]:port, or a listener by id or name').argParser(destination))
    .argument('[text]', 'payload as text; - reads standard input');
  addPayload(command)
    .option('--template', 'fill in {{n}}, {{now}}, {{uuid}} in text')
    .option('--count <number>', 'send so many times', whole(1))
    .addOption(new Option('--rate <number>', 'so many a second').argParser(numeric(0)).conflicts('interval'))
    .option('--interval <duration>', 'time between two, e.g. 10ms', duration)
    .option('--duration <duration>', 'stop after this long', duration)
    .option('--expect-reply <number>', 'wait for so many replies; fail when they do not come', whole(1, 1000))
    .option('--timeout <duration>', 'how long to wait for replies (default: 2s); expects one', duration)
    .option('--from <listener>', "send from a UDP listener's own socket; replies are captured there")
    .option('--half-close', 'TCP: end the sending side after the payload, then read')
    .option('--connections <number>', 'TCP: spread repetitions over so many connections', whole(1, 1000));
  addExamples(addCommon(command), [
    ['listenpost send udp 127.0.0.1:9000 "Hola server" --timeout 2s', 'send a datagram and print the reply'],
    ['listenpost send udp statsd "hits:{{n}}|c" --template --count 1000 --rate 100', 'a thousand in ten seconds'],
    ['printf "GET / HTTP/1.0\\r\\n\\r\\n" | listenpost send tcp 127.0.0.1:8080 - --timeout 2s', 'bytes from a pipe'],
  ]).action(inSession(send));
}

async function send(
  session: Session,
  protocol: 'udp' | 'tcp',
  to: Destination,
  text: string | undefined,
  flags: Flags,
) {
  if (protocol === 'udp' && (flags.halfClose || flags.connections)) {
    throw new UsageError('--half-close and --connections are for tcp');
  }
  const payload = await payloadOf(text, flags, session.signal);
  await follow(session, session.service.startSend({ protocol, to, ...payload, ...terms(flags) }));
}

/** What the flags say beyond the payload. */
function terms({ count, rate, interval, duration, template, from, ...flags }: Flags) {
  const { expectReply, timeout, halfClose, connections } = flags;
  const reply = { ...(expectReply && { count: expectReply }), ...(timeout && { timeout }) };
  const tcp = { ...(halfClose && { halfClose }), ...(connections && { connections }) };
  return {
    ...(count !== undefined && { count }),
    ...(rate !== undefined && { rate }),
    ...(interval !== undefined && { interval }),
    ...(duration !== undefined && { duration }),
    ...(template !== undefined && { template }),
    ...(from !== undefined && { from }),
    ...(Object.keys(reply).length > 0 && { expectReply: reply }),
    ...(Object.keys(tcp).length > 0 && { tcp }),
  };
}
