/** Data goes to standard output, talk to standard error. */
import { once } from 'node:events';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
export type OutputFlags = { json?: boolean; quiet?: boolean };

export class Output {
  /** Whether data is written as the objects of the API. */
  readonly json: boolean;
  readonly #isQuiet: boolean;
  readonly #over: AbortSignal;

  constructor({ json = false, quiet = false }: OutputFlags, over: AbortSignal) {
    this.json = json;
    this.#isQuiet = quiet;
    this.#over = over;
  }

  /** Whether somebody looks at it. */
  get isTerminal(): boolean {
    return process.stdout.isTTY === true;
  }

  /** Whether talk is welcome and somebody looks at it: then progress may be drawn. */
  get showsProgress(): boolean {
    return process.stderr.isTTY === true && !this.#isQuiet;
  }

  /** Writes data and waits until there is room for more. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#over.aborted || process.stdout.write(data)) return;
    await once(process.stdout, 'drain', { signal: this.#over });
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** An object of the API on a line of its own. */
  async object(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value));
  }

  /** An object of the API with `--json`, else a line for people. */
  async show(value: unknown, text: () => string): Promise<void> {
    await (this.json ? this.object(value) : this.line(text()));
  }

  /** Talk. */
  say(text: string): void {
    if (!this.#isQuiet) process.stderr.write(`${text}\n`);
  }

  /** What the service finds odd about a request that it carried out. */
  warn(warnings: readonly string[] = []): void {
    for (const warning of warnings) this.say(`${paintTalk('yellow', 'warning:')} ${warning}`);
  }
}

/** Colors text for standard output; plain where that is no terminal or colors are not wanted. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** The same for standard error. */
export function paintTalk(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}
