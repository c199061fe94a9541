/** The waits that sleep, grouped by what they ask, so that a chunk is looked at once a question and not once a reader. */

import type { Fresh } from '../changes.ts';
import { HEADER_BYTES } from '../chunk.ts';
import { HistoryReader } from '../historyReader.ts';
import type { Scope } from '../journal.ts';
import { LiteralIndex } from './literalIndex.ts';
import { mayMatch, type Predicate } from './predicate.ts';
import type { Sleeper } from './waits.ts';

/** Waits with the same scope and filter. */
type Group = { key: string; predicate: Predicate; sleepers: Set<Sleeper>; unindex: (() => void) | undefined };
/** Groups that look at the same chunks. Once there are many, those with a literal are found by an index. */
type Ward = { groups: Map<string, Group>; unindexed: Set<Group>; index: LiteralIndex<Group> | undefined };

const MANY_GROUPS = 8;
const ALL = 'all';

export class WaitGroups {
  /** By listener number, or ALL for those over more than one. */
  readonly #wards = new Map<number | typeof ALL, Ward>();
  readonly #homes = new Map<Sleeper, Group>();

  get size(): number {
    return this.#homes.size;
  }

  has(sleeper: Sleeper): boolean {
    return this.#homes.has(sleeper);
  }

  add(sleeper: Sleeper): void {
    const ward = this.#ward(sleeper.request.scope);
    const key = keyOf(sleeper);
    let group = ward.groups.get(key);
    if (group === undefined) {
      group = { key, predicate: sleeper.scan.predicate, sleepers: new Set(), unindex: undefined };
      ward.groups.set(key, group);
      indexGroup(ward, group);
    }
    group.sleepers.add(sleeper);
    this.#homes.set(sleeper, group);
  }

  delete(sleeper: Sleeper): void {
    const group = this.#homes.get(sleeper);
    if (group === undefined) return;
    this.#homes.delete(sleeper);
    group.sleepers.delete(sleeper);
    if (group.sleepers.size > 0) return;
    const home = homeOf(sleeper.request.scope);
    const ward = this.#wards.get(home);
    group.unindex?.();
    ward?.unindexed.delete(group);
    ward?.groups.delete(group.key);
    if (ward?.groups.size === 0) this.#wards.delete(home);
  }

  /** The waits for which some record of the chunk matches. */
  touchedBy(fresh: Fresh): Sleeper[] {
    const touched: Sleeper[] = [];
    for (const home of [fresh.book.listener.number, ALL] as const) {
      const ward = this.#wards.get(home);
      if (ward === undefined) continue;
      for (const group of worthALook(ward, fresh)) {
        if (hasMatch(group.predicate, fresh)) touched.push(...group.sleepers);
      }
    }
    return touched;
  }

  #ward(scope: Scope): Ward {
    const home = homeOf(scope);
    let ward = this.#wards.get(home);
    if (ward === undefined) {
      ward = { groups: new Map(), unindexed: new Set(), index: undefined };
      this.#wards.set(home, ward);
    }
    return ward;
  }
}

function homeOf(scope: Scope): number | typeof ALL {
  return 'listener' in scope ? scope.listener : ALL;
}

function keyOf({ request: { scope, filter } }: Sleeper): string {
  const remote = filter.remote && { ...filter.remote, bytes: [...filter.remote.bytes] };
  return JSON.stringify([scope, { ...filter, remote }]);
}

function indexGroup(ward: Ward, group: Group): void {
  if (ward.index !== undefined) join(ward, ward.index, group);
  else {
    ward.unindexed.add(group);
    if (ward.groups.size <= MANY_GROUPS) return;
    ward.index = new LiteralIndex();
    for (const each of ward.groups.values()) join(ward, ward.index, each);
  }
}

function join(ward: Ward, index: LiteralIndex<Group>, group: Group): void {
  const { literal } = group.predicate;
  if (!LiteralIndex.holds(literal)) {
    ward.unindexed.add(group);
    return;
  }
  ward.unindexed.delete(group);
  group.unindex = index.add(literal, group);
}

function worthALook({ unindexed, index }: Ward, { chunk, survey, thread }: Fresh): Group[] {
  const shown = index?.candidates(chunk, HEADER_BYTES) ?? [];
  return [...unindexed, ...shown].filter(({ predicate }) => mayMatch(predicate.conditions, survey, thread));
}

function hasMatch(predicate: Predicate, { chunk, start }: Fresh): boolean {
  const reader = new HistoryReader(chunk, start);
  while (reader.next()) if (predicate.matches(reader)) return true;
  return false;
}
