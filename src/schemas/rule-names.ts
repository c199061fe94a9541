/** Names in rules, and how many of what a list may have. */
import { Type } from '@sinclair/typebox';

/** Names of rules and fields. `test` and `from-messages` are paths below a listener's rules. */
export const RULE_NAME_PATTERN = '^(?!(?:test|from-messages)$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
export const FIELD_NAME_PATTERN = '^[A-Za-z_][A-Za-z0-9_]{0,31}$';
export const STATE_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

export const MOST_RULES = 1000;
export const MOST_ACTIONS = 64;
export const MOST_STEPS = 256;
export const MOST_FIELDS = 256;
/** State names of one listener, those of rules that are gone included. */
export const MOST_STATES = 4096;

export const StateName = (description: string) =>
  Type.String({ pattern: STATE_NAME_PATTERN, description, examples: ['authed'] });
