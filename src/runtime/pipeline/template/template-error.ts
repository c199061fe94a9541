/** What can be wrong with a template: as it is written, and with one message. */

/** An unknown name or a wrong argument; `placeholder` is what stands between the braces, empty for what is no place. */
export class TemplateError extends Error {
  readonly placeholder: string;
  constructor(placeholder: string, message: string) {
    super(message);
    this.placeholder = placeholder;
  }
}

/** A place can't be filled in for this message: nothing is sent. */
export class TemplateFault extends Error {}
