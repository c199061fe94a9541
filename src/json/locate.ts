/** Finds values in JSON text by their paths, without making values: so they can be taken as they are written. */
import { closes, opens } from './depth.ts';
import { CODE, Tokens } from './tokens.ts';

/** The members on the way to the places looked for. */
type Goal = Map<string, Goal>;
/** A value on the way. Of members with the same name the last one counts, as for JSON.parse. */
type Hit = { start: number; end: number; members: Map<string, Hit> };
/** An array or object on the way that is open. `index` is that of the item at hand. */
type Frame = { goal: Goal; hit: Hit; isArray: boolean; index: number };

/** The text of the value that a path leads to, for each path; undefined where there is none. The text must be JSON. */
export function locate(text: string, paths: readonly (readonly string[])[]): (string | undefined)[] {
  const root = hitsIn(text, goalOf(paths));
  return paths.map((path) => {
    let hit: Hit | undefined = root;
    for (const key of path) hit = hit?.members.get(key);
    return hit && text.slice(hit.start, hit.end);
  });
}

function goalOf(paths: readonly (readonly string[])[]): Goal {
  const root: Goal = new Map();
  for (const path of paths) {
    let goal = root;
    for (const key of path) {
      const next: Goal = goal.get(key) ?? new Map();
      goal.set(key, next);
      goal = next;
    }
  }
  return root;
}

function hitsIn(text: string, goal: Goal): Hit {
  const tokens = new Tokens(text);
  const stack: Frame[] = [];
  tokens.next();
  const root = visit(tokens, goal, stack);
  while (stack.length > 0 && tokens.next()) {
    const frame = stack.at(-1)!;
    if (closes(tokens.code)) {
      frame.hit.end = tokens.end;
      stack.pop();
    } else if (tokens.code === CODE.comma) frame.index++;
    else member(tokens, frame, stack);
  }
  return root;
}

/** Of an object the token at hand is the name, of an array the value. */
function member(tokens: Tokens, frame: Frame, stack: Frame[]): void {
  const key = frame.isArray ? String(frame.index) : nameOf(tokens);
  if (!frame.isArray) {
    tokens.next();
    tokens.next();
  }
  const goal = frame.goal.get(key);
  if (goal !== undefined) frame.hit.members.set(key, visit(tokens, goal, stack));
  else if (opens(tokens.code)) tokens.skip();
}

/** A value on the way begins. Its inside is looked at only where something is looked for there. */
function visit(tokens: Tokens, goal: Goal, stack: Frame[]): Hit {
  const hit: Hit = { start: tokens.start, end: tokens.end, members: new Map() };
  if (!opens(tokens.code)) return hit;
  if (goal.size > 0) stack.push({ goal, hit, isArray: tokens.code === CODE.openArray, index: 0 });
  else {
    tokens.skip();
    hit.end = tokens.end;
  }
  return hit;
}

/** What a name means: escapes are read. */
function nameOf(tokens: Tokens): string {
  const name = tokens.text.slice(tokens.start + 1, tokens.end - 1);
  return name.includes('\\') ? JSON.parse(tokens.written) : name;
}
