/**
 * UDP ports on which sockets of this service answer, a byte each in memory that all threads share. A listener's socket and
 * sockets for single peers may have one number on different addresses: its lowest bit is the listeners', the others count
 * the rest, so that nobody takes away what is another's.
 */
const LISTENERS = 1;
const PEER_SOCKET = 2;

/** Whether listeners hold a port of that number. Only main knows, so only main says. */
export function setListenerPort(ports: Uint8Array, port: number, held: boolean): void {
  if (held) Atomics.or(ports, port, LISTENERS);
  else Atomics.and(ports, port, 0xff ^ LISTENERS);
}

/** A socket for one peer is bound; returns how to say that it is closed. */
export function notePeerSocket(ports: Uint8Array, port: number): () => void {
  Atomics.add(ports, port, PEER_SOCKET);
  return () => Atomics.sub(ports, port, PEER_SOCKET);
}
