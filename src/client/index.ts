/** The client of Listenpost for tests: everything but starting the service. Runs in browsers, and on Node 20 and later. */

export type { ListenerSpec } from '../schemas/listener.ts';
export type { ListenerPatch } from '../schemas/listener-view.ts';
export type { Match } from '../schemas/match.ts';
export type { Responder } from '../schemas/responder.ts';
export { type ConnectOptions, connect } from './connect.ts';
export type { Connection } from './connection.ts';
export type { After } from './cursor.ts';
export {
  LeakError,
  type Problem,
  ProblemError,
  SendError,
  UnreachableError,
  VerifyError,
  WaitError,
} from './errors.ts';
export type { CloseOptions, Listener, Page, PageOptions } from './listener.ts';
export { type Endpoint, Message, type RecordView } from './message.ts';
export type { Payload } from './payload.ts';
export type { Duration, Filter, Kind, PayloadMode } from './query.ts';
export {
  type RuleList,
  type RulePatch,
  type RuleStatus,
  Rules,
  type RuleTrial,
  type RuleTrialOptions,
} from './rules.ts';
export type { Scope, ScopeOptions } from './scope.ts';
export type { Reply, Send, SendOptions } from './send.ts';
export type { AllFeedOptions, ListenersQuery, Service } from './service.ts';
export type { EventFeed, FeedEvent, FeedOptions, MessageFeed } from './stream.ts';
export type { Verdict, VerifyOptions } from './verify.ts';
export type { ConnectionView, Leaks, ListenerView, NearMiss, Preset, SendView } from './views.ts';
export type { ExpectNoneOptions, WaitManyOptions, WaitOptions } from './wait.ts';
