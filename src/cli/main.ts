#!/usr/bin/env node
/**
 * The command line's first step: signals count from here on, and on an older Node it goes on with the one that came
 * along, or says what is missing, before anything is imported that the older could not even parse.
 */
import './signals.ts';
import { fileURLToPath } from 'node:url';
import { isNewEnough, nodeIsTooOld, nodeThatCameAlong } from '../client/own-node.ts';

if (isNewEnough(process.versions.node)) {
  const { enableCompileCache } = await import('./compile-cache.ts');
  enableCompileCache();
  const { run } = await import('./run.ts');
  await run(process.argv);
} else {
  await goOn(nodeThatCameAlong()).catch(giveUp);
}

async function goOn(node: string | undefined): Promise<void> {
  if (node === undefined) throw new Error('there is no other Node');
  const { exec } = await import('./exec.ts');
  await exec(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}

function giveUp(): void {
  process.stderr.write(`${nodeIsTooOld()}\n`);
  process.exitCode = 2;
}
