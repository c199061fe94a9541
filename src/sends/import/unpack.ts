/** Files out of gzip, told by how they begin, whatever their name or type. */
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { ProblemError } from '../../errors.ts';
import { ImportError } from '../../pcap/import-item.ts';
import { LARGEST_FILE } from '../../schemas/send.ts';

const inflate = promisify(gunzip);

export type Unpacked = { bytes: Uint8Array; isCut: boolean };

/** One that was cut gives what is whole. Throws a 413 before more than LARGEST_FILE is unpacked, and ImportError. */
export async function unpacked(file: Uint8Array): Promise<Unpacked> {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return { bytes: file, isCut: false };
  const maxOutputLength = LARGEST_FILE;
  try {
    return { bytes: await inflate(file, { maxOutputLength }), isCut: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'Z_BUF_ERROR') throw refused(error as NodeJS.ErrnoException);
  }
  try {
    const bytes = await inflate(file, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
    return { bytes, isCut: true };
  } catch (error) {
    throw refused(error as NodeJS.ErrnoException);
  }
}

function refused({ code, message }: NodeJS.ErrnoException): Error {
  if (code !== 'ERR_BUFFER_TOO_LARGE') return new ImportError(0, `not proper gzip: ${message}`);
  const limit = `${LARGEST_FILE / 1024 ** 2} MiB`;
  return new ProblemError('payload_too_large', `The file may have ${limit} at most, unpacked; split it.`);
}
