import { plainTexts, terminalLine } from "../core/sanitize.ts";
import type { LogRecord, RaisedException, Verdict } from "../jobs/index.ts";
import { type JobState, type Source, sourceWords } from "../kubeflow/model.ts";

const ESC = "\u001b[";
const RESET = `${ESC}0m`;
const DIM = `${ESC}2m`;
const BOLD = `${ESC}1m`;
const RED = `${ESC}31m`;
const GREEN = `${ESC}32m`;
const YELLOW = `${ESC}33m`;
/** The theme's own palette: six colours that read on light and dark. */
const RANK_COLOURS = [36, 35, 34, 32, 33, 31] as const;

/** Lines of one batch, each behind its rank or the name of what has none. A colour that a line leaves open ends with the line. */
export function renderLines(records: readonly LogRecord[], ranks: number): string {
  const width = String(Math.max(0, ranks - 1)).length;
  const [first] = records;
  const plain = plainTexts(records);
  if (first !== undefined && plain !== undefined) {
    const prefix = sourcePrefix(first.source, width);
    return `${prefix}${plain.join(`\r\n${prefix}`)}\r\n`;
  }
  let text = "";
  for (const record of records) {
    const line = terminalLine(record.text);
    text += `${sourcePrefix(record.source, width)}${line}${line.includes(ESC) ? RESET : ""}\r\n`;
  }
  return text;
}

function sourcePrefix(source: Source, width: number): string {
  if (typeof source === "string") return `${DIM}${terminalLine(source)} │${RESET} `;
  const colour = RANK_COLOURS[source % RANK_COLOURS.length] ?? 36;
  return `${ESC}${colour}m${String(source).padStart(width)} │${RESET} `;
}

/** The keys stand below where a row of so many columns has no room for them. */
export function renderHeader(line: string, keys: string, columns: number): string {
  const text = `▶ ${terminalLine(line)}`;
  const between = text.length + 3 + keys.length > columns ? "\r\n  " : "   ";
  return `${BOLD}${text}${RESET}${between}${DIM}${keys}${RESET}\r\n`;
}

export function dim(text: string): string {
  return `${DIM}${text}${RESET}`;
}

/** `  waiting   rank 1: not enough GPUs`. */
export function statusLine(source: Source | undefined, state: JobState, text: string): string {
  return `  ${state.toLowerCase().padEnd(9)} ${source === undefined ? "" : `${sourceWords(source)}: `}${terminalLine(text)}`;
}

/** A step of our own on the way, such as sending the code. */
export function renderStep(text: string): string {
  return `${dim(`  ${terminalLine(text)}`)}\r\n`;
}

/** A line of our own, as the log file has it. */
export function renderNote(line: string): string {
  return line.startsWith("⚠ ") ? renderWarning(line.slice(2)) : `${dim(terminalLine(line))}\r\n`;
}

export function renderWarning(text: string): string {
  return `${YELLOW}⚠ ${terminalLine(text)}${RESET}\r\n`;
}

export function gapText(source: Source, after: string | undefined, before: string): string {
  const clockTime = (time: string): string => /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;
  const between =
    after === undefined ? `before ${clockTime(before)}` : `between ${clockTime(after)} and ${clockTime(before)}`;
  return `${sourceWords(source)}: lines may be missing ${between}: the node had already thrown them away`;
}

/** The last line of all, without colour. */
export function verdictLine(
  name: string,
  verdict: Verdict,
  raised: RaisedException | undefined,
  logName: string,
): string {
  const { path, cell, line } = raised ?? {};
  const where = path === undefined ? "" : ` (${path}${cell === undefined ? "" : `, cell ${cell}`}:${line})`;
  const log = `log: ${logName}`;
  switch (verdict.outcome) {
    case "succeeded":
      return [`✓ ${name} succeeded after ${verdict.took}`, log].join(" · ");
    case "failed": {
      const reason = raised === undefined ? verdict.reason : `${sourceWords(raised.source)}: ${raised.text}${where}`;
      return [`✗ ${name} failed after ${verdict.took}`, reason, log].filter((part) => part !== "").join(" · ");
    }
    case "suspended":
      return [`■ ${name} was stopped after ${verdict.took}`, log].join(" · ");
    case "deleted":
      return [`■ ${name} was deleted`, log].join(" · ");
  }
}

export function renderVerdict(line: string, verdict: Verdict): string {
  const colour = verdict.outcome === "succeeded" ? GREEN : verdict.outcome === "failed" ? RED : YELLOW;
  return `${BOLD}${colour}${terminalLine(line)}${RESET}\r\n`;
}

/** What the verdict must not hide. */
export function verdictNotes(verdict: Verdict): readonly string[] {
  const ranks = (list: readonly Source[]): string =>
    list.every((source) => typeof source === "number")
      ? `rank${list.length === 1 ? "" : "s"} ${list.join(", ")}`
      : list.map(sourceWords).join(", ");
  const notes: string[] = [];
  if (verdict.neverStarted.length > 0 && verdict.outcome === "succeeded")
    notes.push(`${ranks(verdict.neverStarted)} never started`);
  if (verdict.stillRunning.length > 0)
    notes.push(`${ranks(verdict.stillRunning)} went on running after the job had ended`);
  return notes;
}

/** `0:41`, `12:05`, `1:02:05`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours === 0 ? `${minutes}:${two(seconds % 60)}` : `${hours}:${two(minutes)}:${two(seconds % 60)}`;
}
