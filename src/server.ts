/**
 * The service: puts the parts together and takes them apart in the right order. Start: journal, threads, registry, HTTP,
 * and only then the listeners, so that probes can tell how far it is. Stop: not ready any more, nothing new, listeners
 * closed and their last messages in the journal, streams given those and their end, threads joined, journal committed.
 * Each step of the stop has a bound, two seconds or less, so that clients and peers can't draw it out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import type { Config } from './config/config.ts';
import type { NamedSpec } from './config/file.ts';
import { reconcile } from './config/reconcile.ts';
import { listen } from './http/servers.ts';
import { openJournal } from './journal/client.ts';
import type { Journal } from './journal/ports.ts';
import { Registry } from './listeners/registry.ts';
import { PortTable } from './listeners/sockets/ports.ts';
import { createLog } from './log.ts';
import { AddressPolicy } from './net/access-policy.ts';
import { addressUrl } from './net/text.ts';
import { whyNotNative } from './runtime/native/selftest.ts';
import { Sends } from './sends/sends.ts';
import { policyOf, Status } from './status.ts';
import { VERSION } from './version.ts';
import { Descriptors } from './workers/descriptors.ts';
import { ThreadAllocator } from './workers/thread-allocator.ts';

export type Service = {
  /** Where the API listens, with the real port. */
  url: string;
  /** Makes the listeners be what a configuration file says; the ones of the last call are compared with. */
  configure(listeners: readonly NamedSpec[]): Promise<void>;
  /** Stops it; resolves when everything is closed, committed and joined. */
  close(): Promise<void>;
};

export type ServiceOptions = {
  log?: Logger;
  /** Listeners that are there from the start. */
  listeners?: readonly NamedSpec[];
  /** The journal thread died: nothing can be kept any more and the process must end. */
  onFatal?: (error: Error) => void;
  /** Gives the start up: it rejects once what was open is closed again. A service that runs is closed by `close`. */
  signal?: AbortSignal;
};

const PORTS = 65_536;
/** Milliseconds that sends get to be called off. */
const SENDS_CLOSE_TIMEOUT_MS = 1000;

/** Starts the service. Rejects when the data directory, a thread or the API's port can't be had; then nothing is left open. */
export async function start(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const { log = createLog(config.logLevel), signal } = options;
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const journal = await openJournal({
      dataDir: config.data,
      maxBytes: config.journalMemory,
      fsync: config.fsync,
      execArgv: [],
      onNotice: (line) => log.warn(line),
      ...(options.onFatal === undefined ? {} : { onDeath: options.onFatal }),
    });
    undo.unshift(() => journal.close());
    signal?.throwIfAborted();
    const ownPorts = new SharedArrayBuffer(PORTS);
    const descriptors = Descriptors.ofProcess();
    const allocator = await ThreadAllocator.start({
      threads: config.threads,
      maxThreads: config.maxThreads,
      environment: {
        attachJournal: (port) => journal.attach(port),
        ownPorts,
        descriptors: descriptors.memory,
        engine: config.engine,
      },
    });
    undo.unshift(() => allocator.close());
    signal?.throwIfAborted();
    const parts = assemble({ config, journal, allocator, ownPorts, descriptors, log });
    // Silent until it listens: Fastify would announce each address in a line of its own.
    const httpLog = log.child({}, { level: 'warn' });
    const app = await buildApp({ domain: parts, options: { ...config, version: VERSION }, logger: httpLog });
    undo.unshift(() => app.close());
    undo.unshift(() => parts.registry.close());
    await listen(app, config);
    httpLog.level = log.level;
    const configure = configurator(parts.registry, log);
    await raise(parts, () => configure(options.listeners ?? []), signal);
    const url = urlOf(app);
    const fallback = config.engine === 'auto' ? whyNotNative() : null;
    if (fallback !== null) log.warn(`UDP is read one datagram at a time: ${fallback}`);
    announce(log, url, config);
    return { url, configure, close: () => stop({ ...parts, app, allocator, log }) };
  } catch (error) {
    for (const step of undo) await step().catch(() => {});
    throw error;
  }
}

