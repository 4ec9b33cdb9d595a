// Secrets go by reference only. What is written as a variable or an argument is kept in the journal, shown, and shared.
import { redact } from "../core/redact.ts";
import type { EnvVar } from "./types.ts";

const NAMED = /(?:token|passw(?:or)?d|secret|key|credential)s?$/i;
/** A special token of a tokenizer, such as `<pad>` or `[MASK]`. */
const SPECIAL = /^(?:<[^<>]+>|\[[^[\]]+\])$/;
/** A path, or an address: where something is, and not what it is. */
const PLACE = /^(?:[a-z][a-z0-9+.-]*:\/|[~.]{0,2})\/[^\s+=]*$/i;

/** True where it is of a secret's form, or is called as one and looks made by chance. */
export function looksSecret({ name, value }: EnvVar): boolean {
  if (SPECIAL.test(value)) return false;
  const line = `${name}=${value}`;
  if (redact(line) !== line) return true;
  return NAMED.test(name) && /^\S{12,}$/.test(value) && /[a-z]/i.test(value) && /\d/.test(value) && !PLACE.test(value);
}

/** More than that: for what can do without a value. */
export function mayBeSecret(of: EnvVar): boolean {
  return NAMED.test(of.name) || looksSecret(of);
}

/** What of the arguments looks like a secret: `--hf-token`, or `argument 3` where no flag names it. */
export function secretArgument(args: readonly string[]): string | undefined {
  const found = args.flatMap((arg, index) => {
    const [, own, given = ""] = /^--?([^=\s]+)=(.*)$/s.exec(arg) ?? [];
    const flag = own ?? /^--?([^=\s]+)$/.exec(args[index - 1] ?? "")?.[1];
    if (!looksSecret({ name: flag ?? "", value: own === undefined ? arg : given })) return [];
    return [flag === undefined ? `argument ${index + 1}` : `--${flag}`];
  });
  return found[0];
}
