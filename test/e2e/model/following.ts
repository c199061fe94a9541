/** Following streams that are cut at any moment and resumed: nothing is lost, nothing comes twice. */
import type { Client } from './client.ts';
import { Trail } from './trail.ts';
import type { Known } from './world.ts';

/** Where a stream of one listener has come to, over all its connections. */
export class Follower {
  readonly known: Known;
  readonly trail: Trail;
  readonly #client: Client;
  #cursor: string | undefined;
  /** The service has said that this is the end. */
  ended = false;
  onProgress: () => void = () => {};

  constructor(client: Client, known: Known) {
    const fromStart = client.draws.chance(0.7);
    this.#client = client;
    this.known = known;
    this.trail = new Trail(client.world, known, { who: 'a stream', ...(fromStart && { last: 0 }) });
    this.#cursor = fromStart ? '0' : undefined;
  }

  /** One connection, until the signal cuts it. */
  async connect(cut: AbortSignal): Promise<void> {
    const { known } = this;
    const { world, http } = this.#client;
    const query = this.#cursor === '0' ? '?after=0' : '';
    try {
      for await (const { name, id, data } of http.events(`${known.path}/stream${query}`, this.#cursor, cut)) {
        if (id !== undefined) this.#cursor = id;
        if (name === 'end') this.#end(JSON.parse(data).reason);
        else if (data !== '') this.#take(name, JSON.parse(data));
        this.onProgress();
      }
    } catch (error) {
      const { status } = error as { status?: number };
      if (known.dying && status === 404) this.ended = true;
      else world.violate(`a stream of ${known.id}: ${error}`);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: as the API shows it
  #take(name: string, data: any): void {
    if (name === 'message') this.trail.message(data);
    else if (name === 'gap') this.trail.gap(data);
    else if (name !== 'lag') this.#client.world.violate(`an event ${name} on a stream of ${this.known.id}`);
  }

  #end(reason: string): void {
    this.ended = true;
    if (reason !== 'deleted' || !this.known.dying)
      this.#client.world.violate(`a stream of ${this.known.id} ended: ${reason}`);
  }
}

/** A stream with some cuts. */
export async function follow(client: Client): Promise<void> {
  const known = client.any();
  if (known === undefined) return;
  const follower = new Follower(client, known);
  for (let i = 0; i < 4 && !follower.ended; i++)
    await follower.connect(AbortSignal.timeout(20 + client.draws.below(300)));
}

/** The stream over all listeners: of each one it gives out every message, but for what was forgotten. */
export async function followAll(client: Client): Promise<void> {
  const { world, http, draws } = client;
  const last = new Map<string, number>();
  let cursor: string | undefined;
  for (let i = 0; i < 4; i++) {
    const cut = AbortSignal.timeout(20 + draws.below(300));
    try {
      for await (const { name, id, data } of http.events('/v1/stream?kind=message', cursor, cut)) {
        if (id !== undefined) cursor = id;
        if (name !== 'message' || data === '') continue;
        const item = JSON.parse(data);
        const known = world.listeners.get(item.listenerId);
        const before = last.get(item.listenerId);
        if (before !== undefined && (item.seq <= before || (item.seq !== before + 1 && known?.forgets === false)))
          world.violate(`the stream of all gave ${item.listenerId} #${item.seq} after #${before}`);
        last.set(item.listenerId, item.seq);
        if (known !== undefined) world.saw(known, item);
      }
    } catch (error) {
      world.violate(`the stream of all: ${error}`);
    }
  }
}
