/**
 * Metrics for Prometheus: read from the same numbers that the API shows, at the moment of a scrape, so that counting
 * costs nothing in between. Only API latency is observed as it happens. No label ever carries a remote address.
 */
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { Domain } from '../domain.ts';
import type { Dropped, ListenerView } from '../schemas/listener-status.ts';

/** What the stream hub counts. */
export type StreamTotals = { clients: number; lagged: number };
/** What the HTTP face counts itself. */
export type HttpTotals = {
  streams: () => StreamTotals;
  connections: () => { open: number; refused: number };
};

/** Listeners with series of their own in a scrape; the ones beyond are summed, unless all are asked for. */
export const OWN_SERIES = 200;

type Row = [labels: Record<string, string>, value: number];
type Kind = 'counter' | 'gauge';

/** API latency buckets in seconds: from a cached page to a long wait. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const LISTENER_COUNTERS = {
  received_messages: 'Messages read from the network.',
  received_bytes: 'Payload bytes read from the network.',
  captured_messages: 'Received messages that reached the journal.',
  sent_messages: 'Messages sent: answers and sends from the listener.',
  sent_bytes: 'Payload bytes sent.',
  requests: 'Datagrams or connections admitted.',
  evicted_messages: 'Messages evicted by a bound.',
  replies_suppressed: 'Answers not sent, so that two responders do not feed each other.',
  internal_errors: 'Messages or connections that met a mistake of the program; the log says which.',
  replies_refused: 'Answers that the system refused to send.',
  receive_batches: 'Reads that brought at least one datagram; datagrams a batch = received / batches.',
} as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #latency: Histogram<string>;
  readonly #domain: Domain;
  readonly #http: HttpTotals;
  #turn: Promise<string> = Promise.resolve('');

  constructor(domain: Domain, http: HttpTotals) {
    this.#domain = domain;
    this.#http = http;
    this.#latency = new Histogram({
      name: 'listenpost_http_request_duration_seconds',
      help: 'Time to answer an API request; waits and streams last as long as asked.',
      labelNames: ['method', 'route', 'status'],
      buckets: LATENCY_BUCKETS,
      registers: [this.#registry],
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One answered request. `route` is the pattern, never the path, so that names do not become labels. */
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void {
    const { method, route, status, seconds } = request;
    this.#latency.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds);
  }

  /** The text of a scrape; with `all` every listener has series of its own, however many there are. */
  scrape({ all = false } = {}): Promise<string> {
    // One after the other: they fill the same registry.
    this.#turn = this.#turn.catch(() => '').then(() => this.#scrape(all));
    return this.#turn;
  }

  async #scrape(all: boolean): Promise<string> {
    const [listeners, journal, workers] = await Promise.all([
      this.#domain.registry.list({ labels: [], limit: Number.MAX_SAFE_INTEGER }),
      this.#domain.journal.stats(),
      this.#domain.status.workers(),
    ]);
    this.#listeners(listeners.items, all ? listeners.items.length : OWN_SERIES);
    this.#set('counter', 'journal_appends', 'Transactions committed by the journal.', [[{}, journal.appends]]);
    this.#set('counter', 'journal_append_seconds', 'Time spent appending.', [[{}, journal.appendSeconds]]);
    this.#set('gauge', 'journal_size_bytes', 'Bytes of chunks kept.', [[{}, journal.bytes]]);
    const disk = Object.entries(journal.disk).map(([part, bytes]): Row => [{ part }, bytes]);
    this.#set('gauge', 'journal_disk_bytes', 'Bytes on the disk: file, write-ahead log, ballast.', disk);
    this.#set('gauge', 'journal_chunks', 'Chunks kept.', [[{}, journal.chunks]]);
    this.#set('gauge', 'journal_pending_bytes', 'Bytes accepted and not yet committed.', [[{}, journal.pending]]);
    this.#set('gauge', 'journal_waits', 'Waits under way.', [[{}, journal.waits]]);
    const errors = journal.internalErrors;
    this.#set('counter', 'journal_internal_errors', 'Mistakes of the program met by the journal.', [[{}, errors]]);
    this.#set('gauge', 'journal_up', '1 while messages can be stored.', [[{}, journal.fault === null ? 1 : 0]]);
    const streams = this.#http.streams();
    this.#set('gauge', 'stream_clients', 'Streams open.', [[{}, streams.clients]]);
    this.#set('counter', 'streams_lagged', 'Streams cut because the client was too slow.', [[{}, streams.lagged]]);
    const connections = this.#http.connections();
    this.#set('gauge', 'http_connections', 'Connections to the API open.', [[{}, connections.open]]);
    const refused = 'Connections to the API refused because there were too many.';
    this.#set('counter', 'http_connections_refused', refused, [[{}, connections.refused]]);
    const threads = workers.pools.flatMap((pool) => pool.threads);
    const utilization = threads.map((thread): Row => [{ thread: thread.name }, thread.eventLoopUtilization]);
    this.#set('gauge', 'thread_event_loop_utilization_ratio', 'Share of time a thread is busy, 0 to 1.', utilization);
    const restarts = threads.map((thread): Row => [{ thread: thread.name }, thread.restarts]);
    this.#set('counter', 'thread_restarts', 'Times a thread was replaced.', restarts);
    this.#sends();
    return this.#registry.metrics();
  }

  #listeners(listeners: ListenerView[], own: number): void {
    const groups = grouped(listeners, own);
    for (const [name, help] of Object.entries(LISTENER_COUNTERS)) {
      const read = LISTENER_READS[name as keyof typeof LISTENER_COUNTERS];
      this.#set(
        'counter',
        name,
        help,
        groups.map(({ labels, members }): Row => [labels, sum(members, read)]),
      );
    }
    this.#set(
      'gauge',
      'connections_open',
      'TCP connections open.',
      groups
        .filter(({ labels }) => labels.protocol === 'tcp')
        .map(({ labels, members }): Row => [labels, sum(members, ({ stats }) => stats.connectionsOpen)]),
    );
    const dropped = groups.flatMap(({ labels, members }) =>
      Object.keys(members[0]!.stats.dropped)
        .map((reason) => ({ reason: reason as keyof Dropped, counts: members.filter(knows(reason as keyof Dropped)) }))
        .filter(({ counts }) => counts.length > 0)
        .map(
          ({ reason, counts }): Row => [{ ...labels, reason }, sum(counts, ({ stats }) => stats.dropped[reason] ?? 0)],
        ),
    );
    this.#set('counter', 'dropped_messages', 'Messages that did not reach the journal, by reason.', dropped);
    const summed = Math.max(0, listeners.length - own);
    this.#set('gauge', 'listeners_summed', 'Listeners without series of their own; /metrics?all=true has them.', [
      [{}, summed],
    ]);
    const states = new Map<string, number>();
    for (const { state } of listeners) states.set(state, (states.get(state) ?? 0) + 1);
    this.#set(
      'gauge',
      'listeners',
      'Listeners by state.',
      [...states].map(([state, count]): Row => [{ state }, count]),
    );
  }

  #sends(): void {
    const totals = this.#domain.sends.totals();
    this.#set('counter', 'sends', 'Sends asked for.', [[{}, totals.created]]);
    this.#set('gauge', 'sends_running', 'Sends under way.', [[{}, totals.running]]);
    this.#set('counter', 'send_payloads', 'Payloads sent by sends.', [[{}, totals.sent]]);
    this.#set('counter', 'send_errors', 'Payloads that sends could not send.', [[{}, totals.errors]]);
  }

  /** Replaces a metric's values. Counters carry `_total`, as Prometheus names them. */
  #set(kind: Kind, name: string, help: string, rows: Row[]): void {
    const full = kind === 'counter' ? `listenpost_${name}_total` : `listenpost_${name}`;
    this.#registry.removeSingleMetric(full);
    const labelNames = Object.keys(rows[0]?.[0] ?? {});
    const options = { name: full, help, labelNames, registers: [this.#registry] };
    const metric = kind === 'counter' ? new Counter(options) : new Gauge(options);
    for (const [labels, value] of rows) metric.inc(labels, value);
  }
}

