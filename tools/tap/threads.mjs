/**
 * Loaded before each test file. tap's loader would come along into every worker thread and every child process, where
 * only a coverage report has a use for it; without one it is left out there, which saves a third of the suite's CPU time.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

if (process.env._TAPJS_PROCESSINFO_COVERAGE_ === '0' && threads.isMainThread) {
  delete process.env.NODE_OPTIONS;
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file, options) {
      super(file, { execArgv: [], ...options });
    }
  };
  syncBuiltinESMExports();
}
