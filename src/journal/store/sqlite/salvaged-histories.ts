/**
 * SalvagedHistories: what is known of the listeners of a wreck. Where a state is lost it is made of the rows and the spec,
 * where a spec is lost of the state; where both are, the listener is. Between the rows of each, gaps stand for lost ones.
 */

import { listenerId } from '../../../records/ids.ts';
import { comparePositions, later, type Position } from '../../cursor.ts';
import type { JournalListener } from '../../journal.ts';
import { History } from '../../log/history.ts';
import type { HistoryState } from '../../store/history-state.ts';
import type { Row } from '../store.ts';
import type { SalvagedRows } from './salvaged-rows.ts';
import { listenerOf, specOf } from './salvaged-spec.ts';
import * as sql from './schema.ts';
import { sealedText } from './sealed-text.ts';
import type { Statements } from './statements.ts';
import type { ListenerTexts } from './wreck.ts';

export class SalvagedHistories {
  /** Ids of listeners that are lost, and of those that are not all they were. */
  readonly lost: string[] = [];
  readonly reduced: string[] = [];
  carried = 0;
  readonly #rows: SalvagedRows;
  readonly #sql: Statements;

  constructor(rows: SalvagedRows, statements: Statements) {
    this.#rows = rows;
    this.#sql = statements;
  }

  carryOver(listeners: readonly ListenerTexts[]): void {
    const known = new Set(listeners.map(({ number }) => number));
    for (const texts of listeners) this.#carry(texts);
    for (const number of this.#rows.byListener.keys()) if (!known.has(number)) this.lost.push(listenerId(number));
  }

  #carry({ number, state: stateText, spec: specText }: ListenerTexts): void {
    const state = stateText === undefined ? this.#stateOf(number, specText) : (JSON.parse(stateText) as HistoryState);
    if (state === undefined) {
      this.lost.push(listenerId(number));
      return;
    }
    const spec = specText === undefined ? specOf(state.listener) : specText;
    if (stateText === undefined || specText === undefined) this.reduced.push(listenerId(number));
    const tail = this.#fillGaps(number, state);
    const text = sealedText(JSON.stringify({ ...state, tail }));
    this.carried++;
    this.#sql.run(sql.SAVE_LISTENER, number, text, spec === null ? null : sealedText(spec));
  }

  #stateOf(number: number, spec: string | null | undefined): HistoryState | undefined {
    const listener = typeof spec === 'string' ? listenerOf(number, spec) : undefined;
    return listener && this.#stateFromRows(listener);
  }

  #stateFromRows(listener: JournalListener): HistoryState {
    const rows = this.#rows.byListener.get(listener.number) ?? [];
    const [first, last] = [rows[0], rows.at(-1)];
    const history = new History(listener);
    if (first === undefined || last === undefined) return history.state();
    history.floor = first.start;
    history.evicted = first.start.major;
    history.tail = last.end;
    history.appendedBytes = last.bytesBefore + last.bytes;
    history.captured = this.#rows.incomingAfter(last);
    history.outgoing = history.tail.major - history.captured;
    return history.state();
  }

  /** Returns where the history ends. */
  #fillGaps(listener: number, state: HistoryState): Position {
    const rows = [...(this.#rows.byListener.get(listener) ?? [])];
    const end = rows.reduce((end, row) => later(end, row.end), state.tail);
    let before: Row | undefined;
    let position = state.floor;
    for (const row of rows) {
      if (comparePositions(row.start, position) > 0) this.#fill(state, [position, row.start], { before, after: row });
      position = later(position, row.end);
      before = row;
    }
    if (comparePositions(end, position) > 0) this.#fill(state, [position, end], { before });
    return end;
  }

  /** Numbers that were passed over are no loss. */
  #fill(
    { listener, holes }: HistoryState,
    [from, to]: [Position, Position],
    beside: { before?: Row | undefined; after?: Row },
  ): void {
    if (holes.some((hole) => hole.from === from.major && hole.to === to.major) && to.minor === 0) return;
    const { before, after } = beside;
    this.#rows.fill(listener.number, [from, to], { ...(before && { before }), ...(after && { after }) });
  }
}
