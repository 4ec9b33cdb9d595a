import { plainLine } from "../core/sanitize.ts";
import { shorten } from "../core/text.ts";
import type { Source } from "../kubeflow/model.ts";
import { bySource } from "../kubeflow/replicas.ts";
import { type CodeReference, findReferences } from "./traceback.ts";

/** The exception that ended a rank, with the innermost line of the person's own code. */
export interface RaisedException {
  readonly source: Source;
  /** `RuntimeError: shapes differ`. */
  readonly text: string;
  /** Path in the snapshot and line, where the traceback went through the person's code. */
  readonly path: string | undefined;
  readonly line: number | undefined;
  /** Of a notebook: which of its code cells, counted from 1. */
  readonly cell?: number;
}

/**
 * The line that ends a traceback: `ValueError: why`, `torch.OutOfMemoryError`, `KeyboardInterrupt`, `MyProblem: why`; not
 * `INFO: …` and not any capitalised word.
 */
const EXCEPTION =
  /^(?:[A-Za-z_]\w*\.)*(?:(?:[A-Z]\w*)?(?:Error|Exception|Interrupt|Exit|Warning|Iteration|Fault|Group)(?::|$)|[A-Z][a-z]+[A-Z]\w*:)/;
/** No traceback begins without one of these; an escape may stand in the midst of one. Most lines have none. */
const MARKS = ["Traceback", 'File "', "\u001b"] as const;
/** Lines of something else that may stand between those of one traceback. */
const MOST_NOISE = 100;

/**
 * Reads along and keeps each rank's first traceback that went through the person's code, else its first at all.
 * torchrun adds tracebacks of its own after it, which say nothing.
 */
export class ExceptionWatcher {
  readonly #open = new Map<Source, { place: CodeReference | undefined; noise: number }>();
  readonly #seen = new Map<Source, RaisedException>();
  readonly #onRaised: (raised: RaisedException) => void;

  /** `onRaised` is told every traceback that went through the person's code, as often as it is there. */
  constructor(onRaised: (raised: RaisedException) => void = () => undefined) {
    this.#onRaised = onRaised;
  }

  accept(source: Source, raw: string): void {
    if (!this.#open.has(source) && !MARKS.some((mark) => raw.includes(mark))) return;
    // torchrun prefixes its children's lines: `[rank0]: Traceback …`, `[default0]:…`.
    const text = plainLine(raw).replace(/^\[(?:rank|default)\d+\]:\s?/, "");
    if (text.startsWith("Traceback (most recent call last)")) {
      this.#open.set(source, { place: undefined, noise: 0 });
      return;
    }
    const [location] = findReferences(text);
    // A file that cannot even be parsed is told without the word Traceback: its place, the line, SyntaxError.
    if (location !== undefined && !this.#open.has(source) && /^\s+File "/.test(text)) {
      this.#open.set(source, { place: undefined, noise: 0 });
    }
    const open = this.#open.get(source);
    if (open === undefined) return;
    if (location !== undefined) {
      open.place = location;
    } else if (EXCEPTION.test(text)) {
      this.#open.delete(source);
      this.#close(source, text, open.place);
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

  #close(source: Source, text: string, place: CodeReference | undefined): void {
    const { path, line, cell } = { line: undefined, path: undefined, ...place };
    const raised = { source, text: shorten(text, 160), path, line, ...(cell !== undefined && { cell }) };
    if (path !== undefined) this.#onRaised(raised);
    const before = this.#seen.get(source);
    if (before !== undefined && (before.path !== undefined || path === undefined)) return;
    this.#seen.set(source, raised);
  }
}
