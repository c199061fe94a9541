/**
 * Answers below Fastify: what Node would answer itself, without a body or by closing the connection, is a problem
 * document here as well.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProblemError } from '../errors.ts';
import { ISOLATION } from './isolation.ts';
import { STATUS_CODES } from './node-http.ts';
import { PROBLEM_TYPE, pathOf, problemDocument } from './problems.ts';

/** Handles what a server of Node answers before it hands a request on. */
export function addWireAnswers(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { head, body } = answerOf(unknownExpectation(request), pathOf(request.url ?? '/'));
    response.writeHead(417, head).end(body);
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const detail = `This is no proxy: CONNECT ${request.url} is not served.`;
    endWith(socket, new ProblemError('method_not_allowed', detail), { allow: '' });
  });
}

/** What is not even HTTP, or did not come whole. Where an answer has begun already another would be taken for its end. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: answer } = socket as Duplex & { _httpMessage?: ServerResponse | null };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  endWith(socket, brokenRequest(error.code));
}

function brokenRequest(code: string | undefined): ProblemError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProblemError('request_timeout', 'The request did not come whole in time; send it in one go.');
  }
  const details: Record<string, string> = {
    HPE_HEADER_OVERFLOW: 'The headers are too large.',
    HPE_INVALID_EOF_STATE: 'The connection was closed before the request had come whole.',
  };
  return new ProblemError('validation_failed', details[code ?? ''] ?? 'This is not proper HTTP.');
}

/** Milliseconds the last answer may take to be read. */
const CLOSE_TIMEOUT_MS = 1000;

/** The last answer on a connection, written without Node's help. What the peer still sends is not read any more. */
function endWith(socket: Duplex, problem: ProblemError, more: Record<string, string> = {}): void {
  const { head, body } = answerOf(problem, '/');
  const lines = Object.entries({ ...head, ...more, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
  const start = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`;
  socket.on('error', () => socket.destroy());
  socket.end(`${[start, ...lines].join('\r\n')}\r\n\r\n${body}`);
  // It would stay open for as long as the peer likes; cut at once it would take the answer along.
  const late = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
  socket.once('close', () => clearTimeout(late));
}

function answerOf(problem: ProblemError, instance: string) {
  const body = JSON.stringify(problemDocument(problem, instance));
  const head = { ...ISOLATION, 'content-type': PROBLEM_TYPE, 'content-length': `${Buffer.byteLength(body)}` };
  return { head, body };
}

function unknownExpectation({ headers }: IncomingMessage): ProblemError {
  return new ProblemError('expectation_failed', `Expect: ${headers.expect} is not known; 100-continue is.`);
}
