// Everything that comes from a cluster is hostile text: it may move the cursor, set the window title, write to the
// clipboard or reverse what is read. Colours are all that is kept of a terminal's language.

// One alternative per family: CSI … final byte; OSC, DCS, SOS, PM, APC up to their terminator (or the end);
// two-character escapes. The 8-bit forms of the introducers count too.
const ESCAPES =
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  /(?:\u001b\[|\u009b)([0-?]*)([ -/]*)([@-~]?)|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|\u001b[ -/]*[0-~]?/g;
// eslint-disable-next-line no-control-regex -- C0 without tab and escape, DEL, C1
const CONTROLS = /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f]/g;
const BIDI = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;
// eslint-disable-next-line no-control-regex -- anything that one of the three looks for begins with one of these
const SUSPECT = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
// eslint-disable-next-line no-control-regex -- the tab is meant
const UNPRINTABLE = /[^\u0009\u0020-\u007e]/;
const SGR = /^[0-9;:]*$/;

/**
 * One line of a log as it may be shown in a terminal: SGR colours kept, every other control sequence dropped, bidi
 * controls made visible. What a carriage return overwrote is left out, as a terminal would show it.
 */
export function terminalLine(text: string): string {
  return clean(lastRedraw(text), true);
}

/** The same without colours: for files, tree rows, messages and editors. */
export function plainLine(text: string): string {
  return clean(lastRedraw(text), false);
}

/**
 * What lines of one source say, where all of it is printable ASCII and tabs: it may be shown as it is, and each character
 * is one byte. Undefined elsewhere. Looked at together, since logs have many lines.
 */
export function plainTexts(
  lines: readonly { readonly source: unknown; readonly text: string }[],
): readonly string[] | undefined {
  const source = lines[0]?.source;
  const texts = lines.map(({ text }) => text);
  return lines.every((line) => line.source === source) && !UNPRINTABLE.test(texts.join("")) ? texts : undefined;
}

/** Any text of a cluster as one short plain line, for labels and tooltips. */
export function label(text: string, max = 200): string {
  const line = clean(text.replace(/\s+/g, " "), false).trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}

/** The same for a list to pick from, which reads `$(name)` as an icon. */
export function pickLabel(text: string, max = 200): string {
  return label(text, max).replaceAll("$(", "$\u200b(");
}

function clean(text: string, colours: boolean): string {
  // Most lines have nothing of it, and logs have many lines.
  if (!SUSPECT.test(text)) return text;
  return text
    .replace(
      ESCAPES,
      (sequence, parameters: string | undefined, between: string | undefined, final: string | undefined) =>
        colours && final === "m" && between === "" && SGR.test(parameters ?? "")
          ? `\u001b[${parameters ?? ""}m`
          : sequence && "",
    )
    .replace(CONTROLS, "")
    .replace(BIDI, "\ufffd");
}

/** A progress bar redraws its line with carriage returns: what counts is what stands there at the end. */
function lastRedraw(text: string): string {
  if (!text.includes("\r")) return text;
  const parts = text.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}
