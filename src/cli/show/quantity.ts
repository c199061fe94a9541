/** Numbers as people read them. */

export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString('en')} ${noun}${amount === 1 ? '' : 's'}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(amount: number): string {
  if (amount < 1024) return count(amount, 'byte');
  const power = Math.min(Math.floor(Math.log2(amount) / 10), UNITS.length - 1);
  return `${(amount / 1024 ** power).toFixed(1)} ${UNITS[power]}`;
}

export function elapsed(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
