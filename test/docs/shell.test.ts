import t from 'tap';
import { runInOneShell } from './shell.ts';

const { PATH } = process.env;

t.test('blocks share variables, files and jobs', async (t) => {
  const runs = await runInOneShell(['a=1; echo "$a" > f', 'sleep 0.05 & wait; echo "$a $(cat f)"; echo oh >&2'], {
    PATH,
  });
  t.same(runs, [
    { exitCode: 0, stdout: '', stderr: '' },
    { exitCode: 0, stdout: '1 1\n', stderr: 'oh\n' },
  ]);
});

t.test('the first command that fails ends the run', async (t) => {
  for (const failing of ['false', 'false | cat', 'nosuchprogram', 'exit 3', 'echo "']) {
    const runs = await runInOneShell(['echo a', failing, 'echo b'], { PATH });
    t.equal(runs.length, 2, failing);
    t.equal(runs[0]?.exitCode, 0);
    t.not(runs[1]?.exitCode, 0);
  }
});

t.test('listenpost is a command', async (t) => {
  const [run] = await runInOneShell(['listenpost --version'], { PATH });
  t.match(run, { exitCode: 0, stdout: /^\d+\.\d+\.\d+/ });
});

t.test('programs that read find an empty input, jobs left behind end', async (t) => {
  const runs = await runInOneShell(['cat', 'sleep 600 &'], { PATH });
  t.match(runs, [{ exitCode: 0 }, { exitCode: 0 }]);
});
