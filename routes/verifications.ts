/** Verifications: what must, or must not, have arrived at a listener. */
import { invalidField, ProblemError } from '../src/errors.ts';
import type { Routes } from '../src/http/domain.ts';
import { unlessUnmatched } from '../src/http/messages/strict.ts';
import { whileOpen } from '../src/http/messages/wait.ts';
import { jsonContent, ListenerParams, responses } from '../src/http/operation.ts';
import { Ref } from '../src/schemas/parts.ts';
import { parseDuration, whyNotDuration } from '../src/schemas/units.ts';
import { VerdictSchema, type VerificationRequest, VerificationSchema } from '../src/schemas/verification.ts';
import type { Count, Verification } from '../src/verifications/verification.ts';
import { verify } from '../src/verifications/verify.ts';

const LONGEST = 60_000;

export const verifications: Routes = async (app) => {
  const { registry, journal } = app.domain;

  app.post('/v1/listeners/:id/verifications', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { number, strict } = await registry.flush(id);
    const asked = { ...terms(request.body), listener: number };
    const release = registry.hold(id, { tie: false });
    const bounds = {
      // One that counts what no rule matched is not failed by it.
      scope: strict && asked.unmatched !== true ? { listener: number } : null,
      after: asked.after,
      timeout: asked.within + asked.quietFor,
      signal: whileOpen(app, reply),
    };
    const verdict = await unlessUnmatched(journal, bounds, (signal) => verify(journal, asked, signal)).finally(release);
    if (verdict === 'gone') throw new ProblemError('gone', `Listener ${id} was deleted meanwhile.`);
    if (request.body.orFail === true && !verdict.passed) {
      throw new ProblemError('not_satisfied', verdict.explanation, { extra: verdict });
    }
    return verdict;
  });
};

/** The request with its defaults filled in. */
function terms(body: VerificationRequest): Omit<Verification, 'listener'> {
  const within = milliseconds('/within', body.within);
  const quietFor = milliseconds('/quietFor', body.quietFor);
  if (within + quietFor > LONGEST)
    throw invalidField(quietFor > 0 ? '/quietFor' : '/within', 'within and quietFor are at most 60 s together');
  if (body.inOrder !== undefined && body.count !== undefined) throw invalidField('/count', 'does not go with inOrder');
  if (body.maxInterval !== undefined && body.inOrder === undefined) throw invalidField('/maxInterval', 'needs inOrder');
  return {
    after: `${body.after ?? 0}`,
    direction: body.direction ?? 'in',
    match: body.match,
    unmatched: body.unmatched,
    count: countOf(body.count),
    inOrder: body.inOrder,
    maxInterval: body.maxInterval === undefined ? null : milliseconds('/maxInterval', body.maxInterval),
    within,
    quietFor,
  };
}

function countOf(count: VerificationRequest['count']): Count {
  if (count?.exactly !== undefined) return { least: count.exactly, most: count.exactly };
  if (count?.atMost !== undefined) return { least: 0, most: count.atMost };
  return { least: count?.atLeast ?? 1, most: Number.POSITIVE_INFINITY };
}

function milliseconds(pointer: string, value: string | number = 0): number {
  const parsed = parseDuration(value);
  if (parsed === undefined) throw invalidField(pointer, whyNotDuration(value));
  return parsed;
}

const schema = {
  operationId: 'verify',
  tags: ['Verifications'],
  summary: 'Verify what has arrived',
  description:
    'Answers 200 with `passed`, an explanation in words and the nearest misses. `atLeast` answers when met; `exactly` and `atMost` fail at once when exceeded, else answer at the end of `within`. Then `quietFor` runs, and any further match fails it. That nothing came is `{"count": {"exactly": 0}, "quietFor": "500ms"}`.',
  params: ListenerParams,
  body: Ref(VerificationSchema, {
    examples: [{ match: { text: { contains: 'Hola' } }, count: { atLeast: 1 }, within: '2s' }],
  }),
  response: responses({ 200: jsonContent(VerdictSchema, 'What was found.') }),
};
