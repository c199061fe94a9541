#!/usr/bin/env node
/**
 * The command line's first step: signals count from here on, and an older Node is told what it lacks before anything is
 * imported that it could not even parse.
 */
import './signals.ts';

export const NODE_FLOOR = 24;

const major = Number.parseInt(process.versions.node, 10);
if (major < NODE_FLOOR) {
  process.stderr.write(`listenpost needs Node ${NODE_FLOOR} or later; this is Node ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  const { run } = await import('./run.ts');
  await run(process.argv);
}
