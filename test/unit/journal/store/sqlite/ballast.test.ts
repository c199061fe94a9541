import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BALLAST, Ballast } from '../../../../../src/journal/store/sqlite/ballast.ts';
import { smallDisk } from '../../../../support/small-disk.ts';

t.setTimeout(120_000);

const MIB = 1024 * 1024;

t.test('it is really allocated, given up at once, and taken up again', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const ballast = new Ballast(directory);
  ballast.hold();
  t.equal(ballast.bytes, BALLAST);
  const { size, blocks } = statSync(join(directory, 'journal.ballast'));
  t.equal(size, BALLAST);
  t.ok(blocks * 512 >= BALLAST, 'not sparse');
  t.notOk(ballast.grow(), 'it has enough');
  ballast.release();
  t.same([ballast.bytes, readdirSync(directory)], [0, []]);
  t.ok(ballast.grow());
  t.equal(new Ballast(directory).bytes, 0, 'a new process begins without it');
  t.same(readdirSync(directory), []);
  t.end();
});

t.test('it takes half of a small disk, and nothing where there is no room', (t) => {
  const directory = smallDisk(t, 6);
  if (directory !== null) {
    const ballast = new Ballast(directory);
    ballast.hold();
    t.equal(ballast.bytes, 3 * MIB);
    ballast.release();
    writeFileSync(join(directory, 'other'), Buffer.alloc(5.5 * MIB));
    ballast.hold();
    t.equal(ballast.bytes, 0);
    t.same(readdirSync(directory), ['other']);
  }
  t.end();
});

t.test('where nothing can be written there is none, and nobody minds', (t) => {
  const ballast = new Ballast('/dev/null/nowhere');
  ballast.hold();
  t.equal(ballast.bytes, 0);
  ballast.release();
  t.end();
});
