import { type FollowSink, type FollowSources, type FollowTarget, followJob } from "./follow.ts";
import { ExceptionWatcher, type RaisedException } from "./exceptions.ts";
import { LogFile } from "./logFile.ts";
import type { JobState, Source } from "../kubeflow/model.ts";
import type { LogRecord } from "./readings.ts";
import type { Verdict } from "./verdict.ts";

/** How the file words what the terminal says in its own way. */
export interface LogWords {
  readonly header: string;
  /** Told the file's path as soon as it exists. */
  readonly onLog: (path: string) => void;
  readonly statusLine: (source: Source | undefined, state: JobState, text: string) => string;
  readonly gapText: (source: Source, after: string | undefined, before: string) => string;
}

export interface FollowResult {
  readonly verdict: Verdict;
  /** The exception to name, where a rank raised one. */
  readonly raised: RaisedException | undefined;
  /** Still open: the caller writes its verdict and closes it. */
  readonly log: LogFile;
}

/**
 * Follows a job into a file, which is always complete, and into a sink at its own pace. Rejects as followJob does; the
 * file is closed then.
 */
export async function followIntoFile(
  target: FollowTarget,
  sources: FollowSources,
  sink: FollowSink,
  signal: AbortSignal,
  folder: string,
  words: LogWords,
): Promise<FollowResult> {
  const log = await LogFile.create(folder, target.name, target.uid);
  words.onLog(log.path);
  const exceptions = new ExceptionWatcher();
  // Notes are written in the order in which they were told, though nobody waits for them.
  let notes = log.note(words.header);
  const note = (line: string): void => {
    notes = notes.then(() => log.note(line));
  };
  try {
    const verdict = await followJob(
      target,
      sources,
      {
        lines: async (records: readonly LogRecord[]) => {
          for (const record of records) exceptions.accept(record.source, record.text);
          await log.write(records);
          await sink.lines(records);
        },
        status: (source, state, text) => {
          note(words.statusLine(source, state, text));
          sink.status(source, state, text);
        },
        gap: (source, after, before) => {
          note(words.gapText(source, after, before));
          sink.gap(source, after, before);
        },
      },
      signal,
    );
    await notes;
    return { verdict, raised: exceptions.first(), log };
  } catch (error) {
    await log.close();
    throw error;
  }
}