const LISTENER_READS: Record<keyof typeof LISTENER_COUNTERS, (listener: ListenerView) => number> = {
  received_messages: ({ stats }) => stats.received,
  received_bytes: ({ stats }) => stats.receivedBytes,
  captured_messages: ({ stats }) => stats.captured,
  sent_messages: ({ stats }) => stats.sent,
  sent_bytes: ({ stats }) => stats.sentBytes,
  requests: ({ stats }) => stats.requests,
  evicted_messages: ({ stats }) => stats.evicted,
  replies_suppressed: ({ stats }) => stats.repliesSuppressed,
  internal_errors: ({ stats }) => stats.internalErrors,
  replies_refused: ({ stats }) => stats.repliesRefused,
  receive_batches: ({ stats }) => stats.receiveBatches,
};

type Group = { labels: Record<string, string>; members: ListenerView[] };

/** Each of the oldest by itself; the others together, by protocol, as `others`. */
function grouped(listeners: ListenerView[], own: number): Group[] {
  const groups: Group[] = listeners
    .slice(0, own)
    .map((listener) => ({ labels: labelsOf(listener), members: [listener] }));
  for (const protocol of ['udp', 'tcp']) {
    const members = listeners.slice(own).filter((listener) => listener.protocol === protocol);
    if (members.length > 0) groups.push({ labels: { listener: 'others', name: '', protocol }, members });
  }
  return groups;
}

function sum(listeners: readonly ListenerView[], read: (listener: ListenerView) => number): number {
  return listeners.reduce((total, listener) => total + read(listener), 0);
}

/** Whether a listener can tell what was dropped for a reason. */
function knows(reason: keyof Dropped): (listener: ListenerView) => boolean {
  return ({ stats }) => stats.dropped[reason] !== null;
}

function labelsOf(listener: ListenerView): Record<string, string> {
  return { listener: listener.id, name: listener.name ?? '', protocol: listener.protocol };
}
