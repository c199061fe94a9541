/** A list of rules that can't be; `pointer` says where in the responder, e.g. `/rules/1/then/0/reply/hex`. */
export class RuleError extends Error {
  readonly pointer: string;
  constructor(pointer: string, message: string) {
    super(message);
    this.pointer = pointer;
  }
}
