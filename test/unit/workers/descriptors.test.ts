import { closeSync, openSync } from 'node:fs';
import t from 'tap';
import { Descriptors, descriptorLimit, KEPT_BACK } from '../../../src/workers/descriptors.ts';
import { betweenLooks } from '../../support/waiting.ts';

t.setTimeout(120_000);

const skip = process.platform === 'linux' ? false : 'only Linux says how many there may be';

t.test('the limit is that of the process, less what is kept back', { skip }, async (t) => {
  t.ok(descriptorLimit() > KEPT_BACK);
  t.equal(Descriptors.ofProcess(10_000).limit, 10_000 - KEPT_BACK);
  const little = Descriptors.ofProcess(40);
  t.ok(little.limit > 20 && little.limit <= 40, 'with few, a part of them');
  const none = Descriptors.ofProcess(Number.POSITIVE_INFINITY);
  t.ok(none.take(1_000_000), 'without a limit anything goes');
});

t.test('what is taken counts for all threads, and what was closed is found again', { skip }, async (t) => {
  const here = Descriptors.ofProcess(1_000);
  const there = new Descriptors(here.memory);
  const opened: number[] = [];
  const fill = () => {
    while (opened.length < 1_000 && there.take(1)) opened.push(openSync('/dev/null', 'r'));
  };
  fill();
  t.ok(opened.length > 500, `${opened.length} were opened`);
  t.notOk(here.take(1));
  for (const fd of opened.splice(0, 100)) closeSync(fd);
  const deadline = performance.now() + 10_000;
  let hasRoom = here.take(50);
  while (!hasRoom && performance.now() < deadline) {
    await betweenLooks(5);
    hasRoom = here.take(50);
  }
  t.ok(hasRoom, 'room again');
  for (const fd of opened) closeSync(fd);
});
