/**
 * What tests look at: one message in memory that it shares with others. A reader of chunks is one as it stands, at each
 * record that it comes to, so no object is made a record.
 */
export interface Subject {
  /** The memory that holds the payload. */
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
  /** The memory that holds the peer's address, and where its 16 bytes begin there. Only with a peer. */
  readonly remoteBytes: Uint8Array;
  readonly remoteOffset: number;
  readonly remotePort: number;
}
