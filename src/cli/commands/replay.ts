/** `listenpost replay`: sends the messages of a capture again. */
import { Argument, type Command, Option } from 'commander';
import type { SendView } from '../../client/index.ts';
import { Send } from '../../client/send.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { readInput } from '../options/payload.ts';
import { destination, numeric } from '../options/values.ts';
import { inSession, type Session } from '../session/session.ts';
import { follow } from '../show/sending.ts';

type Flags = { to: string; protocol?: string; from?: string; scale?: number; direction?: string };

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('send the messages of a file again, in their order and with their timing')
    .addArgument(new Argument('<file>', 'pcapng, pcap, or NDJSON of an export; - is standard input'))
    .addOption(
      new Option('--to <place>', 'host:port, [v6]:port, or a listener by id or name')
        .argParser((text) => destination(text) && text)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--protocol <protocol>', 'how to send (default: udp)').choices(['udp', 'tcp']))
    .option('--from <listener>', "send from a UDP listener's own socket")
    .option('--scale <factor>', 'factor on the time between messages; 0 sends at once (default: 1)', numeric(0))
    .addOption(new Option('--direction <way>', 'only messages of this direction').choices(['in', 'out']));
  addExamples(addCommon(command), [
    ['listenpost replay dns.pcapng --to 127.0.0.1:5353 --direction in', 'the queries of a capture'],
    ['listenpost export statsd | listenpost replay - --to other --scale 0', 'from one listener to another, at once'],
  ]).action(inSession(replay));
}

async function replay(session: Session, file: string, { to, protocol, from, scale, direction }: Flags): Promise<void> {
  const query = { to, protocol, from, scale, direction };
  const bytes = await readInput(file, session.signal);
  const view = session.upload<SendView>('/v1/sends/import', bytes, query);
  await follow(
    session,
    view.then((view) => new Send(session.http, view)),
  );
}
