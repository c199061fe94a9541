/** Writes the records of a stream as they come. */
import type { EventFeed, FeedEvent, FeedOptions, Message, RecordView, Service } from '../../client/index.ts';
import type { Output } from '../session/output.ts';
import { messageLine, recordLine } from './lines.ts';

export type FeedFlags = { hex?: boolean };

/** Bytes of a payload on a terminal; what goes into a pipe or a file is whole. */
const ON_TERMINAL = 512;

/** `names` where records of several listeners come. True from `onMessage` ends it. */
export async function showFeed(
  feed: EventFeed,
  { output, flags, names, onMessage = () => false }: ShowOptions,
): Promise<void> {
  const most = output.isTerminal ? ON_TERMINAL : Infinity;
  for await (const event of feed) {
    const listener = await names?.of(viewOf(event).listenerId);
    await output.show(viewOf(event), () => lineOf(event, { hex: flags.hex, listener, most }));
    if (event.type === 'message' && onMessage(event.message)) return;
  }
}

/** Says at once that the service is lost: until it is back nothing comes. */
export function lossWords(output: Output, url: string): Pick<FeedOptions, 'onLost' | 'onBack'> {
  return {
    onLost: () => output.say(`lost the service at ${url}; trying to connect again`),
    onBack: () => output.say(`the service at ${url} is back`),
  };
}

type ShowOptions = {
  output: Output;
  flags: FeedFlags;
  names?: Names;
  onMessage?: (message: Message) => boolean;
};

function viewOf(event: FeedEvent): RecordView {
  return event.type === 'message' ? event.message.toJSON() : event.record;
}

function lineOf(event: FeedEvent, options: Parameters<typeof messageLine>[1]): string {
  return event.type === 'message' ? messageLine(event.message, options) : recordLine(event.record, options);
}

/** Names of listeners, asked for once each. */
export class Names {
  readonly #service: Service;
  readonly #known = new Map<string, string>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** The id where it has no name or is gone. */
  async of(id: string | undefined): Promise<string> {
    if (id === undefined) return '';
    const known = this.#known.get(id) ?? (await this.#service.listener(id).catch(() => undefined))?.name ?? id;
    this.#known.set(id, known);
    return known;
  }
}
