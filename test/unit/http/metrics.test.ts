import t from 'tap';
import { Metrics, OWN_SERIES } from '../../../src/http/metrics.ts';
import { fakeDomain } from '../../support/fake/domain.ts';

const HTTP = { streams: () => ({ clients: 0, lagged: 0 }), connections: () => ({ open: 0, refused: 0 }) };
const STATS = {
  engine: 'memory' as const,
  chunks: 0,
  bytes: 0,
  maxBytes: 1,
  disk: { file: 0, log: 0, ballast: 0 },
  pending: 0,
  appends: 0,
  appendSeconds: 0,
  waits: 0,
  internalErrors: 0,
  fault: null,
};

t.test('so many listeners have series of their own; the ones beyond are summed unless all are asked for', async (t) => {
  const { domain, registry, journal } = fakeDomain();
  journal.stats = async () => STATS;
  const metrics = new Metrics(domain, HTTP);
  const received = (text: string) => [...text.matchAll(/^listenpost_received_messages_total\{(.*)\} (\d+)$/gm)];
  const grow = async (upTo: number) => {
    while (registry.entries.length < upTo) {
      const i = registry.entries.length;
      const view = await registry.create({ protocol: i % 3 === 0 ? 'tcp' : 'udp', name: `n${i}` });
      view.stats = { ...view.stats, received: 1, dropped: { ...view.stats.dropped, kernel: i % 2 === 0 ? null : 2 } };
    }
  };
  await grow(OWN_SERIES);
  const few = await metrics.scrape();
  t.equal(received(few).length, OWN_SERIES);
  t.notMatch(few, /others/);
  t.match(few, /^listenpost_listeners_summed 0$/m);

  await grow(OWN_SERIES + 100);
  const [many, all] = await Promise.all([metrics.scrape(), metrics.scrape({ all: true })]);
  t.equal(received(many).length, OWN_SERIES + 2);
  t.equal(received(all).length, OWN_SERIES + 100);
  t.match(many, /^listenpost_listeners_summed 100$/m);
  const sum = (text: string) => received(text).reduce((total, [, , count]) => total + Number(count), 0);
  t.equal(sum(many), OWN_SERIES + 100, 'nothing is left out');
  t.equal(sum(all), OWN_SERIES + 100);
  const others = received(many).filter(([, labels]) => labels!.includes('listener="others"'));
  t.same(others.map(([, , count]) => Number(count)).sort(), [33, 67]);
  t.match(many, /^listenpost_dropped_messages_total\{.*listener="others".*reason="kernel".*\} \d+$/m);
  t.ok(many.length < all.length);
});
