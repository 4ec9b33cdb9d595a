import { UserError } from "../../core/errors.ts";
import { toNumber } from "./formats.ts";
import type { Said } from "./formats.ts";

const MOST_CHARACTERS = 300;
/** A pattern reads no more of a line: what it may cost grows with that. */
const MOST_OF_LINE = 500;

export type OwnPattern = (line: string) => Said | undefined;

/**
 * A person's own regular expression, with named groups `value` (wanted), `name`, `step` and `epoch`; each place where it
 * fits is a point. Throws a UserError that says why it cannot be used. A shared configuration may bring one along, and
 * none may hold the window up: what can take exponential time (a repeated group that repeats or chooses inside) is refused.
 */
export function ownPattern(source: string): OwnPattern {
  const refuse = (why: string, hint: string, cause?: unknown): UserError =>
    new UserError("metric-pattern", "The pattern for metrics was not used.", { why, hint, cause });
  if (source.length > MOST_CHARACTERS)
    throw refuse(`It has ${source.length} characters.`, `Use at most ${MOST_CHARACTERS}.`);
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, "gu");
  } catch (error) {
    throw refuse(`${error instanceof Error ? error.message : String(error)}.`, "Write it as JavaScript does.", error);
  }
  if (!source.includes("(?<value>"))
    throw refuse("No group of it is named value.", "Write one, as in (?<name>\\w+)=(?<value>[\\d.]+).");
  if (repeatsChoices(source))
    throw refuse("A repeated group of it repeats or chooses inside.", "Repeat without a group, as in [a-z.]+.");
  return (line) => {
    const metrics: [string, number][] = [];
    const places: { step?: number; epoch?: number } = {};
    for (const { groups = {} } of line.slice(0, MOST_OF_LINE).matchAll(pattern)) {
      const text = groups["value"]?.trim() ?? "";
      const value = toNumber(text);
      if (text === "" || (Number.isNaN(value) && !/^[-+]?nan$/i.test(text))) continue;
      metrics.push([groups["name"] ?? "value", value]);
      for (const place of ["step", "epoch"] as const) {
        const at = Number(groups[place] ?? Number.NaN);
        if (Number.isFinite(at)) places[place] ??= at;
      }
    }
    return metrics.length === 0 ? undefined : { metrics, ...places };
  };
}

/** Whether a group that may come again holds something that may come again, or a choice. */
function repeatsChoices(source: string): boolean {
  const open: boolean[] = [];
  // Escapes and classes whole, then brackets, choices and what repeats.
  for (const [token] of source.matchAll(
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<\w+>))?|\)(?:[*+]|\{\d+,?\d*\})?|[*+|]|\{\d+,\d*\}/gu,
  )) {
    const holds = token === "|" || token === "*" || token === "+" || token.startsWith("{");
    if (token.startsWith("(")) open.push(false);
    else if (token.startsWith(")")) {
      const inner = open.pop() ?? false;
      const repeated = token.length > 1;
      if (inner && repeated) return true;
      if ((inner || repeated) && open.length > 0) open[open.length - 1] = true;
    } else if (holds && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}
