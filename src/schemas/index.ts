/** Every named schema: known to the validator and published under its `$id`. */
import { ConnectionListSchema, ConnectionPatchSchema, ConnectionSchema, PayloadSchema } from './connection.ts';
import { FramingSchema } from './framing.ts';
import { CaptureSchema, ListenerSpecSchema } from './listener.ts';
import {
  ListenerPageSchema,
  ListenerPatchSchema,
  ListenerPutSchema,
  ListenerSchema,
  RemovedSchema,
} from './listener-view.ts';
import { MatchSchema } from './match.ts';
import { ClearedSchema, MessagePageSchema, MessageSchema, WrittenSchema } from './message.ts';
import { PresetListSchema } from './presets-view.ts';
import { ProblemKindSchema, ProblemSchema } from './problem.ts';
import { ResponderSchema } from './responder.ts';
import { RuleActionSchema } from './rule-action.ts';
import { RuleSchema } from './rules.ts';
import {
  RuleListSchema,
  RulePatchSchema,
  RuleStatusSchema,
  RuleTestResultSchema,
  RuleTestSchema,
} from './rules-view.ts';
import { SendPageSchema, SendRequestSchema, SendSchema } from './send.ts';
import { HealthSchema, InfoSchema, OpenApiSchema, WorkersSchema } from './status.ts';
import { VerdictSchema, VerificationSchema } from './verification.ts';
import { WhenSchema } from './when.ts';

export const NAMED_SCHEMAS = [
  CaptureSchema,
  FramingSchema,
  ResponderSchema,
  RuleActionSchema,
  RuleSchema,
  WhenSchema,
  RuleStatusSchema,
  RuleListSchema,
  RulePatchSchema,
  RuleTestSchema,
  RuleTestResultSchema,
  PresetListSchema,
  ListenerSpecSchema,
  ListenerPutSchema,
  ListenerPatchSchema,
  ListenerSchema,
  ListenerPageSchema,
  RemovedSchema,
  MessageSchema,
  MessagePageSchema,
  ClearedSchema,
  WrittenSchema,
  MatchSchema,
  VerificationSchema,
  VerdictSchema,
  PayloadSchema,
  ConnectionSchema,
  ConnectionListSchema,
  ConnectionPatchSchema,
  SendRequestSchema,
  SendSchema,
  SendPageSchema,
  HealthSchema,
  InfoSchema,
  WorkersSchema,
  ProblemSchema,
  ProblemKindSchema,
  OpenApiSchema,
];
