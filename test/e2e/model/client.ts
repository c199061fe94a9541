/** One of the clients: it does one thing after the other, as it is drawn, and looks at what it is answered. */
import type { Draws } from './draws.ts';
import type { Answer, Http } from './http.ts';
import type { Peers } from './peers.ts';
import type { Known, World } from './world.ts';

export type Parts = { http: Http; world: World; peers: Peers; draws: Draws };

export class Client {
  readonly http: Http;
  readonly world: World;
  readonly peers: Peers;
  readonly draws: Draws;

  constructor({ http, world, peers, draws }: Parts) {
    this.http = http;
    this.world = world;
    this.peers = peers;
    this.draws = draws;
  }

  /** A listener that nobody has asked to delete so far; undefined when there is none. */
  any(wanted: (known: Known) => boolean = () => true): Known | undefined {
    return this.draws.of(this.world.live.filter(wanted));
  }

  /**
   * Asks about a listener. Answers undefined when it is gone, which is right only once its deletion was asked for; any
   * other status than those foreseen is a violation.
   */
  async about(
    known: Known,
    [method, path, body]: [string, string, unknown?],
    foreseen: number[],
  ): Promise<Answer | undefined> {
    const answer = await this.http.ask(method, `${known.path}${path}`, body);
    if (foreseen.includes(answer.status)) return answer;
    if (known.dying && (answer.status === 404 || answer.status === 410)) return undefined;
    this.wrong(`${method} ${known.path}${path}`, answer);
    return undefined;
  }

  wrong(what: string, { status, body }: Answer): void {
    this.world.violate(`${what}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  }
}
