import { plainLine } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import { findReferences } from "./traceback.ts";

/** The exception that ended a rank, with the innermost line of the person's own code. */
export interface RaisedException {
  readonly rank: number;
  /** `RuntimeError: shapes differ`. */
  readonly text: string;
  /** Path in the snapshot and line, where the traceback went through the person's code. */
  readonly path: string | undefined;
  readonly line: number | undefined;
}

/**
 * The line that ends a traceback: `ValueError: why`, `torch.OutOfMemoryError`, `KeyboardInterrupt`, `MyProblem: why`; not
 * `INFO: …` and not any capitalised word.
 */
const EXCEPTION =
  /^(?:[A-Za-z_]\w*\.)*(?:(?:[A-Z]\w*)?(?:Error|Exception|Interrupt|Exit|Warning|Iteration|Fault|Group)(?::|$)|[A-Z][a-z]+[A-Z]\w*:)/;
/** Lines of something else that may stand between those of one traceback. */
const MOST_NOISE = 100;

/**
 * Reads along and keeps each rank's first traceback that went through the person's code, else its first at all.
 * torchrun adds tracebacks of its own after it, which say nothing.
 */
export class ExceptionWatcher {
  readonly #open = new Map<number, { path: string | undefined; line: number | undefined; noise: number }>();
  readonly #seen = new Map<number, RaisedException>();

  accept(rank: number, raw: string): void {
    // torchrun prefixes its children's lines: `[rank0]: Traceback …`, `[default0]:…`.
    const text = plainLine(raw).replace(/^\[(?:rank|default)\d+\]:\s?/, "");
    if (text.startsWith("Traceback (most recent call last)")) {
      this.#open.set(rank, { path: undefined, line: undefined, noise: 0 });
      return;
    }
    const [location] = findReferences(text);
    // A file that cannot even be parsed is told without the word Traceback: its place, the line, SyntaxError.
    if (location !== undefined && !this.#open.has(rank) && /^\s+File "/.test(text)) {
      this.#open.set(rank, { path: undefined, line: undefined, noise: 0 });
    }
    const open = this.#open.get(rank);
    if (open === undefined) return;
    if (location !== undefined) {
      open.path = location.path;
      open.line = location.line;
    } else if (EXCEPTION.test(text)) {
      this.#open.delete(rank);
      this.#close(rank, text, open);
    } else if (/^\S/.test(text) && ++open.noise > MOST_NOISE) {
      // Standard output comes through a pipe of its own: its lines may stand in the middle of a traceback.
      this.#open.delete(rank);
    }
  }

  /** The exception to name in the verdict: of the asked rank, else of the lowest that has one. */
  first(rank?: number): RaisedException | undefined {
    const own = rank === undefined ? undefined : this.#seen.get(rank);
    return own ?? [...this.#seen.values()].sort((a, b) => a.rank - b.rank)[0];
  }

  #close(rank: number, text: string, at: { path: string | undefined; line: number | undefined }): void {
    const before = this.#seen.get(rank);
    if (before !== undefined && (before.path !== undefined || at.path === undefined)) return;
    this.#seen.set(rank, { rank, text: shorten(text, 160), path: at.path, line: at.line });
  }
}
