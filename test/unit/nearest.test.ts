import t from 'tap';
import { nearest } from '../../src/nearest.ts';

t.test('a slip finds its word, another word finds none', async (t) => {
  const known = ['protocol', 'host', 'port', 'maxRequests', 'udp', 'tcp', 'tls', 'x'];
  const cases: [string, string | undefined][] = [
    ['protokol', 'protocol'],
    ['prtocol', 'protocol'],
    ['prot', 'port'],
    ['max_requests', 'maxRequests'],
    ['MaxReqeusts', 'maxRequests'],
    ['Host', 'host'],
    ['upd', 'udp'],
    ['colour', undefined],
    ['a', undefined],
    ['y', undefined],
    ['X_', 'x'],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ];
  for (const [word, name] of cases) t.equal(nearest(word, known), name, word.slice(0, 20));
  t.equal(nearest('portt', ['ports', 'port']), 'ports', 'the first of equals');
  t.equal(nearest('x', []), undefined);
});
