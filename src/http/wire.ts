/**
 * Answers below Fastify: what Node would answer itself, without a body or by closing the connection, is a problem
 * document here as well.
 */
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProblemError } from '../errors.ts';
import { ISOLATION } from './isolation.ts';
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

/** What is not even HTTP. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const detail = tooLarge ? 'The headers are too large.' : 'This is not proper HTTP.';
  endWith(socket, new ProblemError('validation_failed', detail));
}

/** The last answer on a connection, written without Node's help. */
function endWith(socket: Duplex, problem: ProblemError, more: Record<string, string> = {}): void {
  const { head, body } = answerOf(problem, '/');
  const lines = Object.entries({ ...head, ...more, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
  const start = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`;
  socket.on('error', () => socket.destroy());
  socket.end(`${[start, ...lines].join('\r\n')}\r\n\r\n${body}`);
}

function answerOf(problem: ProblemError, instance: string) {
  const body = JSON.stringify(problemDocument(problem, instance));
  const head = { ...ISOLATION, 'content-type': PROBLEM_TYPE, 'content-length': `${Buffer.byteLength(body)}` };
  return { head, body };
}

function unknownExpectation({ headers }: IncomingMessage): ProblemError {
  return new ProblemError('expectation_failed', `Expect: ${headers.expect} is not known; 100-continue is.`);
}
