/** A small disk of one's own, where the user may mount one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** The directory at which a tmpfs of so many MiB is mounted; null where that is not permitted, and then says so. */
export function smallDisk(t: Test, megabytes: number): string | null {
  const at = mkdtempSync(join(tmpdir(), 'listenpost-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', at], { stdio: 'ignore' });
  } catch {
    rmSync(at, { recursive: true });
    t.comment('skipped: no small disk can be mounted here');
    return null;
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', at]);
    rmSync(at, { recursive: true });
  });
  return at;
}
