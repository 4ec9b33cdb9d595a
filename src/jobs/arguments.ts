/**
 * Splits what a person types into arguments: spaces part them, single and double quotes group, a backslash takes the
 * next character as it is. Nothing is expanded, and no shell ever sees it.
 */
export function splitArguments(text: string): readonly string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      current = (current ?? "") + text.charAt(++at);
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else current = (current ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      current ??= "";
    } else if (/\s/.test(char)) {
      if (current !== undefined) found.push(current);
      current = undefined;
    } else {
      current = (current ?? "") + char;
    }
  }
  if (current !== undefined) found.push(current);
  return found;
}

/** The text that `splitArguments` reads back as these arguments. */
export function joinArguments(args: readonly string[]): string {
  return args.map((arg) => (/^[^\s'"\\]+$/.test(arg) ? arg : `"${arg.replace(/(["\\])/g, "\\$1")}"`)).join(" ");
}

/** A sentence where the text cannot be read as arguments: a quote that is not closed would swallow the rest. */
export function argumentsProblem(text: string): string | undefined {
  const bare = text.replace(/\\[\s\S]/g, "").replace(/'[^']*'|"[^"]*"/g, "");
  return /['"]/.test(bare) ? "A quote is not closed." : undefined;
}
