/** The open connections of a binding, by number, for the binding and for commands from outside. */
import { after } from '../../../clock/timers.ts';
import type { ConnectionState } from '../../../workers/protocol.ts';
import type { Connections } from '../../transport.ts';
import type { TcpConnection } from './connection.ts';
import type { StreamSocket } from './stream.ts';

export class ConnectionTable implements Connections {
  readonly #byNumber = new Map<number, TcpConnection>();
  readonly #bySocket = new Map<StreamSocket, TcpConnection>();
  #onEmpty: (() => void) | null = null;

  get size(): number {
    return this.#byNumber.size;
  }
  all(): TcpConnection[] {
    return [...this.#byNumber.values()];
  }
  bySocket(socket: StreamSocket): TcpConnection | undefined {
    return this.#bySocket.get(socket);
  }

  add(connection: TcpConnection): void {
    this.#byNumber.set(connection.number, connection);
    this.#bySocket.set(connection.socket, connection);
  }
  remove(connection: TcpConnection): void {
    this.#byNumber.delete(connection.number);
    this.#bySocket.delete(connection.socket);
    if (this.size === 0) this.#onEmpty?.();
  }

  /** Resolves when none is open, or after so many milliseconds. */
  async empty(milliseconds?: number): Promise<void> {
    if (this.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = milliseconds === undefined ? undefined : after(milliseconds, resolve);
      this.#onEmpty = () => {
        cancel?.();
        resolve();
      };
    });
    this.#onEmpty = null;
  }

  list(): ConnectionState[] {
    return this.all().map((connection) => connection.describe());
  }

  async send(
    number: number,
    payload: Uint8Array,
    how: { sendId?: string; inReplyTo?: number; raw?: boolean } = {},
  ): Promise<number | null> {
    return this.#byNumber.get(number)?.sendUnasked(payload, how) ?? null;
  }

  update(number: number, { reading, writing }: { reading?: boolean; writing?: boolean }): ConnectionState | null {
    const connection = this.#byNumber.get(number);
    if (connection === undefined) return null;
    if (reading !== undefined) connection.hold('asked', !reading);
    if (writing === false) connection.halfClose();
    return connection.describe();
  }

  close(number: number, mode: 'fin' | 'rst'): boolean {
    const connection = this.#byNumber.get(number);
    connection?.close(mode, 'requested');
    return connection !== undefined;
  }
}
