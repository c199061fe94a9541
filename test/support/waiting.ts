/**
 * The only places where tests let time pass. What is to come about is waited for by looking again and again, with a
 * bound; that something does not come about can only be shown by a wait with a bound. Times are milliseconds.
 */
import { setTimeout as passing } from 'node:timers/promises';

/** The pause between two looks at a condition. */
export function betweenLooks(milliseconds: number): Promise<void> {
  return passing(milliseconds);
}

/** Lets what must not come about have its time. Nothing may rest on it but that something is absent afterwards. */
export function boundedAbsence(milliseconds: number): Promise<void> {
  return passing(milliseconds);
}

/** The time over which something is measured, or goes on. */
export function lasting(milliseconds: number): Promise<void> {
  return passing(milliseconds);
}
