/** The rules of a listener: what they counted, changes, and trials. */
import type { Static } from '@sinclair/typebox';
import type {
  RuleListSchema,
  RulePatchSchema,
  RuleStatusSchema,
  RuleTestResultSchema,
  RuleTestSchema,
} from '../schemas/rules-view.ts';
import type { Http } from './http.ts';
import { type Payload, payloadInput } from './payload.ts';

export type RuleStatus = Static<typeof RuleStatusSchema>;
export type RuleList = Static<typeof RuleListSchema>;
export type RulePatch = Static<typeof RulePatchSchema>;
export type RuleTrial = Static<typeof RuleTestResultSchema>['items'][number];
export type RuleTrialOptions = Omit<Static<typeof RuleTestSchema>, 'messages'>;

export class Rules {
  readonly #http: Http;
  readonly #path: string;

  constructor(http: Http, listenerPath: string) {
    this.#http = http;
    this.#path = `${listenerPath}/rules`;
  }

  /** What they counted, and how many connections or peers are in each state. */
  get(): Promise<RuleStatus> {
    return this.#http.json('GET', this.#path);
  }

  /** Replaces the whole list in one step; makes any responder `rules`. */
  replace(list: RuleList): Promise<RuleStatus> {
    return this.#http.json('PUT', this.#path, { body: list });
  }

  /** Changes one, e.g. `{ enabled: false }`. */
  update(name: string, change: RulePatch): Promise<RuleStatus> {
    return this.#http.json('PATCH', `${this.#path}/${encodeURIComponent(name)}`, { body: change });
  }

  /** What they would do with messages that come one after the other. Nothing is sent, nothing is counted. */
  async test(messages: readonly Payload[], options: RuleTrialOptions = {}): Promise<RuleTrial[]> {
    const body = { ...options, messages: messages.map(payloadInput) };
    return (await this.#http.json<{ items: RuleTrial[] }>('POST', `${this.#path}/test`, { body })).items;
  }
}