/** Brings the listeners up. Until then nobody sees them through the API. When the start is given up no more come. */
async function raise({ registry, status }: Parts, configure: () => Promise<void>, signal?: AbortSignal): Promise<void> {
  const giveUp = () => {
    status.stop();
    void registry.close();
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  status.starting('it is restoring listeners');
  await registry.restore();
  signal?.throwIfAborted();
  status.starting('it is configuring listeners');
  await configure();
  signal?.throwIfAborted();
  signal?.removeEventListener('abort', giveUp);
  status.begin();
}

type Parts = { registry: Registry; sends: Sends; journal: Journal; status: Status };

function assemble(made: {
  config: Config;
  journal: Journal;
  allocator: ThreadAllocator;
  ownPorts: SharedArrayBuffer;
  descriptors: Descriptors;
  log: Logger;
}): Parts {
  const { config, journal, allocator, ownPorts, descriptors, log } = made;
  logThreads(allocator, log);
  const sendPolicy = new AddressPolicy(config.allowSend, { code: 'destination_not_allowed', flag: '--allow-send' });
  const bindPolicy = new AddressPolicy(config.allowBind, { code: 'bind_not_allowed', flag: '--allow-bind' });
  const registry = new Registry({
    journal,
    allocator,
    ports: { table: new PortTable(ownPorts), range: config.portRange },
    bindPolicy,
    sendPolicy,
    descriptors,
    advertisedHost: config.advertisedHost,
    maxListeners: config.maxListeners,
    isDurable: config.data !== null,
    onError: (error) => log.error({ err: error }, 'a change of a listener failed'),
    onStranger: (what) => log.warn(what),
    onInternalError: (report) => log.error(report, 'a thread met a mistake of ours and goes on'),
  });
  const sends = new Sends({
    use: (ref) => registry.use(ref),
    sendPolicy,
    bindPolicy,
    descriptors,
    thread: () => allocator.next(),
    watch: (watcher) => allocator.watch(watcher),
  });
  return { registry, sends, journal, status: new Status({ config, allocator, journal }) };
}

async function stop({
  status,
  registry,
  sends,
  app,
  allocator,
  journal,
  log,
}: Parts & { app: FastifyInstance; allocator: ThreadAllocator; log: Logger }) {
  status.stop();
  await Promise.race([sends.clear(), sleep(SENDS_CLOSE_TIMEOUT_MS, null, { ref: false })]);
  await registry.close();
  await app.close();
  await allocator.close();
  await journal.close();
  log.info('stopped');
}

/** Applies one reading of the configuration file after the other. */
function configurator(registry: Registry, log: Logger): Service['configure'] {
  let last: readonly NamedSpec[] = [];
  let turn = Promise.resolve();
  const apply = async (wanted: readonly NamedSpec[]) => {
    const { failed, warnings, ...changes } = await reconcile(registry, wanted, last);
    last = wanted;
    for (const { name, detail } of failed) log.error({ listener: name }, `a configured listener is not up: ${detail}`);
    for (const { name, detail } of warnings) log.warn({ listener: name }, detail);
    if (Object.values(changes).some((names) => names.length > 0)) log.info(changes, 'configured listeners');
  };
  return (wanted) => {
    turn = turn.catch(() => {}).then(() => apply(wanted));
    return turn;
  };
}

function logThreads(allocator: ThreadAllocator, log: Logger): void {
  allocator.watch({
    down: ({ name }, { code, error }) =>
      log.error({ thread: name, exitCode: code, err: error }, 'a worker thread died'),
    up: ({ name }) => log.warn({ thread: name }, 'a worker thread was replaced'),
    abandoned: ({ name }) => log.error({ thread: name }, 'a worker thread died too often and is given up'),
  });
}

/** On a terminal that is three lines, see log.ts. */
function announce(log: Logger, url: string, config: Config): void {
  log.info({ url, docs: `${url}/docs`, policy: policyOf(config) }, `Listenpost ${VERSION} on ${url}`);
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the API has no address');
  return addressUrl('http', { host: address.address, port: address.port }, null);
}
