// What a person writes into the fields of a form, read; what cannot be read is said at its field.

/** A Kubernetes quantity, as far as people write them. */
export const QUANTITY = /^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;

export class FormReader<Field extends string> {
  readonly #form: Readonly<Record<Field, unknown>>;
  readonly say: (field: Field, text: string | undefined) => void;

  constructor(form: Readonly<Record<Field, unknown>>, say: (field: Field, text: string | undefined) => void) {
    this.#form = form;
    this.say = say;
  }

  text(field: Field): string | undefined {
    const text = this.#written(field).trim();
    return text === "" ? undefined : text;
  }

  /** A whole number; undefined where nothing is written, or something else. */
  count(field: Field, least: number, most: number): number | undefined {
    const text = this.text(field);
    if (text === undefined) return undefined;
    const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (count >= least && count <= most) return count;
    this.say(field, `It is a whole number between ${least} and ${most}.`);
    return undefined;
  }

  /** An amount of a unit, in whole seconds. */
  seconds(field: Field, unit: number): number | undefined {
    const text = this.text(field);
    if (text === undefined) return undefined;
    if (/^\d{1,7}(?:\.\d{1,6})?$/.test(text)) return Math.round(Number(text) * unit);
    this.say(field, `${JSON.stringify(text)} is not a number such as 90 or 1.5.`);
    return undefined;
  }

  quantity(field: Field, example: string): string | undefined {
    const text = this.text(field);
    if (text === undefined || QUANTITY.test(text)) return text;
    this.say(field, `${JSON.stringify(text)} is not an amount such as ${example}.`);
    return undefined;
  }

  /** Each line that holds something, matched whole. */
  entries(field: Field, form: RegExp, example: string): readonly RegExpExecArray[] {
    return this.#written(field)
      .split("\n")
      .flatMap((line, index) => {
        if (line.trim() === "") return [];
        const match = form.exec(line.trim());
        if (match === null) this.say(field, `Line ${index + 1} is not of the form ${example}.`);
        return match === null ? [] : [match];
      });
  }

  #written(field: Field): string {
    const value = this.#form[field];
    return typeof value === "string" ? value : "";
  }
}

/** `NAME=value` a line, the value as JSON has it where it needs quotes. */
export function readVariables<Field extends string>(
  reader: FormReader<Field>,
  field: Field,
): readonly { readonly name: string; readonly value: string }[] {
  return reader
    .entries(field, /^([^=\s]+)\s*=(.*)$/, "NAME=value")
    .map(([, name = "", value = ""]) => ({ name, value: unquoted(value) }));
}

/** Values with line breaks, with spaces around them, or that look quoted, are written as JSON. */
export function quoted(value: string): string {
  return /[\n\r]|^["\s]|\s$/.test(value) ? JSON.stringify(value) : value;
}

function unquoted(written: string): string {
  if (!/^".*"$/.test(written)) return written;
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "string" ? value : written;
  } catch {
    // No JSON after all: as it is written.
    return written;
  }
}
