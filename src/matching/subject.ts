/**
 * What tests look at: one message in memory that it shares with others. A reader of chunks is one as it stands, at each
 * record that it comes to, so no object is made a record.
 */
export interface Subject {
  /** The memory that holds the payload and the peer's address. */
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** Where the payload begins, and how many bytes of it were kept. */
  readonly payloadOffset: number;
  readonly stored: number;
  /** The bytes that were kept, as a view made at each call: for tests that decode them. */
  readonly payload: Uint8Array;
  /** Bytes on the wire. */
  readonly size: number;
  readonly hasRemote: boolean;
  /** Where the 16 bytes of the peer's address begin. Only with a peer. */
  readonly remoteOffset: number;
  readonly remotePort: number;
}
