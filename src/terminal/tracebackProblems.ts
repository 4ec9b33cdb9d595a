import type { LocalPlace, RaisedException } from "../jobs/index.ts";

/** What a traceback says of a line of a local file. */
export interface TracebackProblem extends LocalPlace {
  /** Of the job. */
  readonly name: string;
  readonly text: string;
}

/** The problems of the last run of each script, each distinct error once, whatever number of ranks raised it. */
export class TracebackProblems {
  readonly #runs = new Map<string, Map<string, TracebackProblem | undefined>>();

  /** A run of the script begins: what an earlier one said is over. Returns the files that had problems of it. */
  begin(script: string): ReadonlySet<string> {
    const files = new Set([...(this.#runs.get(script)?.values() ?? [])].flatMap((problem) => problem?.file ?? []));
    this.#runs.set(script, new Map());
    return files;
  }

  /**
   * What to call with the local place of an error of the script's run; undefined where there is no such run, or it has the
   * same error already.
   */
  claim(
    script: string,
    name: string,
    { source, text, path, line, cell }: RaisedException,
  ): ((place: LocalPlace) => void) | undefined {
    const problems = this.#runs.get(script);
    const key = `${path}:${cell}:${line}:${text}`;
    if (problems === undefined || problems.has(key)) return undefined;
    problems.set(key, undefined);
    return (place) => {
      const rank = typeof source === "number" ? `rank ${source}` : source;
      const changed = place.hasChanged ? ". The file has changed since this run was launched." : "";
      problems.set(key, { ...place, name, text: `${text} (${name}, ${rank})${changed}` });
    };
  }

  /** Of all scripts. */
  of(file: string): readonly TracebackProblem[] {
    return [...this.#runs.values()].flatMap((problems) =>
      [...problems.values()].flatMap((problem) => (problem?.file === file ? [problem] : [])),
    );
  }
}
