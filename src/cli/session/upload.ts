/** Posts bytes as they are, with the errors of every other request. */
import { Http, type HttpOptions } from '../../client/http.ts';
import type { Query } from '../../client/query.ts';

export type Upload = <T>(path: string, bytes: Uint8Array<ArrayBuffer>, query: Query) => Promise<T>;

export function uploads(url: string, options: HttpOptions, signal: AbortSignal): Upload {
  return (path, bytes, query) => {
    const http = new Http(url, { ...options, fetch: carrying(bytes) });
    return http.json('POST', path, { query, signal });
  };
}

/** A fetch whose body is these bytes. */
function carrying(body: Uint8Array<ArrayBuffer>): typeof fetch {
  return (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('content-type', 'application/octet-stream');
    return fetch(url, { ...init, headers, body });
  };
}
