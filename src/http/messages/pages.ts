/** Pages of messages: the query into a read, and its result into a response, without touching the encoded items. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidParameter, ProblemError } from '../../errors.ts';
import type { PageQuery } from '../../schemas/query.ts';
import type { PayloadMode, Read, ReadResult, ReadScope, Wait, WaitResult } from '../../schemas/reads.ts';
import { nextLink } from '../lists.ts';
import { PROBLEM_TYPE, pathOf, problemDocument } from '../problems.ts';
import { duration, messageFilter } from './filters.ts';

const DEFAULT_LIMIT = 100;
/** A page ends early at so many bytes of payload. */
const PAGE_BYTES = 8 * 1024 ** 2;
const LONGEST_WAIT = 60_000;

/** Checked parameters of a wait. */
export type WaitTerms = { count: number; timeout: number; orFail: boolean };

/** The read that a page query asks for. What a HEAD looks at is not read by it. */
export function pageRead(query: PageQuery, scope: ReadScope, method = 'GET'): Read {
  return {
    peek: method === 'HEAD',
    scope,
    after: query.after ?? null,
    before: query.before ?? null,
    order: query.order ?? 'asc',
    limit: query.limit ?? DEFAULT_LIMIT,
    maxBytes: PAGE_BYTES,
    filter: messageFilter(query),
    payload: query.payload ?? 'full',
    format: 'json',
  };
}

/** The read of one message: nothing when it is not there. */
export function messageRead(listener: number, seq: number, payload: PayloadMode = 'full', method = 'GET'): Read {
  const query = { after: `${seq - 1}`, before: `${seq + 1}`, limit: 1, payload };
  return pageRead(query, { listener }, method);
}

/** The wait that a page query asks for; undefined when it asks for none. */
export function waitTerms(query: PageQuery): WaitTerms | undefined {
  if (query.wait === undefined) {
    if (query.count !== undefined) throw invalidParameter('count', 'needs wait');
    if (query.orFail !== undefined) throw invalidParameter('orFail', 'needs wait');
    return undefined;
  }
  if (query.order === 'desc') throw invalidParameter('order', 'must be asc with wait');
  if (query.before !== undefined) throw invalidParameter('before', 'does not go with wait');
  const timeout = duration('wait', query.wait);
  if (timeout > LONGEST_WAIT) throw invalidParameter('wait', 'must be at most 60s');
  return { count: query.count ?? 1, timeout, orFail: query.orFail ?? false };
}

/** The same read as a wait. Where no kind is named the journal says what counts: messages, and those that came in. */
export function pageWait(query: PageQuery, scope: ReadScope, terms: WaitTerms, method = 'GET'): Wait {
  const read = pageRead(query, scope, method);
  const { kinds: _, ...ofAnyKind } = read.filter;
  const filter = query.kind ? read.filter : ofAnyKind;
  const limit = query.limit ?? Math.max(DEFAULT_LIMIT, terms.count);
  return { ...read, filter, limit, count: terms.count, timeout: terms.timeout };
}

/** Answers with a page. */
export function sendPage(request: FastifyRequest, reply: FastifyReply, result: ReadResult): FastifyReply {
  return sendBytes(request, reply, result, tailOf(result));
}

/** Answers a wait: 200 either way, or with orFail 409 when it was not satisfied. */
export function sendWaited(
  request: FastifyRequest,
  reply: FastifyReply,
  waited: WaitResult,
  terms: WaitTerms,
): FastifyReply {
  if (waited.gone) throw new ProblemError('gone', 'The listener was deleted while this waited.');
  const { satisfied, matched } = waited;
  const members = { satisfied, matched, wanted: terms.count, ...(satisfied ? {} : { nearMisses: waited.nearMisses }) };
  if (satisfied || !terms.orFail) return sendBytes(request, reply, waited, { ...tailOf(waited), ...members });
  const problem = new ProblemError('not_satisfied', `${matched} of ${terms.count} matched in time.`);
  const document = problemDocument(problem, pathOf(request.url));
  reply.code(409).type(PROBLEM_TYPE);
  return reply.send(envelope(waited.body, { ...tailOf(waited), ...members, ...document }));
}

type Tail = { next: string; hasMore: boolean; gap?: ReadResult['gap'] };

function tailOf({ next, hasMore, gap }: ReadResult): Tail {
  return gap === undefined ? { next, hasMore } : { next, hasMore, gap };
}

function sendBytes(request: FastifyRequest, reply: FastifyReply, result: ReadResult, tail: Tail): FastifyReply {
  const parameter = (request.query as PageQuery).order === 'desc' ? 'before' : 'after';
  if (result.hasMore) reply.header('link', nextLink(request.url, parameter, result.next));
  return reply.type('application/json; charset=utf-8').send(envelope(result.body, tail));
}

const HEAD = Buffer.from('{"items":[');

/** `{"items":[…], …tail}` around items that are already encoded: in the margin of their memory where there is room. */
function envelope(items: Uint8Array, tail: object): Buffer {
  const end = Buffer.from(`],${JSON.stringify(tail).slice(1)}`);
  const memory = Buffer.from(items.buffer as ArrayBuffer);
  const behind = items.byteOffset + items.length;
  const hasMargin = items.byteOffset === HEAD.length && memory[0] === 0 && memory.length - behind >= end.length;
  if (!hasMargin) return Buffer.concat([HEAD, items, end]);
  memory.set(HEAD);
  memory.set(end, behind);
  return memory.subarray(0, behind + end.length);
}
