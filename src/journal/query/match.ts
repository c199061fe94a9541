/** `match`: a compiled Match over records. */
import { compileMatch } from '../../matching/compile.ts';
import { MatchError, type Subject } from '../../matching/test.ts';
import type { ChunkReader } from '../../records/chunk.ts';
import type { ByteDiff, Match } from '../../schemas/match.ts';
import { JournalError } from '../journal-error.ts';

/** Throws JournalError `filter_invalid`, which names the member. */
export function matchTest(match: Match) {
  const test = compile(match);
  return {
    matches: (reader: ChunkReader) => test.holds(subjectOf(reader)),
    why: (reader: ChunkReader) => test.miss(subjectOf(reader)).why,
    closeness: (reader: ChunkReader) => test.miss(subjectOf(reader)).closeness,
    diff: (reader: ChunkReader): ByteDiff | undefined => test.miss(subjectOf(reader)).diff,
  };
}

function compile(match: Match): ReturnType<typeof compileMatch> {
  try {
    return compileMatch(match);
  } catch (error) {
    if (!(error instanceof MatchError)) throw error;
    throw new JournalError('filter_invalid', `match${error.pointer}: ${error.message}`);
  }
}

function subjectOf(reader: ChunkReader): Subject {
  const { payload, size } = reader;
  if (!reader.hasRemote) return { payload, size };
  return { payload, size, remote: { bytes: reader.bytes, offset: reader.remoteOffset, port: reader.remotePort } };
}
