import { plainLine } from "../core/sanitize.ts";
import type { Source } from "../kubeflow/model.ts";

/** Which lines of a log a terminal shows. */
export interface LogFilter {
  /** As the person typed it; empty for all lines. */
  readonly text: string;
  /** Empty for all. */
  readonly sources: ReadonlySet<Source>;
  /** In lower case; a line has all of them. */
  readonly words: readonly string[];
}

export const ALL_LINES: LogFilter = { text: "", sources: new Set(), words: [] };

/** Reads `rank:0,2 loss`: ranks, or names of what has none, and words. */
export function readFilter(typed: string): LogFilter {
  const parts = typed.split(/\s+/).filter((part) => part !== "");
  const isRanks = (part: string): boolean => /^rank:./i.test(part);
  const names = parts.filter(isRanks).flatMap((part) => part.slice("rank:".length).split(","));
  return {
    text: parts.join(" "),
    sources: new Set(names.flatMap((name) => (name === "" ? [] : /^\d+$/.test(name) ? Number(name) : name))),
    words: parts.filter((part) => !isRanks(part)).map((word) => word.toLowerCase()),
  };
}

/** Whether a raw line passes. */
export function passes({ sources, words }: LogFilter, source: Source, text: string): boolean {
  if (sources.size > 0 && !sources.has(source)) return false;
  if (words.length === 0) return true;
  // What the line shows is looked at: colours between its letters would hide a word.
  const shown = plainLine(text).toLowerCase();
  return words.every((word) => shown.includes(word));
}
