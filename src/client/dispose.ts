/** `await using` where the engine does not have the symbol yet, e.g. in some browsers: compilers fall back to the same one. */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
