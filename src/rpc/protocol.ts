/**
 * The form of what two threads say to each other over a port, types only. A request goes out under an id and gets one
 * reply with the same id; it may be cancelled by that id. What one side says unasked is no part of this. Everything
 * crosses by structured clone, so errors are plain data.
 */
import type { WireError } from './wire-error.ts';

/** A protocol maps the name of each command to what is sent and what comes back. */
export type RpcProtocol<P> = { [K in keyof P]: { request: unknown; reply: unknown } };
export type RequestOf<P extends RpcProtocol<P>, K extends keyof P> = P[K]['request'];
export type ReplyOf<P extends RpcProtocol<P>, K extends keyof P> = P[K]['reply'];

export type RequestMessage<P extends RpcProtocol<P>> = {
  [K in keyof P]: { id: number; name: K; request: RequestOf<P, K> };
}[keyof P];
/** What a client says: a request, or that it wants the reply to one no more. */
export type ClientStatement<P extends RpcProtocol<P>> = RequestMessage<P> | { cancel: number };
/** Client to server: what it says in one turn of its loop crosses as one message, in order. */
export type ClientMessage<P extends RpcProtocol<P>> = ClientStatement<P> | readonly ClientStatement<P>[];
/** Server to client. */
export type ReplyMessage = { id: number; reply: unknown } | { id: number; error: WireError };

/** One method a command. The signal is aborted when the client has cancelled the request: its reply is wanted no more. */
export type Handlers<P extends RpcProtocol<P>> = {
  [K in keyof P]: (request: RequestOf<P, K>, signal: AbortSignal) => ReplyOf<P, K> | Promise<ReplyOf<P, K>>;
};
