import t from 'tap';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

/** Longest a filter may take over one payload of 64 KiB, and what a busy machine may add. */
const LONGEST = 100;
const SLOWNESS_FACTOR = 10;

const CATASTROPHES = [
  ...['a', '.', '\\w', '[a-z]', 'aa?'].flatMap((x) => [`(${x}+)+$`, `(${x}*)*b`, `(${x}|${x}${x})+$`, `^(${x}+)+!$`]),
  ...[10, 20, 30, 100, 1000].flatMap((n) => [`(a?){${n}}a{${n}}`, `(.*a){${n}}`, `a{1,${n}}b`, `((a{1,${n}})*)*c`]),
  '(a+)+(b+)+(c+)+$',
  '(.*)*(.*)*(.*)*x',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(?i)(a|A|aa|AA)*!',
  '(x+x+)+y',
  '([a-zA-Z]+)*1',
  '(.*)(.*)(.*)(.*)(.*)=(.*)',
  '(a|a|a|a|a|a)*b',
  '((((a*)*)*)*)*b',
  '(\\d+)*[^\\d]{500}z',
];

t.test('no regex stalls the service: each is answered in time or refused', { timeout: 120_000 }, async (t) => {
  const service = await startProcess(t);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'big' });
  for (const filler of ['a', 'ab ', '\u00e9']) {
    const text = filler.repeat(Math.floor(65_000 / Buffer.byteLength(filler)));
    await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'big' }, text });
  }
  await service.until('/v1/listeners/big', ({ body }) => body.stats.captured === 3);
  t.ok(CATASTROPHES.length >= 50);
  const idle = await duration(() => service.get('/livez'));
  for (const pattern of CATASTROPHES) {
    const begun = performance.now();
    const asking = service.get(`/v1/listeners/big/messages?regex=${encodeURIComponent(pattern)}`);
    const beside = await duration(() => service.get('/livez'));
    const { status } = await asking;
    const took = performance.now() - begun;
    t.ok([200, 400].includes(status), pattern);
    t.ok(took < 3 * LONGEST * SLOWNESS_FACTOR, `${pattern}: ${took.toFixed(0)} ms over three payloads`);
    t.ok(beside < idle + LONGEST * SLOWNESS_FACTOR, 'the API goes on meanwhile');
  }
});

async function duration(what: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await what();
  return performance.now() - begun;
}
