/** As much of the DNS (RFC 1035) as a test needs: the name in a query, and an answer with one address. */

const HEADER = 12;

/** The name that a query asks for. */
export function nameOf(query: Uint8Array): string {
  const labels: string[] = [];
  for (let at = HEADER; query[at] !== 0; at += query[at]! + 1) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + query[at]!)));
  }
  return labels.join('.').toLowerCase();
}

/** The answer to a query: the same id and question, and one A record that is good for a minute. */
export function answerOf(query: Uint8Array, address: string): Uint8Array {
  const header = [query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
  const question = query.subarray(HEADER, endOfQuestion(query));
  const record = [0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)];
  return Uint8Array.of(...header, ...question, ...record);
}

/** Behind the name come type and class, two bytes each. */
function endOfQuestion(query: Uint8Array): number {
  let at = HEADER;
  while (query[at] !== 0) at += query[at]! + 1;
  return at + 5;
}
