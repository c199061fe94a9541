/** Tests made of tests. */
import type { Test } from './test.ts';

/** The first that fails gives the reason. */
export function allOf(tests: readonly Test[]): Test {
  if (tests.length === 1) return tests[0]!;
  return {
    holds: (subject) => tests.every((test) => test.holds(subject)),
    miss(subject) {
      const failed = tests.filter((test) => !test.holds(subject)).map((test) => test.miss(subject));
      const first = failed[0]!;
      return { ...first, closeness: (tests.length - failed.length + first.closeness) / tests.length };
    },
  };
}

/** The nearest gives the reason. */
export function anyOf(tests: readonly Test[]): Test {
  return {
    holds: (subject) => tests.some((test) => test.holds(subject)),
    miss: (subject) =>
      tests.map((test) => test.miss(subject)).reduce((best, miss) => (miss.closeness > best.closeness ? miss : best)),
  };
}

export function not(test: Test): Test {
  return {
    holds: (subject) => !test.holds(subject),
    miss: () => ({ why: 'it matches what `not` excludes', closeness: 0.5 }),
  };
}
