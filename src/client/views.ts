/** What the service shows, as the client holds it. */
import type { Static } from '@sinclair/typebox';
import type { ConnectionSchema } from '../schemas/connection.ts';
import type { ListenerSchema, RemovedSchema } from '../schemas/listener-view.ts';
import type { MessagePageSchema } from '../schemas/message.ts';
import type { PresetListSchema } from '../schemas/presets-view.ts';
import type { SendSchema } from '../schemas/send.ts';
import type { RecordView } from './message.ts';

export type ListenerView = Static<typeof ListenerSchema>;
export type ConnectionView = Static<typeof ConnectionSchema>;
/** A responder that is there by name. */
export type Preset = Static<typeof PresetListSchema>['items'][number];
export type SendView = Static<typeof SendSchema>;

/** Something near what was wanted, and why it is not that. */
export type NearMiss = { seq: number; why: string; diff?: { offset: number; expected: string; actual: string } };

export type PageView = Omit<Static<typeof MessagePageSchema>, 'items'> & {
  items: RecordView[];
  nearMisses?: NearMiss[];
};

/** What was deleted, and what nobody had read, matched or closed. */
export type Leaks = Static<typeof RemovedSchema>;
