import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';

/**
 * A directory for this test, with files by their names. It goes last: whatever was made later in the test has ended by
 * then, and nobody loses a file that is open or about to be.
 */
export function temporaryDirectory(t: Test, files: Record<string, string> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}
