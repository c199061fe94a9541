/** `await using` where the engine lacks the symbol, as some browsers do: compilers fall back to this one too. */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);

/** What a test closes itself or, by `await using`, at the end of a block. */
export abstract class Closable implements AsyncDisposable {
  abstract close(): unknown;

  async [asyncDispose](): Promise<void> {
    await this.close();
  }
}
