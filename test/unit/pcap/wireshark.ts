/** Wireshark's command-line tools as judges of a capture; where they are not installed, tests that need them skip. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Tool = 'tshark' | 'capinfos';

const CHECKSUMS = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);

/** Why a test that needs the tools can't run, or false. */
export const withoutTools: string | false = ['tshark', 'capinfos', 'editcap'].every(
  (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0,
)
  ? false
  : 'tshark, capinfos and editcap are not installed';

/** What the tool prints about a capture, checksums verified. Throws when it complains on stderr. */
export function inspect(tool: Tool, capture: Uint8Array, args: readonly string[] = []): string {
  return withFile(capture, (file) =>
    run(tool, tool === 'tshark' ? ['-r', file, ...CHECKSUMS, ...args] : [...args, file]),
  );
}

/** The capture in another format, as Wireshark writes it: `pcap`, `nsecpcap`, `pcapng`. */
export function converted(capture: Uint8Array, format: string): Buffer {
  return withFile(capture, (file) => {
    run('editcap', ['-F', format, file, `${file}.${format}`]);
    return readFileSync(`${file}.${format}`);
  });
}

function withFile<T>(capture: Uint8Array, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'listenpost-export-'));
  const file = join(folder, 'export.pcapng');
  try {
    writeFileSync(file, capture);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(tool: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const complaints = stderr.replace(/^Running as user "root".*$/m, '').trim();
  if (status !== 0 || complaints !== '') throw new Error(`${tool}: ${status} ${complaints}`);
  return stdout;
}

/** One row a packet that the display filter lets through, the fields in columns. */
export function fields(capture: Uint8Array, names: readonly string[], more: readonly string[] = []): string[][] {
  const wanted = names.flatMap((name) => ['-e', name]);
  const rows = inspect('tshark', capture, ['-T', 'fields', '-E', 'separator=/t', ...wanted, ...more]);
  return rows === ''
    ? []
    : rows
        .replace(/\n$/, '')
        .split('\n')
        .map((row) => row.split('\t'));
}

/** Expert items of severity warning and error, one a line. */
export function warnings(capture: Uint8Array, more: readonly string[] = []): string[] {
  return inspect('tshark', capture, ['-q', '-z', 'expert,warn', ...more])
    .split('\n')
    .filter((line) => /^\s+\d+\s/.test(line));
}

/** The bytes of a stream by direction, as Follow Stream shows them: the peer's, and the listener's. */
export function follow(capture: Uint8Array, protocol: 'tcp' | 'udp', stream: number): { in: Buffer; out: Buffer } {
  const text = inspect('tshark', capture, ['-q', '-z', `follow,${protocol},raw,${stream}`]);
  const lines = text.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line));
  const bytes = (own: boolean) =>
    Buffer.from(
      lines
        .filter((line) => line.startsWith('\t') === own)
        .map((line) => line.trim())
        .join(''),
      'hex',
    );
  return { in: bytes(false), out: bytes(true) };
}
