import t from 'tap';
import type { PortUse } from '../../../../src/listeners/sockets/port-use.ts';
import { PortTable } from '../../../../src/listeners/sockets/ports.ts';

t.setTimeout(120_000);

const holder = { id: 'l_0000000001', name: 'first' };
const use = (host: string, more: Partial<PortUse> = {}): PortUse => ({
  protocol: 'udp',
  host,
  port: 5000,
  ipv6Only: false,
  ...more,
});
const setup = () => {
  const memory = new SharedArrayBuffer(65_536);
  return { table: new PortTable(memory), bytes: new Uint8Array(memory) };
};

t.test('two claims of one place are a conflict that names the holder', async (t) => {
  const { table } = setup();
  table.claim(use('127.0.0.1'), holder);
  t.throws(() => table.claim(use('127.0.0.1'), { id: 'l_0000000002', name: null }), {
    code: 'port_in_use',
    extra: { holder },
  });
});

t.test('what overlaps and what does not', async (t) => {
  const cases: [held: PortUse, wanted: PortUse, overlap: boolean][] = [
    [use('127.0.0.1'), use('127.0.0.2'), false],
    [use('127.0.0.1'), use('127.0.0.1', { protocol: 'tcp' }), false],
    [use('127.0.0.1'), use('127.0.0.1', { port: 5001 }), false],
    [use('0.0.0.0'), use('127.0.0.1'), true],
    [use('0.0.0.0'), use('::1'), false],
    [use('::'), use('::1'), true],
    [use('::'), use('127.0.0.1'), true],
    [use('::'), use('0.0.0.0'), true],
    [use('::', { ipv6Only: true }), use('127.0.0.1'), false],
    [use('::', { ipv6Only: true }), use('0.0.0.0'), false],
    [use('::1'), use('127.0.0.1'), false],
  ];
  for (const [held, wanted, overlap] of cases) {
    for (const [first, second] of [
      [held, wanted],
      [wanted, held],
    ] as const) {
      const { table } = setup();
      table.claim(first, holder);
      t.equal(table.isTaken(second), overlap, `${first.host} then ${second.host}`);
    }
  }
});

t.test('a port given back is free, and threads are told', async (t) => {
  const { table, bytes } = setup();
  const release = table.claim(use('127.0.0.1'), holder);
  const releaseOther = table.claim(use('127.0.0.2'), holder);
  t.equal(bytes[5000], 1);
  release();
  t.equal(bytes[5000], 1, 'another address holds it still');
  t.notOk(table.isTaken(use('127.0.0.1')));
  releaseOther();
  t.equal(bytes[5000], 0);
});

t.test('the free ports of a range, each once', async (t) => {
  const { table } = setup();
  table.claim(use('127.0.0.1', { port: 7001 }), holder);
  const { port: _, ...place } = use('127.0.0.1');
  t.same([...table.free({ first: 7000, last: 7003 }, place)].sort(), [7000, 7002, 7003]);
});
