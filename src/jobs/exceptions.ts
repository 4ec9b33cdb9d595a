import { plainLine } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import type { Source } from "../kubeflow/model.ts";
import { bySource } from "../kubeflow/replicas.ts";
import { findReferences } from "./traceback.ts";

/** The exception that ended a rank, with the innermost line of the person's own code. */
export interface RaisedException {
  readonly source: Source;
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
  readonly #open = new Map<Source, { path: string | undefined; line: number | undefined; noise: number }>();
  readonly #seen = new Map<Source, RaisedException>();

  accept(source: Source, raw: string): void {
    // torchrun prefixes its children's lines: `[rank0]: Traceback …`, `[default0]:…`.
    const text = plainLine(raw).replace(/^\[(?:rank|default)\d+\]:\s?/, "");
    if (text.startsWith("Traceback (most recent call last)")) {
      this.#open.set(source, { path: undefined, line: undefined, noise: 0 });
      return;
    }
    const [location] = findReferences(text);
    // A file that cannot even be parsed is told without the word Traceback: its place, the line, SyntaxError.
    if (location !== undefined && !this.#open.has(source) && /^\s+File "/.test(text)) {
      this.#open.set(source, { path: undefined, line: undefined, noise: 0 });
    }
    const open = this.#open.get(source);
    if (open === undefined) return;
    if (location !== undefined) {
      open.path = location.path;
      open.line = location.line;
    } else if (EXCEPTION.test(text)) {
      this.#open.delete(source);
      this.#close(source, text, open);
    } else if (/^\S/.test(text) && ++open.noise > MOST_NOISE) {
      // Standard output comes through a pipe of its own: its lines may stand in the middle of a traceback.
      this.#open.delete(source);
    }
  }

  /** The exception to name in the verdict: of the asked source, else of the lowest rank that has one. */
  first(source?: Source): RaisedException | undefined {
    const own = source === undefined ? undefined : this.#seen.get(source);
    return own ?? [...this.#seen.values()].sort((a, b) => bySource(a.source, b.source))[0];
  }

  #close(source: Source, text: string, at: { path: string | undefined; line: number | undefined }): void {
    const before = this.#seen.get(source);
    if (before !== undefined && (before.path !== undefined || at.path === undefined)) return;
    this.#seen.set(source, { source, text: shorten(text, 160), path: at.path, line: at.line });
  }
}
