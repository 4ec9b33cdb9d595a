import { type FollowSink, type FollowSources, type FollowTarget, followJob } from "./follow.ts";
import { ExceptionWatcher, type RaisedException } from "./exceptions.ts";
import { LogFile } from "./logFile.ts";
import type { JobState, Source } from "../kubeflow/model.ts";
import type { LogRecord } from "./readings.ts";
import { Redraws } from "./redraws.ts";
import type { Verdict } from "./verdict.ts";

/** Bars that move within their line are drawn once in so many milliseconds. */
const DRAW_MS = 100;

/** How the file words what the terminal says in its own way. */
export interface LogWords {
  readonly header: string;
  /** Given the file as soon as it exists. */
  readonly onLog: (log: LogFile) => void;
  /** Told every traceback through the person's code. */
  readonly onRaised?: (raised: RaisedException) => void;
  /** Told the bars that are being drawn, one of a rank; the sink hears of each when it stands. */
  readonly onBars?: (bars: readonly LogRecord[]) => void;
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
  words.onLog(log);
  const exceptions = new ExceptionWatcher(words.onRaised);
  const redraws = new Redraws();
  let drawing: Promise<void> | undefined;
  const over = new AbortController();
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
          const settled = redraws.settle(records);
          await log.write(settled, () => {
            words.onBars?.(redraws.drawn);
            return settled.length === 0 ? undefined : sink.lines(settled);
          });
        },
        drawn: (bar) => {
          redraws.draw(bar);
          drawing ??= sources.clock.sleep(DRAW_MS, over.signal).then(
            () => {
              drawing = undefined;
              words.onBars?.(redraws.drawn);
            },
            () => undefined,
          );
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
    const rest = redraws.rest();
    words.onBars?.([]);
    if (rest.length > 0) await log.write(rest, () => sink.lines(rest));
    return { verdict, raised: exceptions.first(), log };
  } catch (error) {
    // Where the file is what failed, this fails too, and it is the first failure that tells why.
    await log.write(redraws.rest()).catch(() => undefined);
    await log.close();
    throw error;
  } finally {
    over.abort();
  }
}
