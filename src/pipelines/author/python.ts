// Python as black leaves it alone: a line of at most 88 characters, else one item a line with a comma behind each.

/**
 * A text; brackets with items between: `{ open: "f(", items: ["a", "b"], close: ")" }`; or the parts of a choice, which
 * stand in brackets where they are too long for a line: `{ open: "x=", choice: ["a", "if b", "else c"] }`.
 */
export type Python =
  | string
  | { readonly open: string; readonly items: readonly Python[]; readonly close: string }
  | { readonly open: string; readonly choice: readonly string[] };

const WIDTH = 88;

/** A double-quoted string, single-quoted where that needs fewer escapes. */
export function quote(text: string): string {
  const body = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
  const isShorter = body.split('"').length > body.split("'").length;
  return isShorter ? `'${body.replaceAll("'", "\\'")}'` : `"${body.replaceAll('"', '\\"')}"`;
}

/** What black and people cannot see in a line. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/** The lines of a statement, indented by `indent` spaces. */
export function lay(python: Python, indent = 0, after = ""): readonly string[] {
  const space = " ".repeat(indent);
  const line = space + flat(python) + after;
  if (typeof python === "string" || line.length <= WIDTH) return [line];
  const deeper = " ".repeat(indent + 4);
  if ("choice" in python) {
    const inner = deeper + python.choice.join(" ");
    const lines = inner.length <= WIDTH ? [inner] : python.choice.map((part) => deeper + part);
    return [`${space}${python.open}(`, ...lines, `${space})${after}`];
  }
  if (python.items.length === 0) return [line];
  return [
    space + python.open,
    ...python.items.flatMap((item) => lay(item, indent + 4, ",")),
    space + python.close + after,
  ];
}

function flat(python: Python): string {
  if (typeof python === "string") return python;
  if ("choice" in python) return python.open + python.choice.join(" ");
  return python.open + python.items.map(flat).join(", ") + python.close;
}

/** Text for a docstring: nothing in it ends the string or escapes. */
export function docText(text: string): string {
  const plain = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return plain.replaceAll("\\", "\\\\").replaceAll('"""', "'''").replace(/"$/, "'");
}

/** Words in lines of at most `width` characters; the first one begins after `first` spaces, the others after `rest`. */
export function wrap(text: string, first: number, rest: number, width = WIDTH): readonly string[] {
  const lines: string[] = [];
  let line = " ".repeat(first);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = " ".repeat(rest);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** A docstring indented by four spaces, with lines behind what it says. */
export function docstring(text: string, more: readonly string[] = []): readonly string[] {
  const lines = wrap(`"""${text}`, 4, 4, WIDTH - 3);
  return lines.length + more.length === 1 ? [`${lines[0] ?? ""}"""`] : [...lines, ...more, '    """'];
}
