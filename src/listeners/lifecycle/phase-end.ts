/** The end of a connect phase that was for a while: connections are accepted again. */
import type { JournalWriter, ListenerCatalog } from '../../journal/ports.ts';
import { acceptingSpec } from '../accept.ts';
import { ConnectPhase } from '../connect-phase.ts';
import type { Listener } from '../listener.ts';
import { changePhase } from '../sockets/phase-change.ts';
import { fail } from './repair.ts';

/** Nothing where another phase is in force by now. A listener that can't listen again fails. Call within its turn. */
export async function endPhase(
  listener: Listener,
  phase: ConnectPhase,
  journal: JournalWriter & ListenerCatalog,
): Promise<void> {
  if (listener.phase !== phase) return;
  const spec = acceptingSpec(listener.spec);
  try {
    await changePhase(listener, new ConnectPhase(spec));
    listener.spec = spec;
  } catch (error) {
    const { code = 'internal', message } = error as Error & { code?: string };
    await fail(listener, { code, detail: message }, journal);
  }
}
