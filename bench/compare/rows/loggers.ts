/** Programs that people use today to keep what came over UDP: rsyslog and socat, each writing to a file. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, has, launch, type Program, scratch } from '../harness/programs.ts';
import { BUFFER, flood, SIZE } from '../harness/udp.ts';
import type { Subject } from '../report/row.ts';

type Logger = { what: string; command: (port: number, file: string) => string[]; kept: (file: string) => number };

const LINE_FEED = 10;
const ARRIVAL_TIMEOUT_MS = 10_000;

const LOGGERS: Record<string, Logger> = {
  rsyslogd: {
    what: 'rsyslog imudp, writes a file',
    command: (port, file) => ['rsyslogd', '-n', '-i', `${file}.pid`, '-f', configured(port, file)],
    // It escapes control characters, so that line feeds only end messages.
    kept: (file) => readFileSync(file).reduce((lines, byte) => lines + (byte === LINE_FEED ? 1 : 0), 0),
  },
  socat: {
    what: 'socat, writes a file',
    command: (port, file) => [
      'socat',
      '-u',
      `UDP4-RECV:${port},bind=127.0.0.1,rcvbuf=${BUFFER}`,
      `OPEN:${file},creat,append`,
    ],
    kept: (file) => statSync(file).size / SIZE,
  },
};

/** Those that are installed, each measured with so many datagrams, and the names of those that are not. */
export function loggers(count: number): { subjects: Subject[]; missing: string[] } {
  const names = Object.keys(LOGGERS);
  const here = names.filter((name) => has(name, name === 'socat' ? '-V' : '-v'));
  const subjects = here.map((name) => subject(LOGGERS[name]!, count));
  return { subjects, missing: names.filter((name) => !here.includes(name)) };
}

function subject({ what, command, kept }: Logger, count: number): Subject {
  return {
    what,
    unit: 'datagrams/s',
    async measure() {
      const port = await freePort();
      const file = join(scratch, `kept-${port}`);
      const program = launch(command(port, file));
      await until(() => isBound(port));
      const atStart = program.cpuUs();
      const begun = performance.now();
      await flood(port, count);
      const idle = await quiet(program);
      const cpuUs = program.cpuUs() - atStart;
      await program.stop();
      const received = kept(file);
      rmSync(file);
      return { value: received / ((idle - begun) / 1e3), cpuUs: cpuUs / received, lost: 1 - received / count };
    },
  };
}

/** rsyslog's recipe for speed: threads and batches at the input, a queue of its own, a writer beside it. */
function configured(port: number, file: string): string {
  const path = `${file}.conf`;
  writeFileSync(
    path,
    `global(workDirectory="${scratch}")
module(load="imudp" threads="2" batchSize="128" timeRequery="8")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="keep" queue.type="FixedArray" queue.size="1000000" queue.dequeueBatchSize="4096") {
  action(type="omfile" file="${file}" template="raw" asyncWriting="on" flushOnTXEnd="off" ioBufferSize="64k")
}
input(type="imudp" address="127.0.0.1" port="${port}" ruleset="keep" rcvbufSize="${BUFFER}")
`,
  );
  return path;
}

/** Resolves when the program has used no CPU for a while; resolves when that began, on the clock of `performance.now()`. */
async function quiet(program: Program): Promise<number> {
  const deadline = performance.now() + ARRIVAL_TIMEOUT_MS;
  let since = performance.now();
  for (let used = -1; performance.now() - since < 300; await sleep(20)) {
    if (performance.now() > deadline) throw new Error('the program does not come to rest');
    if (program.cpuUs() === used) continue;
    used = program.cpuUs();
    since = performance.now();
  }
  return since;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + ARRIVAL_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the program did not bind its port');
    await sleep(10);
  }
}

/** proc_net(5): local addresses are in hex. */
function isBound(port: number): boolean {
  return readFileSync('/proc/net/udp', 'latin1').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `);
}
